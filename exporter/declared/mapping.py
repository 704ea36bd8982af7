"""Makes scopes, resources and backups of records: pure functions of a declaration's step and one record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from exporter import wire
from exporter.declared.demand import Demand, find_demand
from exporter.declared.expressions import is_true
from exporter.declared.fields import Field, list_expressions
from exporter.declared.grammar import BackupsStep, Records, ResourcesStep, ScheduleStep, ScopeStep, Step
from exporter.declared.step_requests import RequestBuilder
from exporter.declared.templates import Template, holds_placeholder, parse_template
from exporter.errors import MalformedError
from exporter.model import Backup, Details, RecoveryWindow, Resource, Scope

PlaceholderValues = dict[str, str]
"""Values by placeholder, such as `project.id`, and by `CHOICE` and a step's name which of its paths to take."""
CHOICE = "path of "
ENCODE = msgspec.json.Encoder().encode


def list_records(body: Any, records: Records) -> list[Mapping[str, Any]]:
    """Return the records of an answer; anything but a list of objects is malformed."""
    found = body if records.records is None else records.records.search(body)
    if not isinstance(found, list):
        raise MalformedError(f"{records.path}: found no list")
    for number, record in enumerate(found):
        if not isinstance(record, dict):
            raise MalformedError(f"{records.path}: element {number} is not an object")
    return found


def is_counted(record: Any, records: Records) -> bool:
    """Return whether `where` keeps a record and `exclude` does not drop it."""
    if records.where is not None and not is_true(records.where.search(record)):
        return False
    return records.exclude is None or not is_true(records.exclude.search(record))


def find_records(body: Any, records: Records) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Return the records of an answer, and those that count."""
    found = list_records(body, records)
    return found, [record for record in found if is_counted(record, records)]


def find_backup_demand(step: BackupsStep) -> Demand:
    """Return what is read of a record of the listing."""
    expressions = list_expressions(step.records.where, step.records.exclude, *(one for _, one in step.fields))
    return find_demand(expressions)


def pack(known: Mapping[str, str]) -> tuple[str, ...]:
    """Return values as the flat tuple that a scope or a resource carries."""
    return tuple(part for pair in known.items() for part in pair)


def unpack(path: Sequence[str]) -> PlaceholderValues:
    """Return the values that a scope or a resource carries."""
    return dict(zip(path[::2], path[1::2], strict=False))


def map_scope(
    step: ScopeStep, record: Mapping[str, Any], known: PlaceholderValues, prefix: str, *, inner: bool
) -> Scope:
    """Return the scope that a record means; `prefix` is what the ids of its parents are."""
    own = _read_id(step.id, record)
    values = {**known, f"{step.name}.id": own, **_keep(step.name, step.keep, record)}
    name = _read_title(step.title, record, values) or own
    values.setdefault(f"{step.name}.name", name)
    return Scope(id=f"{prefix}{own}", name=name, path=pack(values), inner=inner)


def map_resource(
    step: ResourcesStep,
    below: Sequence[Step],
    record: Mapping[str, Any],
    known: PlaceholderValues,
    builder: RequestBuilder,
) -> Resource:
    """Return the resource that a record means; `below` are the steps that are asked for it later."""
    own = _read_id(step.id, record)
    values = {**known, "resource.id": own, **_keep("resource", step.keep, record)}
    name = _read_title(step.title, record, builder.values(values)) or own
    values.setdefault("resource.name", name)
    label = own if step.label is None else step.label.plain(builder.values(values))
    kind, state = _read_field(step.kind, record) or "", _read_field(step.state, record)
    derived = {"id": own, "name": name, "kind": kind, "state": state}
    return Resource(
        id=label,
        name=name,
        kind=kind,
        state=state,
        created=_read_field(step.created, record),
        paused=bool(_read_field(step.paused, record)),
        path=pack(choose(below, {**derived, **record}, values)),
    )


def choose(steps: Iterable[Step], record: Mapping[str, Any], known: PlaceholderValues) -> PlaceholderValues:
    """Return the values with the path that each step takes: the first whose `when` holds."""
    chosen = dict(known)
    nested: dict[str, Any] = {}
    for reference, value in known.items():
        root, _, key = reference.partition(".")
        nested.setdefault(root, {})[key] = value
    seen = {**nested, **nested.get("resource", {}), **record}
    for step in steps:
        if len(step.paths) < 2 and not any(path.when for path in step.paths):
            continue
        taken = (at for at, one in enumerate(step.paths) if one.when is None or is_true(one.when.search(seen)))
        chosen[f"{CHOICE}{step.name}"] = str(next(taken, -1))
    return chosen


def _keep(root: str, keep: Iterable[tuple[str, Field]], record: Any) -> PlaceholderValues:
    return {f"{root}.{key}": value for key, one in keep if (value := one.read(record)) is not None}


def fill_in(record: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a resource of a list with its placeholders filled in."""
    return {
        key: parse_template(inside).plain(values) if isinstance(inside, str) and holds_placeholder(inside) else inside
        for key, inside in record.items()
    }


def _read_id(id_: Field, record: Any) -> str:
    found = id_.read(record)
    if found is None or not found.strip():
        raise MalformedError(f"{id_.path or 'id'}: a record has none")
    return str(found)


def _read_title(title: Field | Template | None, record: Any, values: Mapping[str, Any]) -> str | None:
    if title is None:
        return None
    found = title.plain(values) if isinstance(title, Template) else title.read(record)
    return None if found is None else str(found)


def _read_field(one: Field | None, record: Any) -> Any:
    return None if one is None else one.read(record)


def map_schedule(step: ScheduleStep, found: Details, body: Any) -> Details:
    """Return the details with what an answer says of the schedule."""
    enabled = None if step.enabled is None else bool(step.enabled.read(body))
    intervals = {kind: gap for kind, one in step.intervals if (gap := one.read(body)) is not None}
    interval = _read_field(step.interval, body)
    if interval is None:
        interval = min(intervals.values(), default=None)
    if enabled is False:
        interval, intervals = None, {}
    return replace(
        found,
        scheduled=enabled,
        interval=interval,
        intervals=intervals,
        state=_read_field(step.state, body) or found.state,
        paused=found.paused or bool(_read_field(step.paused, body)),
    )


def map_window(step: BackupsStep, body: Any) -> RecoveryWindow | None:
    """Return the recovery window that an answer holds beside its records."""
    if step.recovery is None:
        return None
    earliest, latest = _read_field(step.recovery.earliest, body), _read_field(step.recovery.latest, body)
    if earliest is None and latest is None:
        return None
    return RecoveryWindow(
        kind=step.recovery.kind, earliest=earliest, latest=latest, beside_backups=not step.window_alone
    )


def map_backup(step: BackupsStep, record: Mapping[str, Any], own: str | None = None) -> Backup:
    """Return the backup that a record means; `own` is its id, where that is known already."""
    started, finished = _read_field(step.started, record), _read_field(step.finished, record)
    if step.duration is not None and started is not None and (span := step.duration.read(record)) is not None:
        finished = started + span
    found = wire.backup(
        step.status.statuses,
        step.status.word(record),
        given=_take(step, record),
        id=own or _read_id(step.id, record),
        started=started,
        finished=finished,
        size=_read_field(step.size, record),
        kind=_read_field(step.kind, record) or "",
        progress=_read_field(step.progress, record),
    )
    return found if step.expires is None else replace(found, expires=step.expires.read(record))


def _take(step: BackupsStep, record: Mapping[str, Any]) -> Mapping[str, object]:
    """Return the fields of a backup as the vendor gives them; a time of zero means that there is none."""
    times = {"started": step.started, "finished": step.finished}
    given = {name: one.raw(record) for name, one in times.items() if one is not None}
    given = {name: None if found in (0, "0") else found for name, found in given.items()}
    return given if step.size is None else {**given, "size": step.size.raw(record)}


def encode_record(record: Any, path: str) -> msgspec.Raw:
    """Return a record as JSON."""
    try:
        return msgspec.Raw(ENCODE(record))
    except (ValueError, OverflowError, RecursionError):
        raise MalformedError(f"{path}: a record cannot be written as JSON") from None

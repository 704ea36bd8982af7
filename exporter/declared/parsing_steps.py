"""Reads the steps of a declaration: scopes, resources, schedule, restores, backups, follow."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from exporter.config.location import Location, Report
from exporter.config.sections import Section, attempt, parse_section
from exporter.config.values import InvalidValueError, Parser, parse_text, reject
from exporter.declared import fields
from exporter.declared.fields import Field, StatusField
from exporter.declared.grammar import (
    BackupsStep,
    FollowStep,
    Records,
    ResourcesStep,
    RestoresStep,
    ScheduleStep,
    ScopeStep,
    WindowOf,
)
from exporter.declared.parsing_requests import STEP_KEYS, Inherited, read_step
from exporter.declared.parsing_values import (
    Names,
    check_references,
    make_field_parser,
    make_template_parser,
    make_word_parser,
    need,
    parse_expression,
    parse_status,
    parse_title,
)
from exporter.declared.templates import REFERENCE, Template
from exporter.model import Status

RECORD_KEYS = ("records", "where", "exclude")
LIST_KEYS = (*STEP_KEYS, *RECORD_KEYS)
SCOPE_KEYS = ("as", *LIST_KEYS, "id", "name", "keep")
RESOURCE_KEYS = (*LIST_KEYS, "list", "id", "label", "name", "kind", "state", "created", "paused", "keep")
SCHEDULE_KEYS = (*STEP_KEYS, "enabled", "interval", "intervals", "state", "paused")
RESTORE_KEYS = (*LIST_KEYS, "started", "status")
BACKUP_KEYS = (
    *LIST_KEYS, "order", "id", "started", "finished", "duration", "size", "kind", "progress", "expires", "status",
    "recovery",
)  # fmt: skip
FOLLOW_KEYS = (*STEP_KEYS, "record")
MOST_SCOPES = 3
ROOTS_OF_OURS = ("options", "resource", "backup")

TEXT, TIME, TRUTH = (
    make_field_parser(fields.read_text),
    make_field_parser(fields.read_time),
    make_field_parser(fields.read_truth),
)
INTERVAL, SPAN, SIZE = (
    make_field_parser(fields.read_interval),
    make_field_parser(fields.read_span),
    make_field_parser(fields.read_size),
)
PERCENT = make_field_parser(fields.read_percent)
ID = "say where the id of a record stands"


def parse_scopes(value: Any, location: Location, names: Names, above: Inherited) -> tuple[tuple[ScopeStep, ...], Names]:
    """Read the chain of scopes; return the names that the steps below know."""
    if not isinstance(value, list):
        reject(value, "a list, each scope below the one before")
    if len(value) > MOST_SCOPES:
        raise InvalidValueError(f"holds {len(value)} scopes; {MOST_SCOPES} is the most")
    entries = [attempt(parse_section, one, location.item(number)) for number, one in enumerate(value)]
    given = (entry.values.get("as") for entry in entries if entry is not None)
    names = replace(names, scopes=tuple(name for name in given if isinstance(name, str)))
    found = []
    for number, entry in enumerate(entries):
        if entry is None:
            continue
        scope = _read_scope(entry, f"scopes[{number}]", names, above)
        names = names.beside(scope.name, [key for key, _ in scope.keep])
        found.append(scope)
    return tuple(found), names


def _read_scope(entry: Section, name: str, names: Names, above: Inherited) -> ScopeStep:
    entry.check_keys(SCOPE_KEYS)
    as_ = need(entry, "as", _make_scope_name_parser(names), "name the scope, such as project") or ""
    request = read_step(entry, name, names, above)
    keep = _read_keep(entry)
    own_title = entry.read("name", parse_title)
    _check_title(entry, own_title, names.beside(as_, [key for key, _ in keep]))
    return ScopeStep(
        step=request,
        records=_read_records(entry, name),
        name=as_,
        id=need(entry, "id", TEXT, ID) or _make_empty_field(),
        title=own_title,
        keep=keep,
    )


def read_resources(entry: Section, names: Names, above: Inherited) -> tuple[ResourcesStep, Names]:
    """Read the resources; return the names that the steps below know."""
    entry.check_keys(RESOURCE_KEYS)
    static = entry.read("list", _make_static_parser(names))
    if "list" in entry and "path" in entry:
        entry.location.key("list").problem("path is given too; keep one of the two")
    if "list" not in entry and "path" not in entry:
        entry.location.key("path").problem("missing; give path, or list for an API without discovery")
    request = read_step(entry, "resources", names, above, path="path" in entry)
    keep = _read_keep(entry)
    below = names.beside("resource", [key for key, _ in keep])
    own_id = entry.read("id", TEXT) if "list" in entry else need(entry, "id", TEXT, ID)
    own_title = entry.read("name", parse_title)
    label = entry.read("label", make_template_parser(below))
    _check_title(entry, own_title, below)
    parsers: Mapping[str, Parser[Field]] = {"kind": TEXT, "state": TEXT, "created": TIME, "paused": TRUTH}
    found = ResourcesStep(
        step=request,
        records=_read_records(entry, "resources"),
        static=static,
        id=own_id or _make_plain_field("id"),
        label=label,
        title=own_title or (_make_plain_field("name") if any("name" in one for one in static or ()) else None),
        keep=keep,
        **entry.read_all(parsers),
    )
    return found, below


def read_schedule(entry: Section, names: Names, above: Inherited) -> ScheduleStep:
    """Read the schedule."""
    entry.check_keys(SCHEDULE_KEYS)
    parsers: Mapping[str, Parser[Any]] = {"enabled": TRUTH, "interval": INTERVAL, "state": TEXT, "paused": TRUTH}
    kinds = entry.read("intervals", parse_section)
    intervals = [(kind, kinds.read(kind, INTERVAL)) for kind in kinds.values] if kinds is not None else []
    return ScheduleStep(
        step=read_step(entry, "schedule", names, above),
        intervals=tuple((kind, interval) for kind, interval in intervals if interval is not None),
        **entry.read_all(parsers),
    )


def read_restores(entry: Section, names: Names, above: Inherited, statuses: StatusField | None) -> RestoresStep:
    """Read the restores; without a map of their own, that of the backups holds."""
    entry.check_keys(RESTORE_KEYS)
    found = need(entry, "status", parse_status, "say where the status stands")
    if found is not None and not found.words and found.always is None:
        if statuses is None or not statuses.words:
            entry.location.key("status").problem(
                "has no map, and that of backups has none either; give a map or always"
            )
        else:
            found = replace(found, words=statuses.words)
    return RestoresStep(
        step=read_step(entry, "restores", names, above),
        records=_read_records(entry, "restores"),
        started=need(entry, "started", TIME, "say where the start of a restore stands") or _make_empty_field(),
        status=found or StatusField(path="restores.status"),
    )


def read_backups(entry: Section, names: Names, above: Inherited) -> BackupsStep:
    """Read the backups."""
    entry.check_keys(BACKUP_KEYS)
    found = _read_backup_status(entry)
    if "finished" in entry and "duration" in entry:
        entry.location.key("duration").problem("finished is given too; keep one of the two")
    window = entry.read("recovery", _parse_recovery)
    own_id = entry.read("id", TEXT) if _lists_nothing(entry) else need(entry, "id", TEXT, ID)
    parsers: Mapping[str, Parser[Any]] = {
        "started": TIME, "finished": TIME, "duration": SPAN, "size": SIZE, "kind": TEXT, "progress": PERCENT,
        "expires": TIME,
    }  # fmt: skip
    if "started" not in entry and not _lists_nothing(entry):
        entry.location.key("started").warning("missing, so no backup has an age")
    order = entry.read("order", make_word_parser(("unknown", "newest_first"), "order"))
    return BackupsStep(
        step=read_step(entry, "backups", names, above),
        records=_read_records(entry, "backups"),
        newest_first=order == "newest_first",
        id=own_id or _make_empty_field(),
        status=found,
        recovery=window,
        window_alone=_lists_nothing(entry),
        **entry.read_all(parsers),
    )


def read_follow(entry: Section, names: Names, above: Inherited) -> FollowStep:
    """Read how a running backup is followed."""
    entry.check_keys(FOLLOW_KEYS)
    return FollowStep(
        step=read_step(entry, "follow", replace(names, roots={**names.roots, "backup": ("id",)}), above),
        record=entry.read("record", parse_expression),
    )


def _read_backup_status(entry: Section) -> StatusField:
    missing = "missing; give a map or always"
    if _lists_nothing(entry) and "status" not in entry:
        return StatusField(path="backups.status", always=Status.COMPLETED)
    if "status" not in entry:
        entry.location.key("status").problem(missing)
    found = entry.read("status", parse_status)
    if found is not None and not found.words and found.always is None:
        said = entry.values["status"]
        if not (isinstance(said, dict) and "map" in said):  # what is wrong inside a map is noted already
            entry.location.key("status").problem(f"the map is {missing}")
    return found or StatusField(path="backups.status")


def _lists_nothing(entry: Section) -> bool:
    """Return whether there is a window and no list: `records` is a literal empty list."""
    said = entry.values.get("records")
    return isinstance(said, str) and said.replace(" ", "") == "`[]`"


def _parse_recovery(value: Any, location: Location) -> WindowOf:
    entry = parse_section(value, location)
    entry.check_keys(("kind", "earliest", "latest"))
    if "earliest" not in entry and "latest" not in entry:
        location.key("latest").problem("missing; give the expression of the newest restorable time")
    return WindowOf(
        kind=need(entry, "kind", parse_text, "name it, such as pitr") or "",
        earliest=entry.read("earliest", TIME),
        latest=entry.read("latest", TIME),
    )


def _read_records(entry: Section, path: str) -> Records:
    given = entry.read_all(dict.fromkeys(RECORD_KEYS, parse_expression))
    return Records(path=f"{path}.records", **given)


def _read_keep(entry: Section) -> tuple[tuple[str, Field], ...]:
    kept = entry.read("keep", parse_section)
    found = []
    for key in kept.values if kept is not None else ():
        if not REFERENCE.fullmatch(f"x.{key}") or key == "id":
            entry.location.key("keep").key(key).problem("cannot be the name of a kept value; choose another")
        elif kept is not None and (value := kept.read(key, TEXT)) is not None:
            found.append((key, value))
    return tuple(found)


def _make_static_parser(names: Names) -> Parser[tuple[Mapping[str, Any], ...]]:
    only_options = replace(names, roots={}, scopes=())

    def read(value: Any, location: Location) -> tuple[Mapping[str, Any], ...]:
        if not isinstance(value, list) or not value:
            reject(value, "a list of resources, such as [{id: main, name: Main}]")
        found = []
        for number, one in enumerate(value):
            entry = attempt(parse_section, one, location.item(number))
            if entry is not None:
                _check_static(entry, only_options)
                found.append(entry.values)
        return tuple(found)

    return read


def _check_static(entry: Section, names: Names) -> None:
    for key, inside in entry.values.items():
        if isinstance(inside, str) and "{" in inside:
            entry.read(key, make_template_parser(names))


def _make_scope_name_parser(names: Names) -> Parser[str]:
    def read(value: Any, location: Location) -> str:
        name = parse_text(value, location)
        if not REFERENCE.fullmatch(f"{name}.x") or name in ROOTS_OF_OURS:
            raise InvalidValueError("is not a name for a scope: lower case letters, digits and _, such as project")
        if name in names.roots:
            raise InvalidValueError(f"{name} is the name of a scope above; choose another")
        return name

    return read


def _check_title(entry: Section, found: Field | Template | None, names: Names) -> None:
    if isinstance(found, Template):
        check_references(found, entry.location.key("name"), names)


def _make_plain_field(name: str) -> Field:
    return TEXT(name, Location(Report(), f"resources.{name}"))


def _make_empty_field() -> Field:
    """Return a field that yields nothing, in place of one that could not be read."""
    return Field(path="", choices=(), convert=fields.read_text)

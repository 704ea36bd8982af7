"""Writes the report of a trial: step by step, with everything that is not read masked."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from exporter.characters import escape_controls, escape_controls_as_json
from exporter.declared.demand import mask
from exporter.declared.fields import StatusField
from exporter.declared.grammar import Declaration
from exporter.errors import MalformedError
from exporter.history.instants import format_iso
from exporter.schedule import HOUR
from exporter.trial.checks import count_yields, make_readable
from exporter.trial.demands import find_record_demand, list_fields
from exporter.trial.live import SentRequest, StepFindings, Trial
from exporter.trial.reader import show_backup, show_details, show_resource, show_window
from exporter.wire import status_word

LONGEST_LINE = 2000
ORDER = ("scopes", "resources", "backups", "schedule", "restores")


def show(trial: Trial) -> Iterator[str]:
    """Yield the lines of a report on a trial."""
    shown: set[str] = set()
    for name in sorted(trial.steps, key=_rank):
        seen = trial.steps[name]
        requests = [request for request in trial.sent if request.url in seen.urls]
        shown.update(request.url for request in requests)
        yield from _show_step(trial, name, seen, requests)
    rest = [request for request in trial.sent if request.url not in shown]
    if rest:
        yield "requests" if not trial.steps else "other requests"
        yield from (f"  {line}" for one in rest for line in _show_request(one))
    yield from _show_results(trial)
    yield from _show_failures(trial)
    yield _describe_costs(trial)


def _rank(step: str) -> tuple[int, str]:
    return next((at for at, name in enumerate(ORDER) if step.startswith(name)), len(ORDER)), step


def _show_step(trial: Trial, name: str, seen: StepFindings, requests: list[SentRequest]) -> Iterator[str]:
    declaration = trial.declaration
    assert declaration is not None  # noqa: S101 - only declared vendors are observed step by step
    yield name
    for request in requests:
        yield from (f"  {line}" for line in _show_request(request))
    if name != "schedule":
        yield f"  records: {len(seen.found)} found, {len(seen.kept)} kept"
    for label, one in list_fields(declaration, name):
        many, failure = count_yields(one, seen.kept)
        nothing = "  has no value in any record" if seen.kept and not many and failure is None else ""
        raised = f"  cannot be evaluated: {failure}" if failure is not None else ""
        yield f"  {label}: {many}/{len(seen.kept)}{nothing}{raised}"
        if isinstance(one, StatusField):
            yield from _show_words(one, seen)
    record = next(iter(seen.kept or seen.found), None)
    if record is not None:
        yield f"  first record: {_as_sent(trial, mask(record, find_record_demand(declaration, name)))}"
        if (becomes := _find_meaning(trial, declaration, name, record)) is not None:
            yield f"  becomes: {_write_line(trial, becomes)}"


def _show_request(request: SentRequest) -> Iterator[str]:
    yield f"{request.method} {request.url}  {request.status or 'no answer'}"
    yield from (f"  {name}: {value}" for name, value in request.headers.items() if name.lower() != "accept")


def _show_words(one: StatusField, seen: StepFindings) -> Iterator[str]:
    counted = Counter(word for record in seen.kept if (word := _attempt(one.word, record)) is not None)
    for word, count in counted.most_common():
        status = one.statuses.get(status_word(word), "unknown")
        yield f"    {escape_controls(word) or '(none)'} -> {status}: {count}"


def _find_meaning(trial: Trial, declaration: Declaration, step: str, record: Any) -> Mapping[str, Any] | None:
    """Return what the first record of a step has become."""
    found = trial.found
    if step == "resources":
        own = _attempt(declaration.resources.id.read, record)
        return next(
            (show_resource(resource) for resource in found.resources if f"resource.id\0{own}" in _pairs(resource.path)),
            None,
        )
    if step == "backups":
        own = _attempt(declaration.backups.id.read, record)
        return next((show_backup(one) for many in found.backups.values() for one in many if one.id == own), None)
    if step == "schedule":
        return next((show_details(detail) for detail in found.details.values()), None)
    return None


def _attempt(read: Callable[[Any], str | None], record: Any) -> str | None:
    """Return what is read of a record; None where that cannot be evaluated."""
    try:
        return read(record)
    except MalformedError:
        return None


def _pairs(path: tuple[str, ...]) -> set[str]:
    return {f"{key}\0{value}" for key, value in zip(path[::2], path[1::2], strict=False)}


def _show_results(trial: Trial) -> Iterator[str]:
    found = trial.found
    yield f"resources: {len(found.resources)}"
    for resource in found.resources:
        if resource.id not in found.backups and resource.id not in found.failures:
            continue
        yield f"  {_write_line(trial, show_resource(resource))}"
        backups = found.backups.get(resource.id, [])
        newest = max(backups, key=lambda backup: backup.started or 0.0, default=None)
        yield f"    backups: {len(backups)}"
        if newest is not None:
            yield f"    newest: {_write_line(trial, show_backup(newest))}"
        if resource.id in found.windows:
            yield f"    window: {_write_line(trial, show_window(found.windows[resource.id]))}"
        if resource.id in found.details:
            details = found.details[resource.id]
            yield f"    schedule: {_write_line(trial, show_details(details))}"
            if details.restore is not None:
                yield f"    newest restore: {format_iso(details.restore.started)} {details.restore.status}"


def _show_failures(trial: Trial) -> Iterator[str]:
    found = trial.found
    if found.source_failure is not None:
        yield f"the source cannot be read: {found.source_failure.reason}: {found.source_failure}"
    for kind, failures in (("scope", found.scope_failures), ("resource", found.failures)):
        lines = (
            f"the {kind} {escape_controls(key)} cannot be read: {one.reason}: {one}" for key, one in failures.items()
        )
        yield from lines


def _describe_costs(trial: Trial) -> str:
    """Return the number of requests that the source costs, calculated from those that were tried."""
    source, found = trial.source, trial.found
    tried = max(1, len(found.backups) + len(found.failures))
    listing = len(trial.steps["backups"].urls) if "backups" in trial.steps else tried
    details = sum(len(trial.steps[step].urls) for step in ("schedule", "restores") if step in trial.steps)
    gets = sum(request.method == "GET" for request in trial.sent)
    discovery = max(0, gets - listing - details)
    scale = len(found.resources) / tried
    poll = round(listing * scale)
    hour = round(poll * HOUR / source.poll_interval + (discovery + details * scale) * HOUR / source.discovery_interval)
    allowed = round(source.rate_limit.requests * source.rate_limit.share * HOUR / source.rate_limit.per)
    return f"requests: about {poll} a poll and {hour} an hour, of {allowed} that the limit allows"


def _write_line(trial: Trial, value: Any) -> str:
    """Return what was understood, with its instants as ISO 8601."""
    return _as_sent(trial, make_readable(value))


def _as_sent(trial: Trial, value: Any) -> str:
    text = escape_controls_as_json(trial.masker.mask(json.dumps(value, ensure_ascii=False, default=str)))
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…"

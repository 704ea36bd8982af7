"""Runs the tests of declarations, and looks at what their answers show: problems, and what is probably not meant."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from exporter.characters import escape_controls
from exporter.declared.fields import Field, StatusField
from exporter.declared.grammar import Declaration, SinglePage, Step, Test
from exporter.declared.vendors import ReadDeclaration
from exporter.errors import MalformedError, PollError
from exporter.history.instants import format_iso
from exporter.trial.offline import Outcome, run_test
from exporter.trial.reader import TrialReading, show_backup, show_details, show_resource, show_window
from exporter.trial.virtual_time import run_at_once

LONGEST_SHOWN = 600
SLIGHT, ROUNDING = 1e-3, 1e-12
"""How far numbers that are equal may differ: by a millisecond, or by what the conversion of units rounds off."""
INSTANTS = frozenset({"started", "finished", "created", "expires", "earliest", "latest"})
MORE_PAGES = frozenset({
    "next", "cursor", "has_more", "hasmore", "next_cursor", "nextcursor", "next_page", "nextpage", "next_page_token",
    "nextpagetoken", "has_next_page", "hasnextpage",
})  # fmt: skip
"""Keys by which an answer says that there are more pages."""


@dataclass(slots=True)
class AnswersSeen:
    """What the answers of all tests held, by the step that asked for them."""

    found: dict[str, list[Any]] = field(default_factory=dict)
    kept: dict[str, list[Any]] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    """What an answer held that says there are more pages."""

    def observe(self, step: str, answer: Any, found: Sequence[Any], kept: Sequence[Any]) -> None:
        """Take what a step read."""
        self.found.setdefault(step, []).extend(found)
        self.kept.setdefault(step, []).extend(kept)
        if answer is not None and (hint := _find_more_pages(answer.body, answer.links)) is not None:
            self.more.setdefault(step, hint)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong with declarations, and what is probably not meant."""

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def check_declarations(declarations: Iterable[ReadDeclaration]) -> Findings:
    """Run the tests of all declarations, offline."""
    problems: list[str] = []
    warnings: list[str] = []
    for read in declarations:
        found = check_declaration(read.declaration)
        problems += [read.prefix + problem for problem in found.problems]
        warnings += [read.prefix + warning for warning in found.warnings]
    return Findings(tuple(problems), tuple(warnings))


def check_declaration(declaration: Declaration) -> Findings:
    """Run the tests of a declaration, offline; paths are its own."""
    observed, problems, warnings = AnswersSeen(), list[str](), list[str]()
    for test in declaration.tests:
        outcome = run_at_once(run_test(declaration, test, observed.observe))
        problems += [f"{test.path}{problem}" for problem in _find_problems(test, outcome)]
        unused = [answer.key for answer in test.answers if answer.key not in outcome.transport.used]
        warnings += [f'{test.path}.answers["GET {key}"]: is not asked for' for key in unused]
    if not declaration.tests:
        warnings.append("tests: there are none, so you cannot see whether the declaration finds anything")
    if declaration.backups.status.always is not None:
        warnings.append("backups.status: always: the vendor lists no failures, so only age reports them")
    elif not declaration.backups.status.words or not _maps_failures(declaration):
        warnings.append("backups.status.map: names no failed word, so only age reports failures")
    return Findings(tuple(problems), (*warnings, *_find_suspicions(declaration, observed)))


def _maps_failures(declaration: Declaration) -> bool:
    return any(status == "failed" for status in declaration.backups.status.words.values())


def _find_problems(test: Test, outcome: Outcome) -> Iterator[str]:
    """Yield what differs from what a test expects, each after the test's path."""
    found, expect = outcome.found, test.expect
    for request in outcome.transport.unanswered:
        yield f".answers: {request} is requested, and has no answer"
    if found.source_failure is not None:
        yield f": the source cannot be read: {_describe_failure(found.source_failure)}"
        return
    yield from _unexpected_failures(test, found)
    if "resources" in expect:
        resources = [show_resource(resource) for resource in found.resources]
        yield from _find_differences(".expect.resources", expect["resources"], resources)
    labels = {resource.id for resource in found.resources}
    for name in ("backups", "schedules", "windows", "restores", "failures"):
        for key in expect.get(name, {}).keys() - labels:
            yield f".expect.{name}[{json.dumps(key)}]: no resource has this label{_find_nearest(key, labels)}"
    for key, wanted in expect.get("backups", {}).items():
        actual = [show_backup(one) for one in found.backups.get(key, ())]
        yield from _find_differences(f".expect.backups[{json.dumps(key)}]", wanted, actual)
    yield from _check_single(test, "schedules", {key: show_details(one) for key, one in found.details.items()})
    yield from _check_single(test, "windows", {key: show_window(one) for key, one in found.windows.items()})
    restores = {key: one.restore for key, one in found.details.items() if one.restore is not None}
    shown = {key: {"started": one.started, "status": str(one.status)} for key, one in restores.items()}
    yield from _check_single(test, "restores", shown)
    asked = len(outcome.transport.requests)
    if expect.get("requests", asked) != asked:
        yield f".expect.requests: expected {expect['requests']}, actual {asked}"


def _find_nearest(label: str, labels: Iterable[str]) -> str:
    found = get_close_matches(label, list(labels), n=1, cutoff=0.0)
    return f"; the nearest is {found[0]}" if found else ""


def _unexpected_failures(test: Test, found: TrialReading) -> Iterator[str]:
    for scope, error in found.scope_failures.items():
        yield f": the scope {escape_controls(scope)} cannot be read: {_describe_failure(error)}"
    expected = test.expect.get("failures", {})
    for key, error in found.failures.items():
        if expected.get(key) != error.reason:
            yield f": the resource {escape_controls(key)} cannot be read: {_describe_failure(error)}"
    for key, reason in expected.items():
        if key not in found.failures:
            yield f".expect.failures[{json.dumps(key)}]: expected {reason}, but it is read"


def _describe_failure(error: PollError) -> str:
    return f"{error.reason}: {error}"


def _find_differences(
    path: str, wanted: Sequence[Mapping[str, Any]], actual: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Compare two lists as sets; of each element only the fields that are wanted count."""
    left = list(actual)
    missing = []
    for element in wanted:
        match = next((one for one in left if _is_match(element, one)), None)
        if match is None:
            missing.append(element)
        else:
            left.remove(match)
    if missing or left:
        keys = list(dict.fromkeys(key for element in wanted for key in element)) or list(next(iter(left), {}))[:2]
        seen = [{key: one.get(key) for key in keys} for one in actual]
        yield f"{path}: expected {_show(wanted)}, actual {_show(seen)}"


def _check_single(test: Test, name: str, actual: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for key, wanted in test.expect.get(name, {}).items():
        one = actual.get(key)
        if one is None or not _is_match(wanted, one):
            shown = None if one is None else {field_: one.get(field_) for field_ in wanted}
            yield f".expect.{name}[{json.dumps(key)}]: expected {_show(wanted)}, actual {_show(shown)}"


def _is_match(wanted: Mapping[str, Any], actual: Mapping[str, Any]) -> bool:
    return all(_is_equal(value, actual.get(key)) for key, value in wanted.items())


def _is_equal(wanted: Any, actual: Any) -> bool:
    if isinstance(wanted, (int, float)) and isinstance(actual, (int, float)) and not isinstance(wanted, bool):
        return abs(wanted - actual) <= max(SLIGHT, ROUNDING * abs(wanted))
    return bool(wanted == actual or (wanted is None and actual == ""))


def _show(value: Any) -> str:
    text = json.dumps(make_readable(value), default=str)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def make_readable(value: Any) -> Any:
    """Return a value with its instants as ISO 8601."""
    if isinstance(value, (list, tuple)):
        return [make_readable(one) for one in value]
    if isinstance(value, dict):
        instants = {key: format_iso(inside) for key, inside in value.items() if key in INSTANTS and inside is not None}
        return {key: instants[key] if key in instants else make_readable(inside) for key, inside in value.items()}
    return value


def _find_suspicions(declaration: Declaration, observed: AnswersSeen) -> Iterator[str]:
    """Yield what the answers of the tests show to be probably not meant."""
    for step, records in _list_steps_with_records(declaration):
        found, kept = observed.found.get(step.name, []), observed.kept.get(step.name, [])
        if found and not kept:
            key = "where" if records.where is not None else "exclude"
            yield f"{step.name}.{key}: keeps 0 of {len(found)} records"
        if step.name in observed.more and isinstance(step.paginator, SinglePage):
            yield f"{step.name}.paginator: single_page, although an example answer holds {observed.more[step.name]}"
    for name, one in list_fields_by_step(declaration):
        records_of = observed.kept.get(name, [])
        many, failure = count_yields(one, records_of)
        if records_of and not many and failure is None:  # what cannot be evaluated is a problem of its own
            yield f"{one.path}: has no value in any of {len(records_of)} record{'s' * (len(records_of) > 1)}"


def count_yields(one: Field | StatusField, records: Iterable[Any]) -> tuple[int, str | None]:
    """Return the number of records in which a field yields a value, and the first error of its evaluation."""
    many, failure = 0, None
    for record in records:
        try:
            many += bool(one.word(record)) if isinstance(one, StatusField) else one.read(record) is not None
        except MalformedError as error:
            failure = failure or str(error)
    return many, failure


def _list_steps_with_records(declaration: Declaration) -> Iterator[tuple[Step, Any]]:
    for scope in declaration.scopes:
        yield scope.step, scope.records
    for step in (declaration.resources, declaration.restores, declaration.backups):
        if step is not None:
            yield step.step, step.records


def list_fields_by_step(declaration: Declaration) -> Iterator[tuple[str, Field | StatusField]]:
    """Yield every field of a declaration with the name of the step whose records it reads."""
    resources, schedule, restores = declaration.resources, declaration.schedule, declaration.restores
    candidates: list[tuple[str, Any]] = []
    for scope in declaration.scopes:
        candidates += [(scope.step.name, one) for one in (scope.id, scope.title, *dict(scope.keep).values())]
    names = ("id", "title", "kind", "state", "created", "paused")
    candidates += [("resources", getattr(resources, name)) for name in names]
    candidates += [("resources", one) for one in dict(resources.keep).values()]
    if schedule is not None:
        candidates += [("schedule", getattr(schedule, name)) for name in ("enabled", "interval", "state", "paused")]
    if restores is not None:
        candidates += [("restores", restores.started), ("restores", restores.status)]
    candidates += [("backups", one) for _, one in declaration.backups.fields]
    yield from ((step, one) for step, one in candidates if isinstance(one, (Field, StatusField)))


def _find_more_pages(body: Any, links: Mapping[str, str]) -> str | None:
    """Return what an answer holds, outside its lists, that says there are more pages."""
    if "next" in links:
        return "a Link to the next page"
    waiting: list[Any] = [body]
    while waiting:
        value = waiting.pop()
        for key, inside in value.items() if isinstance(value, dict) else ():
            if str(key).lower() in MORE_PAGES:
                return str(key)
            waiting.append(inside)
    return None

"""Makes the rows about sources: how polling goes, what cannot be read, and when the next poll is due."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from exporter.human import span
from exporter.state.resource import SourceStatus
from exporter.state.resource_verdict import Verdict
from exporter.state.store import SourceEntry, Store
from exporter.web.filters import make_address
from exporter.web.labels import write_clock, write_reason
from exporter.web.rows import NO_VALUE, ProblemRow, make_problems

FEWEST_FOR_FORECAST = 20
MAX_SCOPES = 20
"""How many unreadable scopes are named for each source; the problem has the total."""
STATES = ("fine", "info", "warning", "critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One source for people."""

    state: str
    words: str
    name: str
    provider: str
    url: str
    problems: tuple[ProblemRow, ...]
    sentences: tuple[str, ...]
    resources: str
    last_poll: str
    next_poll: str
    interval: str
    requests_left: str


def make_source_rows(store: Store, now: float) -> tuple[SourceRow, ...]:
    """Return a row for each source, worst first."""
    rows = [_make_row(entry, store.judge_source(name), now) for name, entry in store.entries.items()]
    return tuple(sorted(rows, key=lambda row: (-STATES.index(row.state), row.name)))


def count_down(entries: Iterable[SourceEntry]) -> int:
    """Return how many sources cannot be read."""
    return sum(entry.status.up is False for entry in entries)


def _make_row(entry: SourceEntry, verdict: Verdict, now: float) -> SourceRow:
    status = entry.status
    remaining = entry.counters.remaining
    stretched = status.interval > status.configured_interval
    return SourceRow(
        state=_state(entry, verdict),
        words={None: "not polled yet", True: "up"}.get(status.up, "down"),
        name=entry.source.name,
        provider=entry.source.provider_name,
        url=make_address([("source", entry.source.name)]),
        problems=make_problems(verdict.problems),
        sentences=tuple(_sentences(entry, verdict, now)),
        resources=NO_VALUE if status.resources is None and not entry.resources else f"{len(entry.resources):,}",
        last_poll=NO_VALUE if status.polled_at is None else f"{span(max(0.0, now - status.polled_at))} ago",
        next_poll=_next_poll(status, now),
        interval=f"{span(status.interval)}, not {span(status.configured_interval)}"
        if stretched
        else span(status.interval),
        requests_left=NO_VALUE if remaining is None else f"{remaining:,.0f}",
    )


def _state(entry: SourceEntry, verdict: Verdict) -> str:
    worst = STATES[verdict.rank]
    return "warning" if worst in ("fine", "info") and entry.status.up is False else worst


def _next_poll(status: SourceStatus, now: float) -> str:
    if status.polled_at is None:
        return "running"
    due = status.polled_at - (status.duration or 0.0) + status.interval
    return "running" if due <= now else f"in {span(due - now)}"


def _sentences(entry: SourceEntry, verdict: Verdict, now: float) -> Iterator[str]:
    status = entry.status
    if status.up is None:
        yield _first_reading(entry, now)
    if status.failure is not None:
        yield f"Down: {write_reason(status.failure)} ({status.failure})."
    yield from (one.text for one in verdict.problems)
    for scope in (status.unreadable_scopes or ())[:MAX_SCOPES]:
        yield f"{scope.name} cannot be listed: {write_reason(scope.reason)} ({scope.reason})."
    if excluded := (status.listed_resources or 0) - (status.matching_resources or 0):
        left = "include and exclude leave nothing" if not entry.resources else "by include and exclude"
        yield f"{excluded:,} resource{'s are' if excluded > 1 else ' is'} left out: {left}."


def _first_reading(entry: SourceEntry, now: float) -> str:
    """Return the progress of the first poll, and its estimated end."""
    total = len(entry.resources)
    if not total:
        return "Looking for resources for the first time."
    read = min(total, entry.status.tried_resources)
    sentence = f"Reading for the first time: {read:,} of {total:,} resources"
    began = entry.status.started_at
    if began is None or read < FEWEST_FOR_FORECAST or now <= began:
        return f"{sentence}."
    end = now + (total - read) * (now - began) / read
    return f"{sentence}, done at about {write_clock(end)[:5]} UTC."

"""Works out which samples the past of a resource gives: what an exporter would have shown at each instant."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan

from exporter.history.steps import Steps, make_steps
from exporter.history.timeline import NO_STEPS, Timeline, find_end, find_start
from exporter.model import UNFINISHED, Backup, Status

Value = Callable[[Backup], float]
EVERY_STATUS = frozenset(Status)
ENDED = tuple(status for status in Status if status not in UNFINISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindSeries:
    """The newest completed backup of one kind over time."""

    started: Steps
    size: Steps
    duration: Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSeries:
    """All that can be known of one resource in retrospect, over time."""

    labels: str
    """The labels that all of its series have, as they stand in a line."""
    last_success: Steps
    by_kind: Mapping[str, KindSeries]
    last_attempt: Steps
    last_failure: Steps
    failures: Steps
    finished: Steps
    """Places in `ENDED`."""
    limit: Steps
    statuses: frozenset[Status] = EVERY_STATUS
    """Those that a backup of the vendor can have; the others have no series."""


def make_series(
    known: Timeline, labels: str, *, limit: float | None, statuses: frozenset[Status] = EVERY_STATUS
) -> ResourceSeries:
    """Return what can be known in retrospect; `limit` is assumed to have held all the time.

    Where the vendor lists no failures, nothing is known of any, which is not the same as none.
    """
    runs, ended = known.runs, [run for run in known.runs if run.status not in UNFINISHED]
    completed = [run for run in ended if run.status is Status.COMPLETED]
    failed = [run for run in ended if run.status is Status.FAILED]
    kinds = {run.kind for run in completed}
    return ResourceSeries(
        labels=labels,
        last_success=known.points,
        by_kind={kind: _make_kind_series([run for run in completed if run.kind == kind]) for kind in sorted(kinds)},
        last_attempt=make_steps((find_start(run), find_start(run)) for run in runs if run.status is not Status.PENDING),
        last_failure=_find_newest(failed, find_start),
        failures=_count_failures(known, failed) if Status.FAILED in statuses else NO_STEPS,
        finished=_find_newest(ended, lambda run: float(ENDED.index(run.status))),
        limit=_assume(known, limit),
        statuses=statuses,
    )


def _make_kind_series(completed: Sequence[Backup]) -> KindSeries:
    return KindSeries(
        started=_find_newest(completed, find_start),
        size=_find_newest(completed, lambda run: nan if run.size is None else run.size),
        duration=_find_newest(completed, lambda run: nan if run.duration is None else run.duration),
    )


def _find_newest(runs: Iterable[Backup], value: Value) -> Steps:
    """Return a value of the newest of some backups that had ended, from when the oldest of them had."""
    by_end = sorted(runs, key=lambda run: (find_end(run), find_start(run)))
    if not by_end:
        return NO_STEPS
    begin = find_end(min(by_end, key=lambda run: (find_start(run), find_end(run))))
    return make_steps((max(begin, find_end(run)), value(run)) for run in _records(by_end))


def _records(by_end: Iterable[Backup]) -> Iterator[Backup]:
    newest = float("-inf")
    for run in by_end:
        if find_start(run) > newest:
            newest = find_start(run)
            yield run


def _count_failures(known: Timeline, failed: Sequence[Backup]) -> Steps:
    """Return the number of failed backups since the newest success, once a success is known."""
    if known.begin is None:
        return NO_STEPS
    begin, ends = known.begin, sorted((find_end(run), find_start(run)) for run in failed)
    instants = sorted({*known.points.at, *(max(begin, finish) for finish, _ in ends)})
    changes, open_, at = list[tuple[float, float]](), list[float](), 0
    for instant in instants:
        while at < len(ends) and ends[at][0] <= instant:
            open_.append(ends[at][1])
            at += 1
        point = known.points.value(instant) or 0.0
        open_ = [started for started in open_ if started > point]
        changes.append((instant, float(len(open_))))
    return make_steps(changes)


def _assume(known: Timeline, limit: float | None) -> Steps:
    """Return a limit from the resource's creation, or else from the first that is known of it."""
    begins = [run.started for run in known.runs[:1] if run.started is not None]
    begin = known.created if known.created is not None else min(begins, default=None)
    return NO_STEPS if limit is None or begin is None else make_steps([(begin, limit)])

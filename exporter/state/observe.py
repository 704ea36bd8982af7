"""From one reading to the next: what is observed of a resource or a source, as pure functions."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from exporter.schedule import DAY
from exporter.settings import Policy
from exporter.state.observations import NO_INSTANTS, NO_SCHEDULES, GoneSchedule, Observations, SourceObservations
from exporter.state.problem import Standing
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.steady_clock import Jump

Progress = tuple[float | None, float]
STALLED = ("progress_stalled", "", "")


def observe(
    before: ResourceStatus | None,
    status: ResourceStatus,
    policy: Policy,
    now: float,
    *,
    source: SourceStatus,
    standing: Standing,
) -> Observations:
    """Return what is observed of a resource at `now`, when `status` takes the place of `before`.

    `source` is how its source's polling went up to the poll before this one.
    """
    known, progress = status.observed, _progress_of(status)
    if progress is None and status.listing is None and status.up is not True:
        progress = known.progress_of  # before the first listing since the start nothing is known about runs
    found = Observations(
        read_at=_read_at(before, status, now, source),
        limits_since=_limits_since(status, now),
        gone_schedules=_gone_schedules(before, status, now),
        progress_since=None if progress is None else _progress_since(before, status, now, progress, standing),
        progress_of=progress,
        paused_since=_first(known.paused_since, now) if policy.paused or status.paused else None,
    )
    return known if found == known else found


def shift(known: Observations, jump: Jump) -> Observations:
    """Return the observations on a clock that has been set."""
    return Observations(
        read_at=jump.carry(known.read_at),
        limits_since={kind: jump.move(since) for kind, since in known.limits_since.items()},
        gone_schedules={kind: replace(one, since=jump.move(one.since)) for kind, one in known.gone_schedules.items()},
        progress_since=jump.carry(known.progress_since),
        progress_of=known.progress_of,
        paused_since=jump.carry(known.paused_since),
    )


def observe_discovery(known: SourceObservations, unpaused: int, listed: int, now: float) -> SourceObservations:
    """Return what is observed of a source whose vendor lists `listed` resources.

    `unpaused` is the number of resources that are not paused and that `include` and `exclude` leave, before shards.
    """
    if listed:
        return SourceObservations(populated=unpaused)
    if known.populated is None or known.emptied_at is not None:
        return known
    return replace(known, emptied_at=now)


def _read_at(before: ResourceStatus | None, status: ResourceStatus, now: float, source: SourceStatus) -> float | None:
    if status.up is not False:
        return None
    if before is not None and before.up is True:
        return now if source.polled_at is None else source.polled_at
    return status.observed.read_at


def _limits_since(status: ResourceStatus, now: float) -> Mapping[str, float]:
    known, kinds = status.observed.limits_since, status.judged_intervals.keys()
    if kinds == known.keys() or (status.up is not True and kinds <= known.keys()):
        return known  # before it is read, nothing says that a kind has gone
    return MappingProxyType({kind: known.get(kind, now) for kind in kinds}) if kinds else NO_INSTANTS


def _gone_schedules(before: ResourceStatus | None, status: ResourceStatus, now: float) -> Mapping[str, GoneSchedule]:
    known = status.observed.gone_schedules
    if status.details is None:
        return known
    there = status.details.intervals
    had = before.details.intervals if before is not None and before.details is not None else there
    if not known and had.keys() <= there.keys():
        return NO_SCHEDULES
    gone = {kind: GoneSchedule(since=now, interval=every) for kind, every in had.items() if kind not in there}
    kept = {kind: one for kind, one in known.items() if kind not in there and now - one.since <= DAY}
    return {**gone, **kept}


def _progress_of(status: ResourceStatus) -> Progress | None:
    summary = status.summary
    return None if summary is None or summary.progress is None else (summary.running_since, summary.progress)


def _progress_since(
    before: ResourceStatus | None, status: ResourceStatus, now: float, progress: Progress, standing: Standing
) -> float:
    """Return since when the percentage is unchanged; a failed reading restarts this unless it is a problem already."""
    same = status.observed.progress_of == progress
    unread = before is not None and before.up is False and status.up is True and STALLED not in standing
    return _first(status.observed.progress_since, now) if same and not unread else now


def _first(since: float | None, now: float) -> float:
    return now if since is None else since

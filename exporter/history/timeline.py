"""Works out of a listing how old a resource's newest backup was at any instant of the past."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import fsum
from typing import Literal

from exporter.history.steps import Steps, make_steps
from exporter.model import Backup, Details, RecoveryWindow, Status
from exporter.settings import Policy
from exporter.state.history import History
from exporter.state.listing import Listing

NO_STEPS = Steps()
LimitOrigin = Literal["configured", "derived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The largest age that was reached in a period."""

    seconds: float
    end: float
    """When it was reached: the next backup finished, or the period ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What is known of the past of one resource's backups."""

    limit: float | None = None
    limit_from: LimitOrigin | None = None
    points: Steps = NO_STEPS
    """The recovery point over time, from the finish of the oldest completed backup known."""
    window: RecoveryWindow | None = None
    """Where the vendor offers point-in-time recovery: then single backups do not say how old the newest state is."""
    created: float | None = None
    runs: tuple[Backup, ...] = ()
    """Every backup that is known and has a start, oldest first."""
    listed: tuple[Backup, ...] = ()
    """Every backup that the vendor lists, also without a start."""

    @property
    def listed_from(self) -> float | None:
        """The start of the oldest backup that the vendor lists."""
        return min((one.started for one in self.listed if one.started is not None), default=None)

    @property
    def begin(self) -> float | None:
        """The instant from which the age is known."""
        return self.points.begin

    def age(self, instant: float) -> float | None:
        """Return the age of the newest completed backup at an instant; None where it is unknown."""
        point = self.points.value(instant)
        return None if point is None else instant - point

    def known_since(self, since: float, until: float) -> float | None:
        """Return from when on a period is known; None if it ends before all knowledge."""
        if self.begin is None or self.begin > until:
            return None
        return max(since, self.begin)

    def attainment(self, since: float, until: float) -> float | None:
        """Return the share of the known part of a period in which the age was within the limit."""
        begin = self.known_since(since, until)
        if self.limit is None or begin is None:
            return None
        if begin == until:
            age = self.age(until)
            return float(age is not None and age <= self.limit)
        late = fsum(self._late(begin, until, self.limit))
        return (until - begin - late) / (until - begin)

    def longest_gap(self, since: float, until: float) -> Gap | None:
        """Return the largest age reached in the known part of a period; of equal ones the first."""
        begin = self.known_since(since, until)
        if begin is None:
            return None
        if begin == until:
            return Gap(seconds=self.age(until) or 0.0, end=until)
        gaps = (Gap(seconds=end - point, end=end) for _, end, point in self.points.pieces(begin, until))
        return max(gaps, key=lambda gap: gap.seconds)

    def started(self, since: float, until: float, status: Status) -> list[Backup]:
        """Return the backups of one status that started in a period, oldest first."""
        return [run for run in self.runs if run.status is status and since <= find_start(run) <= until]

    def _late(self, since: float, until: float, limit: float) -> Iterator[float]:
        for begin, end, point in self.points.pieces(since, until):
            yield max(0.0, end - max(begin, point + limit))


def make_timeline(
    listing: Listing | None,
    details: Details | None,
    policy: Policy,
    created: float | None,
    *,
    history: History | None = None,
) -> Timeline:
    """Return the timeline that a whole listing and what is remembered beside it give.

    `history` holds what the vendor may have forgotten.
    """
    limit, limit_from = find_limit(policy, details)
    window = None if listing is None else listing.recovery
    listed = () if listing is None else tuple(listing.backups.values())
    runs = list_known_runs(listed, window, history)
    return Timeline(
        limit=limit,
        limit_from=limit_from,
        points=NO_STEPS if window is not None else find_recovery_points(runs),
        window=window,
        created=created,
        runs=runs,
        listed=listed,
    )


def find_limit(policy: Policy, details: Details | None) -> tuple[float | None, LimitOrigin | None]:
    """Return the age limit of today and where it comes from."""
    if policy.max_age is not None:
        return policy.max_age, "configured"
    interval = None if details is None else details.interval
    return (None, None) if interval is None else (policy.derive_max_age(interval), "derived")


def list_known_runs(
    listed: Iterable[Backup], window: RecoveryWindow | None, history: History | None
) -> tuple[Backup, ...]:
    """Return every backup that is listed or remembered and has a start, oldest first.

    Of one that is both, the duration counts that was seen first: a vendor may move a finish later.
    """
    runs = {one.id: one for one in listed if one.started is not None}
    kept = () if history is None else ((kind, one) for kind, known in history.successes.items() for one in known)
    for kind, one in kept:
        if window is not None and kind == window.kind:
            continue  # a point of the window, not a backup
        finished = None if one.duration is None else one.started + one.duration
        known = runs.get(one.id)
        if known is None:
            runs[one.id] = Backup(
                id=one.id, status=Status.COMPLETED, started=one.started, finished=finished, size=one.size, kind=kind
            )
        elif known.status is Status.COMPLETED and known.started == one.started and finished is not None:
            runs[one.id] = replace(known, finished=finished)
    return tuple(sorted(runs.values(), key=find_start))


def find_recovery_points(runs: Iterable[Backup]) -> Steps:
    """Return the start of the newest completed backup that had finished, over time.

    It begins with the finish of the oldest one: what was before that, nothing says.
    """
    completed = [run for run in runs if run.status is Status.COMPLETED]
    if not completed:
        return NO_STEPS
    begin = find_end(min(completed, key=lambda run: (find_start(run), find_end(run))))
    return make_steps((max(begin, at), point) for at, point in _find_improving(completed))


def _find_improving(completed: list[Backup]) -> Iterator[tuple[float, float]]:
    """Yield (finish, start) of those that were the newest when they finished."""
    newest = float("-inf")
    for finish, point in sorted((find_end(run), find_start(run)) for run in completed):
        if point > newest:
            newest = point
            yield finish, point


def find_start(run: Backup) -> float:
    """Return the start of a backup that has one."""
    return run.started or 0.0


def find_end(run: Backup) -> float:
    """Return when a backup had finished: its start, where the vendor gives no usable finish."""
    return find_start(run) if run.finished is None else max(find_start(run), run.finished)

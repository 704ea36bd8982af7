"""Computes the exported numbers of one resource from its listing and history: one pure function."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import inf
from statistics import median
from types import MappingProxyType

from exporter.model import Backup, Status
from exporter.state.history import WINDOW, History
from exporter.state.listing import Listing

FEWEST_FOR_TYPICAL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is known about the backups of one resource; mappings are by kind, absent keys are unknown.

    What has a default is unknown before the first listing.
    """

    last_success: float | None
    last_success_by_kind: Mapping[str, float]
    last_size: Mapping[str, float]
    last_duration: Mapping[str, float]
    typical_size: Mapping[str, float]
    typical_duration: Mapping[str, float]
    last_attempt: float | None
    last_failure: float | None
    last_finished: Status | None
    windows: frozenset[str] = frozenset()
    """The kinds of recovery windows, which are no records."""
    window_intervals: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """By kind, how soon a window is expected to move on, where the vendor's schedule does not say that."""
    future: float | None = None
    """The newest start that lay in the future when it was read; such a record is counted by its status alone."""
    next_start: float | None = None
    """The start that comes next among those that lay in the future; until then all numbers are without it."""
    failures: int | None = None
    failures_by_kind: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    counts: Mapping[Status, int] = field(default_factory=lambda: MappingProxyType({}))
    stored_bytes: float | None = None
    oldest_success: float | None = None
    running: int | None = None
    running_since: float | None = None
    progress: float | None = None
    item_failures: int | None = None
    """Items that failed within the newest completed backup, where the vendor reports them."""
    expires: float | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that records name, listed or remembered."""
        return frozenset(kind for kind in (*self.last_success_by_kind, *self.failures_by_kind) if kind) - self.windows


def summarize(listing: Listing | None, history: History, *, sizes: bool = True, until: float = inf) -> Summary:
    """Return the numbers of one resource; `sizes` is whether its vendor gives sizes.

    What starts after `until` has not happened yet; `future` and `next_start` say so. A success of the history that does
    is hidden until then: where the clock is behind, it happened all the same.

    Without a listing, only what the history holds is known.
    """
    hidden = history.starts_after(until)
    if hidden:
        history = history.up_to(until)
    remembered = _summarize_history(history, next_start=min(hidden, default=None))
    return remembered if listing is None else _add_listing(remembered, listing, hidden, sizes=sizes, until=until)


def summarize_remembered(history: History, *, sizes: bool, until: float) -> Summary | None:
    """Return the numbers of a resource that was not listed yet; None if no success is known to have happened."""
    summary = summarize(None, history, sizes=sizes, until=until)
    return None if summary.last_success is None else summary


def _summarize_history(history: History, next_start: float | None) -> Summary:
    latest = {kind: recent.newest for kind, recent in history.successes.items()}
    sizes = {kind: recent.sizes() for kind, recent in history.successes.items()}
    durations = {kind: recent.durations() for kind, recent in history.successes.items()}
    return Summary(
        last_success=max(latest.values(), default=None),
        last_success_by_kind=latest,
        last_size=_of_newest(sizes),
        last_duration=_of_newest(durations),
        typical_size=_typical(sizes),
        typical_duration=_typical(durations),
        last_attempt=history.attempt.started if history.attempt else None,
        last_failure=history.failure.started if history.failure else None,
        last_finished=history.finished.status if history.finished else None,
        windows=_windows(history),
        next_start=next_start,
    )


def _add_listing(
    remembered: Summary, listing: Listing, hidden: Iterable[float], *, sizes: bool, until: float
) -> Summary:
    """Return the numbers of a history together with those that only a listing gives."""
    backups, counts, recovery = listing.backups, listing.backups.counts(), listing.recovery
    latest, last_success = remembered.last_success_by_kind, remembered.last_success
    by_status = _sum_by_status(*counts.items())
    failures = backups.failures(until) if by_status[Status.FAILED] else []
    kinds = {kind for kind, _ in counts} | latest.keys()
    oldest_running = _oldest_in_progress(backups.unfinished())
    newest = _newest_record(listing, last_success, until)
    future = _future_starts(listing, until)
    return replace(
        remembered,
        windows=remembered.windows if recovery is None else remembered.windows | {recovery.kind},
        window_intervals={recovery.kind: recovery.interval} if recovery and recovery.interval is not None else {},
        future=max(future, default=None),
        next_start=min([*future, *hidden], default=None),
        failures=_newer((started for _, started in failures), last_success),
        failures_by_kind=_intern_counts(*sorted((kind, _newer_of(kind, failures, latest)) for kind in kinds)),
        counts=by_status,
        stored_bytes=_stored_bytes(listing, sizes=sizes, completed=by_status[Status.COMPLETED]),
        oldest_success=_oldest(listing, until),
        running=by_status[Status.IN_PROGRESS],
        running_since=_past(oldest_running.started, until) if oldest_running else None,
        progress=oldest_running.progress if oldest_running else None,
        item_failures=newest.failures if newest else None,
        expires=newest.expires if newest else None,
    )


def _stored_bytes(listing: Listing, *, sizes: bool, completed: int) -> float | None:
    """Return the size of all backups; zero without one where the vendor gives sizes."""
    if listing.recovery and not listing.recovery.beside_backups:
        return None
    stored = listing.backups.total_size()
    return 0.0 if stored is None and sizes and not completed else stored


def _future_starts(listing: Listing, until: float) -> list[float]:
    latest = listing.recovery.latest if listing.recovery else None
    return [*listing.backups.starts_after(until), *([latest] if latest is not None and latest > until else ())]


def _oldest(listing: Listing, until: float) -> float | None:
    """Return how far back one can restore: to the oldest backup, or to the start of the recovery window."""
    earliest = listing.recovery.earliest if listing.recovery else None
    known = [at for at in (listing.backups.oldest_success(until), _past(earliest, until)) if at is not None]
    return min(known, default=None)


def _newest_record(listing: Listing, last_success: float | None, until: float) -> Backup | None:
    """Return the record of the newest success, if it is listed and says more than the others."""
    newest = listing.backups.newest_success(until) if listing.backups.detailed else None
    return newest if newest is not None and newest.started == last_success else None


def _windows(history: History) -> frozenset[str]:
    """Return the kinds of which the history holds a recovery window, which is no record."""
    return frozenset(
        kind for kind, recent in history.successes.items() if len(recent) == 1 and recent.ids() == [WINDOW]
    )


def _of_newest(by_kind: Mapping[str, Sequence[float | None]]) -> dict[str, float]:
    return {kind: values[0] for kind, values in by_kind.items() if values[0] is not None}


def _typical(by_kind: Mapping[str, Sequence[float | None]]) -> dict[str, float]:
    earlier = {kind: [number for number in values[1:] if number is not None] for kind, values in by_kind.items()}
    return {kind: median(values) for kind, values in earlier.items() if len(values) >= FEWEST_FOR_TYPICAL}


@lru_cache(maxsize=4096)
def _sum_by_status(*counts: tuple[tuple[str, Status], int]) -> Mapping[Status, int]:
    """Return how many backups have each status; one mapping for all resources that count the same."""
    found = dict.fromkeys(Status, 0)
    for (_, status), count in counts:
        found[status] += count
    return MappingProxyType(found)


@lru_cache(maxsize=4096)
def _intern_counts(*items: tuple[str, int]) -> Mapping[str, int]:
    """Return counts by kind; one mapping for all resources that count the same, of ten thousand most."""
    return MappingProxyType(dict(items))


def _newer_of(kind: str, failures: Iterable[tuple[str, float]], latest: Mapping[str, float]) -> int:
    return _newer((started for own, started in failures if own == kind), latest.get(kind))


def _newer(failed: Iterable[float], success: float | None) -> int:
    """Count the failed backups, by their starts, that are newer than a success; all, if there has been none."""
    return sum(success is None or started > success for started in failed)


def _past(instant: float | None, until: float) -> float | None:
    """Return an instant, None for one that has not come yet."""
    return instant if instant is not None and instant <= until else None


def _oldest_in_progress(unfinished: Iterable[Backup]) -> Backup | None:
    running = [backup for backup in unfinished if backup.status is Status.IN_PROGRESS]
    return min(running, key=lambda one: float("inf") if one.started is None else one.started, default=None)

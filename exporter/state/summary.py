"""Computes the exported numbers of one resource from its listing and history: one pure function."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from statistics import median
from types import MappingProxyType
from typing import TypeVar

from exporter.model import Backup, Status
from exporter.state.history import WINDOW, History
from exporter.state.listing import Listing

Key = TypeVar("Key", bound=str)
FEWEST_FOR_TYPICAL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is known about the backups of one resource; mappings are by kind, absent keys are unknown."""

    last_success: float | None
    last_success_by_kind: Mapping[str, float]
    last_size: Mapping[str, float]
    last_duration: Mapping[str, float]
    typical_size: Mapping[str, float]
    typical_duration: Mapping[str, float]
    last_attempt: float | None
    last_failure: float | None
    last_finished: Status | None
    failures: int | None
    failures_by_kind: Mapping[str, int]
    counts: Mapping[Status, int]
    stored_bytes: float | None
    oldest_success: float | None
    running: int | None
    running_since: float | None
    progress: float | None
    future: float | None = None
    """The newest start that lay in the future when it was read; such a record is counted by its status alone."""
    item_failures: int | None = None
    """Items that failed within the newest completed backup, where the vendor reports them."""
    next_start: float | None = None
    """The start that comes next among those that lay in the future; until then all numbers are without it."""
    windows: frozenset[str] = frozenset()
    """The kinds of recovery windows, which are no records."""
    window_intervals: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """By kind, how soon a window is expected to move on, where the vendor's schedule does not say that."""
    expires: float | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that records name, listed or remembered."""
        return frozenset(kind for kind in (*self.last_success_by_kind, *self.failures_by_kind) if kind) - self.windows


@dataclass(frozen=True, slots=True, kw_only=True)
class _ListingNumbers:
    """The numbers that only a listing gives; all unknown for a resource that has never been listed."""

    failures: int | None = None
    failures_by_kind: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    counts: Mapping[Status, int] = field(default_factory=lambda: MappingProxyType({}))
    stored_bytes: float | None = None
    oldest_success: float | None = None
    running: int | None = None
    running_since: float | None = None
    progress: float | None = None
    item_failures: int | None = None
    expires: float | None = None


UNLISTED = _ListingNumbers()


def summarize(listing: Listing | None, history: History, *, sizes: bool = True, until: float = inf) -> Summary:
    """Return the numbers of one resource; `sizes` is whether its vendor gives sizes.

    What starts after `until` has not happened yet; `future` and `next_start` say so. A success of the history that does
    is hidden until then: where the clock is behind, it happened all the same.

    Without a listing, only what the history holds is known.
    """
    hidden = history.starts_after(until)
    if hidden:
        history = history.up_to(until)
    latest = {kind: recent.newest for kind, recent in history.successes.items()}
    sizes_by_kind = {kind: recent.sizes() for kind, recent in history.successes.items()}
    durations_by_kind = {kind: recent.durations() for kind, recent in history.successes.items()}
    last_success = max(latest.values(), default=None)
    numbers = (
        _summarize_listing(listing, latest, last_success, sizes=sizes, until=until) if listing is not None else UNLISTED
    )
    future = [] if listing is None else _future_starts(listing, until)
    return Summary(
        windows=_windows(listing, history),
        window_intervals=_window_intervals(listing),
        last_success=last_success,
        last_success_by_kind=latest,
        last_size=_of_newest(sizes_by_kind),
        last_duration=_of_newest(durations_by_kind),
        typical_size=_typical(sizes_by_kind),
        typical_duration=_typical(durations_by_kind),
        last_attempt=history.attempt.started if history.attempt else None,
        last_failure=history.failure.started if history.failure else None,
        last_finished=history.finished.status if history.finished else None,
        future=max(future, default=None),
        next_start=min([*future, *hidden], default=None),
        failures=numbers.failures,
        failures_by_kind=numbers.failures_by_kind,
        counts=numbers.counts,
        stored_bytes=numbers.stored_bytes,
        oldest_success=numbers.oldest_success,
        running=numbers.running,
        running_since=numbers.running_since,
        progress=numbers.progress,
        item_failures=numbers.item_failures,
        expires=numbers.expires,
    )


def summarize_remembered(history: History, *, sizes: bool, until: float) -> Summary | None:
    """Return the numbers of a resource that was not listed yet; None if no success is known to have happened."""
    summary = summarize(None, history, sizes=sizes, until=until)
    return None if summary.last_success is None else summary


def _summarize_listing(
    listing: Listing, latest: Mapping[str, float], last_success: float | None, *, sizes: bool, until: float
) -> _ListingNumbers:
    backups, counts = listing.backups, listing.backups.counts()
    by_status = Counter[Status]()
    for (_, status), count in counts.items():
        by_status[status] += count
    failures = backups.failures(until) if by_status[Status.FAILED] else []
    kinds = {kind for kind, _ in counts} | latest.keys()
    oldest_running = _oldest_in_progress(backups.unfinished())
    stored = backups.total_size()
    if stored is None and sizes and not by_status[Status.COMPLETED]:
        stored = 0.0
    newest = _newest_record(listing, last_success, until)
    return _ListingNumbers(
        failures=_newer((started for _, started in failures), last_success),
        failures_by_kind=_intern_counts(*sorted((kind, _newer_of(kind, failures, latest)) for kind in kinds)),
        counts=_intern_counts(*((status, by_status[status]) for status in Status)),
        stored_bytes=None if listing.recovery and not listing.recovery.beside_backups else stored,
        oldest_success=_oldest(listing, until),
        running=by_status[Status.IN_PROGRESS],
        running_since=_past(oldest_running.started, until) if oldest_running else None,
        progress=oldest_running.progress if oldest_running else None,
        item_failures=newest.failures if newest else None,
        expires=newest.expires if newest else None,
    )


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


def _window_intervals(listing: Listing | None) -> Mapping[str, float]:
    recovery = listing.recovery if listing is not None else None
    return {} if recovery is None or recovery.interval is None else {recovery.kind: recovery.interval}


def _windows(listing: Listing | None, history: History) -> frozenset[str]:
    """Return the kinds of recovery windows, which are no records."""
    found = {kind for kind, recent in history.successes.items() if len(recent) == 1 and recent.ids() == [WINDOW]}
    recovery = listing.recovery if listing is not None else None
    return frozenset(found if recovery is None else {*found, recovery.kind})


def _of_newest(by_kind: Mapping[str, Sequence[float | None]]) -> dict[str, float]:
    return {kind: values[0] for kind, values in by_kind.items() if values[0] is not None}


def _typical(by_kind: Mapping[str, Sequence[float | None]]) -> dict[str, float]:
    earlier = {kind: [number for number in values[1:] if number is not None] for kind, values in by_kind.items()}
    return {kind: median(values) for kind, values in earlier.items() if len(values) >= FEWEST_FOR_TYPICAL}


@lru_cache(maxsize=4096)
def _intern_counts(*items: tuple[Key, int]) -> Mapping[Key, int]:
    """Return a mapping that is one for all who count the same: of ten thousand resources, most do."""
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

"""Turns a listing and a history into the numbers that are exported about one resource: one pure function."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType
from typing import Any

from exporter.knowledge.history import History, Success
from exporter.knowledge.listing import Listing
from exporter.model import Backup, Status

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


def summarize(listing: Listing | None, history: History, *, sizes: bool = True) -> Summary:
    """Return the numbers of one resource; `sizes` says whether its vendor tells sizes at all.

    Without a listing only what is remembered is told.
    """
    latest = {kind: kept[0].started for kind, kept in history.successes.items()}
    last_success = max(latest.values(), default=None)
    told = _told_of_listing(listing, latest, last_success, sizes=sizes) if listing is not None else UNLISTED
    return Summary(
        last_success=last_success,
        last_success_by_kind=latest,
        last_size=_of_newest(history, lambda one: one.size),
        last_duration=_of_newest(history, lambda one: one.duration),
        typical_size=_typical(history, lambda one: one.size),
        typical_duration=_typical(history, lambda one: one.duration),
        last_attempt=history.attempt.started if history.attempt else None,
        last_failure=history.failure.started if history.failure else None,
        last_finished=history.finished.status if history.finished else None,
        **told,
    )


def _told_of_listing(
    listing: Listing, latest: Mapping[str, float], last_success: float | None, *, sizes: bool
) -> dict[str, Any]:
    backups, counted = listing.backups, listing.backups.counts()
    by_status = Counter[Status]()
    for (_, status), count in counted.items():
        by_status[status] += count
    failures = backups.failures() if by_status[Status.FAILED] else []
    kinds = {kind for kind, _ in counted} | latest.keys()
    oldest_running = _oldest_running(backups.unfinished())
    stored = backups.stored()
    if stored is None and sizes and not by_status[Status.COMPLETED]:
        stored = 0.0
    return {
        "failures": _newer((started for _, started in failures), last_success),
        "failures_by_kind": {
            kind: _newer((started for own, started in failures if own == kind), latest.get(kind))
            for kind in sorted(kinds)
        },
        "counts": {status: by_status[status] for status in Status},
        "stored_bytes": None if listing.recovery else stored,
        "oldest_success": listing.recovery.earliest if listing.recovery else backups.oldest_success(),
        "running": by_status[Status.IN_PROGRESS],
        "running_since": oldest_running.started if oldest_running else None,
        "progress": oldest_running.progress if oldest_running else None,
    }


def _of_newest(history: History, value: Callable[[Success], float | None]) -> dict[str, float]:
    newest = ((kind, value(kept[0])) for kind, kept in history.successes.items())
    return {kind: told for kind, told in newest if told is not None}


def _typical(history: History, value: Callable[[Success], float | None]) -> dict[str, float]:
    earlier = {
        kind: [told for one in kept[1:] if (told := value(one)) is not None] for kind, kept in history.successes.items()
    }
    return {kind: median(told) for kind, told in earlier.items() if len(told) >= FEWEST_FOR_TYPICAL}


def _newer(failed: Iterable[float], success: float | None) -> int:
    """Count the failed backups, by their starts, that are newer than a success; all, if there has been none."""
    return sum(success is None or started > success for started in failed)


def _oldest_running(unfinished: Iterable[Backup]) -> Backup | None:
    running = [backup for backup in unfinished if backup.status is Status.IN_PROGRESS]
    return min(running, key=lambda one: float("inf") if one.started is None else one.started, default=None)


UNLISTED: Mapping[str, Any] = MappingProxyType({
    "failures": None,
    "failures_by_kind": {},
    "counts": {},
    "stored_bytes": None,
    "oldest_success": None,
    "running": None,
    "running_since": None,
    "progress": None,
})  # fmt: skip
"""What is told of a resource that has never been listed."""

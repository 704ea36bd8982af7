"""Turns a listing and a history into the numbers that are exported about one resource: one pure function."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median

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
    backups = () if listing is None else tuple(listing.backups.values())
    completed = [backup for backup in backups if backup.status is Status.COMPLETED]
    failed = [backup for backup in backups if backup.status is Status.FAILED]
    latest = {kind: kept[0].started for kind, kept in history.successes.items()}
    last_success = max(latest.values(), default=None)
    kinds = () if listing is None else sorted({backup.kind for backup in backups} | set(latest))
    statuses = () if listing is None else tuple(Status)
    counted = Counter([backup.status for backup in backups])
    oldest_running = _oldest_running(backups)
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
        failures=None if listing is None else _newer(failed, last_success),
        failures_by_kind={
            kind: _newer((backup for backup in failed if backup.kind == kind), latest.get(kind)) for kind in kinds
        },
        counts={status: counted[status] for status in statuses},
        stored_bytes=None if listing is None or listing.recovery else _stored(completed, sizes=sizes),
        oldest_success=_oldest(completed, listing),
        running=None if listing is None else sum(backup.status is Status.IN_PROGRESS for backup in backups),
        running_since=oldest_running.started if oldest_running else None,
        progress=oldest_running.progress if oldest_running else None,
    )


def _of_newest(history: History, value: Callable[[Success], float | None]) -> dict[str, float]:
    newest = ((kind, value(kept[0])) for kind, kept in history.successes.items())
    return {kind: told for kind, told in newest if told is not None}


def _typical(history: History, value: Callable[[Success], float | None]) -> dict[str, float]:
    earlier = {
        kind: [told for one in kept[1:] if (told := value(one)) is not None] for kind, kept in history.successes.items()
    }
    return {kind: median(told) for kind, told in earlier.items() if len(told) >= FEWEST_FOR_TYPICAL}


def _newer(failed: Iterable[Backup], success: float | None) -> int:
    """Count the failed backups that started after a success; all of them, if there has been none."""
    starts = (backup.started for backup in failed if backup.started is not None)
    return sum(success is None or started > success for started in starts)


def _stored(completed: list[Backup], *, sizes: bool) -> float | None:
    """Return the sum of the sizes told; None where none of the completed backups has one."""
    told = [backup.size for backup in completed if backup.size is not None]
    return sum(told) if told or (sizes and not completed) else None


def _oldest(completed: list[Backup], listing: Listing | None) -> float | None:
    if listing is not None and listing.recovery:
        return listing.recovery.earliest
    return min((backup.started for backup in completed if backup.started is not None), default=None)


def _oldest_running(backups: Iterable[Backup]) -> Backup | None:
    running = [backup for backup in backups if backup.status is Status.IN_PROGRESS]
    return min(running, key=lambda one: float("inf") if one.started is None else one.started, default=None)

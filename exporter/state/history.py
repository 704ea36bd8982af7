"""Keeps what a vendor may drop from its listing: the newest completed backups of each kind, and the newest events."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from heapq import nlargest
from math import inf
from types import MappingProxyType

from exporter.model import UNFINISHED, Backup, RecoveryWindow, Status
from exporter.state.recent_backups import MAX_RECENT, CompletedBackup, RecentBackups

NO_IDS: frozenset[str] = frozenset()
NO_SUCCESSES = RecentBackups(())
WINDOW = "recovery window"
"""The id of the one success that a recovery window is; its newest point may fall behind, what was is still true."""
REPORTED = "last reported success"
"""The id of a success that the vendor reports outside its listing."""
REPORT_TOLERANCE = 60.0
"""A reported success that lies so close to a backup that is known is that backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """When a backup started, and what it was by then."""

    id: str
    started: float
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What remains known although the listing no longer shows it."""

    successes: Mapping[str, RecentBackups] = field(default_factory=lambda: MappingProxyType({}))
    """By kind; no kind without one."""
    attempt: Event | None = None
    failure: Event | None = None
    finished: Event | None = None

    def merge_listing(
        self,
        listed: Iterable[Backup],
        recovery: RecoveryWindow | None = None,
        reported: float | None = None,
        *,
        until: float = inf,
    ) -> "History":
        """Return the history with a listing added to it; of a recovery window, its newest point is the success.

        A backup that starts after `until` has not happened yet: it is not recorded until its time has come.
        A duration stays as it was first seen: a vendor whose finish is only "last changed" may move it later. A
        success whose record now says something else is no success any more. `reported` is the time of a success that
        the vendor reports outside its listing; it counts while it is later than all that is known.
        """
        dated = [backup for backup in listed if backup.started is not None]
        ids = {backup.id for backup in dated}
        dated = [backup for backup in dated if _start(backup) <= until]
        return History(
            successes=_with_reported(
                _merge_successes(self.successes, [*dated, *_recovery_point(recovery, until)]),
                reported if reported is not None and reported <= until else None,
            ),
            attempt=_newest_event(self.attempt, ids, (b for b in dated if b.status is not Status.PENDING)),
            failure=_newest_event(self.failure, ids, (b for b in dated if b.status is Status.FAILED)),
            finished=_newest_event(self.finished, ids, (b for b in dated if b.status not in UNFINISHED)),
        )

    def remembers(self, ids: Iterable[str]) -> bool:
        """Return whether it holds anything about one of these backups, which a new record of it may change."""
        events = (self.attempt, self.failure, self.finished)
        known = {own for recent in self.successes.values() for own in recent.ids()} | {one.id for one in events if one}
        return not known.isdisjoint(ids)

    def add(self, new: Iterable[Backup], *, until: float = inf) -> "History":
        """Return what `merge_listing` would if nothing else changed: for backups that are not in the history yet."""
        dated = [backup for backup in new if backup.started is not None and backup.started <= until]
        if not dated:
            return self
        completed: dict[str, list[CompletedBackup]] = {}
        for backup in dated:
            if backup.status is Status.COMPLETED:
                completed.setdefault(backup.kind, []).append(_to_completed(backup, None))
        successes = dict(self.successes)
        for kind, found in completed.items():
            recent = successes.get(kind, NO_SUCCESSES)
            successes[kind] = recent.add(found[0]) if len(found) == 1 else RecentBackups([*found, *recent])
        return History(
            successes=MappingProxyType(successes),
            attempt=_newest_event(self.attempt, NO_IDS, (b for b in dated if b.status is not Status.PENDING)),
            failure=_newest_event(self.failure, NO_IDS, (b for b in dated if b.status is Status.FAILED)),
            finished=_newest_event(self.finished, NO_IDS, (b for b in dated if b.status not in UNFINISHED)),
        )

    def up_to(self, until: float) -> "History":
        """Return the history without the successes that start later."""
        recent = {
            kind: RecentBackups(one for one in known if one.started <= until) for kind, known in self.successes.items()
        }
        return replace(self, successes=MappingProxyType({kind: known for kind, known in recent.items() if known}))

    def starts_after(self, instant: float) -> list[float]:
        """Return the starts of successes beyond an instant, which were seen while the clock was ahead of now."""
        late = (recent for recent in self.successes.values() if recent.newest > instant)
        return [one.started for recent in late for one in recent if one.started > instant]

    @property
    def newest(self) -> CompletedBackup | None:
        """The newest completed backup of all kinds."""
        return max((recent[0] for recent in self.successes.values()), key=lambda one: one.started, default=None)


def _recovery_point(recovery: RecoveryWindow | None, until: float) -> Iterable[Backup]:
    if recovery is not None and recovery.latest is not None and recovery.latest <= until:
        yield Backup(id=WINDOW, status=Status.COMPLETED, started=recovery.latest, kind=recovery.kind)


def _with_reported(successes: Mapping[str, RecentBackups], at: float | None) -> Mapping[str, RecentBackups]:
    """Return the successes with the newest reported one, if that is later than all of them, and without it if not."""
    without = {kind: [one for one in recent if one.id != REPORTED] for kind, recent in successes.items()}
    times = [one.started for recent in successes.values() for one in recent if one.id == REPORTED]
    if at is None and not times:
        return successes
    newest = max(times if at is None else [*times, at])
    known = [one.started + (one.duration or 0.0) for recent in without.values() for one in recent]
    if newest > max(known, default=0.0) + REPORT_TOLERANCE:
        without.setdefault("", []).insert(0, CompletedBackup(id=REPORTED, started=newest))
    return MappingProxyType({kind: RecentBackups(recent) for kind, recent in without.items() if recent})


def _newest_event(known: Event | None, ids: Set[str], candidates: Iterable[Backup]) -> Event | None:
    newest = max(candidates, key=_start, default=None)
    if known is not None and known.id in ids:
        known = None  # what a record says now counts
    if known is not None and (newest is None or known.started > _start(newest)):
        return known
    return None if newest is None else Event(id=newest.id, started=_start(newest), status=newest.status)


def _start(dated: Backup) -> float:
    return dated.started or 0.0


def _merge_successes(known: Mapping[str, RecentBackups], dated: list[Backup]) -> Mapping[str, RecentBackups]:
    """Add what is listed; what a record says now replaces what it said before, its kind too."""
    listed = {backup.id: backup for backup in dated}
    before = {one.id: one for recent in known.values() for one in recent}
    by_kind = {kind: [one for one in recent if _still_holds(one, listed.get(one.id))] for kind, recent in known.items()}
    completed: dict[str, list[Backup]] = {}
    for backup in listed.values():
        if backup.status is Status.COMPLETED:
            completed.setdefault(backup.kind, []).append(backup)
    for kind, found in completed.items():
        since = nlargest(MAX_RECENT, map(_start, found))[-1]  # what began before these is not kept, unless it was
        worth = (one for one in found if _start(one) >= since or one.id in before)
        by_kind.setdefault(kind, []).extend(_to_completed(one, before.get(one.id)) for one in worth)
    return MappingProxyType({kind: RecentBackups(known) for kind, known in by_kind.items() if known})


def _still_holds(known: CompletedBackup, listed: Backup | None) -> bool:
    """Return whether no listed record contradicts this success; a later run under the same id is another one."""
    if listed is None or listed.started is None:
        return True
    return listed.status is not Status.COMPLETED and listed.started > known.started


def _to_completed(backup: Backup, before: CompletedBackup | None) -> CompletedBackup:
    fresh = CompletedBackup(id=backup.id, started=backup.started or 0.0, size=backup.size, duration=backup.duration)
    if before is None or fresh.started > before.started:
        return fresh
    return replace(
        fresh,
        started=max(fresh.started, before.started) if fresh.id == WINDOW else fresh.started,
        size=before.size if fresh.size is None else fresh.size,
        duration=fresh.duration if before.duration is None else before.duration,
    )

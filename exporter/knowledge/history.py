"""Remembers what a vendor may forget: per kind the newest completed backups, and the newest of what else happened."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from heapq import nlargest
from types import MappingProxyType

from exporter.knowledge.successes import KEPT, Success, Successes
from exporter.model import UNFINISHED, Backup, Recovery, Status

NOBODY: frozenset[str] = frozenset()
NO_SUCCESSES = Successes(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """When a backup started, and what it was by then."""

    id: str
    started: float
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What stays true although a listing does not show it any more."""

    successes: Mapping[str, Successes] = field(default_factory=lambda: MappingProxyType({}))
    """By kind; no kind without one."""
    attempt: Event | None = None
    failure: Event | None = None
    finished: Event | None = None

    def after(self, listed: Iterable[Backup], recovery: Recovery | None = None) -> "History":
        """Return the history with a listing added to it; of a recovery window, its newest point is the success.

        A duration stays as it was first seen: a vendor whose finish is only "last changed" may move it later. A
        success whose record now says something else is no success any more.
        """
        dated = [backup for backup in listed if backup.started is not None]
        ids = {backup.id for backup in dated}
        return History(
            successes=_successes(self.successes, [*dated, *_points(recovery)]),
            attempt=_newest(self.attempt, ids, (b for b in dated if b.status is not Status.PENDING)),
            failure=_newest(self.failure, ids, (b for b in dated if b.status is Status.FAILED)),
            finished=_newest(self.finished, ids, (b for b in dated if b.status not in UNFINISHED)),
        )

    def remembers(self, ids: Iterable[str]) -> bool:
        """Whether it holds anything about one of these backups, which what is said of it now may change."""
        events = (self.attempt, self.failure, self.finished)
        known = {own for kept in self.successes.values() for own in kept.ids()} | {one.id for one in events if one}
        return not known.isdisjoint(ids)

    def joined_by(self, new: Iterable[Backup]) -> "History":
        """Return what `after` would, all else being as it was: for backups of which nothing is remembered."""
        dated = [backup for backup in new if backup.started is not None]
        if not dated:
            return self
        completed: dict[str, list[Success]] = {}
        for backup in dated:
            if backup.status is Status.COMPLETED:
                completed.setdefault(backup.kind, []).append(_success(backup, None))
        successes = dict(self.successes)
        for kind, found in completed.items():
            kept = successes.get(kind, NO_SUCCESSES)
            successes[kind] = kept.joined_by(found[0]) if len(found) == 1 else Successes([*found, *kept])
        return History(
            successes=MappingProxyType(successes),
            attempt=_newest(self.attempt, NOBODY, (b for b in dated if b.status is not Status.PENDING)),
            failure=_newest(self.failure, NOBODY, (b for b in dated if b.status is Status.FAILED)),
            finished=_newest(self.finished, NOBODY, (b for b in dated if b.status not in UNFINISHED)),
        )

    @property
    def newest(self) -> Success | None:
        """The newest completed backup of all kinds."""
        return max((kept[0] for kept in self.successes.values()), key=lambda one: one.started, default=None)


def _points(recovery: Recovery | None) -> Iterable[Backup]:
    if recovery is not None and recovery.latest is not None:
        yield Backup(id="recovery window", status=Status.COMPLETED, started=recovery.latest, kind=recovery.kind)


def _newest(remembered: Event | None, ids: Set[str], candidates: Iterable[Backup]) -> Event | None:
    newest = max(candidates, key=_start, default=None)
    if remembered is not None and remembered.id in ids:
        remembered = None  # what a record says now counts
    if remembered is not None and (newest is None or remembered.started > _start(newest)):
        return remembered
    return None if newest is None else Event(id=newest.id, started=_start(newest), status=newest.status)


def _start(dated: Backup) -> float:
    return dated.started or 0.0


def _successes(remembered: Mapping[str, Successes], dated: list[Backup]) -> Mapping[str, Successes]:
    """Add what is listed; what a record says now replaces what it said before, its kind too."""
    listed = {backup.id: backup for backup in dated}
    before = {one.id: one for kept in remembered.values() for one in kept}
    by_kind = {kind: [one for one in kept if _stands(one, listed.get(one.id))] for kind, kept in remembered.items()}
    completed: dict[str, list[Backup]] = {}
    for backup in listed.values():
        if backup.status is Status.COMPLETED:
            completed.setdefault(backup.kind, []).append(backup)
    for kind, found in completed.items():
        since = nlargest(KEPT, map(_start, found))[-1]  # what began before these is not kept, unless it was
        worth = (one for one in found if _start(one) >= since or one.id in before)
        by_kind.setdefault(kind, []).extend(_success(one, before.get(one.id)) for one in worth)
    return MappingProxyType({kind: Successes(known) for kind, known in by_kind.items() if known})


def _stands(remembered: Success, listed: Backup | None) -> bool:
    """Whether no record speaks of this success now; a later run under the same id is another one."""
    if listed is None or listed.started is None:
        return True
    return listed.status is not Status.COMPLETED and listed.started > remembered.started


def _success(backup: Backup, before: Success | None) -> Success:
    now = Success(id=backup.id, started=backup.started or 0.0, size=backup.size, duration=backup.duration)
    if before is None or now.started > before.started:
        return now
    return replace(
        now,
        started=max(now.started, before.started),
        size=before.size if now.size is None else now.size,
        duration=now.duration if before.duration is None else before.duration,
    )

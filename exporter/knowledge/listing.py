"""Puts pages together to what a vendor lists of one resource, and decides when enough of them have been read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from exporter.knowledge.packed import PackedBackups
from exporter.model import UNFINISHED, Backup, Page, Recovery, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All backups that the vendor lists, as far as it has been read."""

    backups: Mapping[str, Backup] = field(default_factory=lambda: MappingProxyType({}))
    recovery: Recovery | None = None
    followed: frozenset[str] = frozenset()
    """Backups that no page has shown yet: of what is older than these, some may be unknown still."""

    def suffices(self, pages: Iterable[Page]) -> bool:
        """Whether the newest pages tell all that can have changed, so that older ones need not be read.

        They do when they reach back to a backup that a page has shown before, show every one that had not ended, and
        leave as many in all as the vendor says it has.
        """
        pages = tuple(pages)
        read = {backup.id for page in pages for backup in page.backups}
        open_ = {known.id for known in self.unfinished()}
        reached = not read.isdisjoint(self.backups.keys() - self.followed)
        total = next((page.total for page in reversed(pages) if page.total is not None), None)
        return reached and open_ <= read and total in (None, len(self.after(pages, whole=False).backups))

    def after(self, pages: Iterable[Page], *, whole: bool) -> "Listing":
        """Return the listing with freshly read pages; with `whole`, they are all there is.

        A part takes nothing away, for its place in time is unknown: a vendor may list by id what started in another
        order. A backup that was seen completed does not go back to running: that is a lagging replica talking.
        """
        pages = tuple(pages)
        fresh = {backup.id: self._settled(backup) for page in pages for backup in page.backups}
        recovery = next((page.recovery for page in pages if page.recovery is not None), None)
        if whole:
            return Listing(backups=MappingProxyType(fresh), recovery=recovery)
        return Listing(
            backups=MappingProxyType(dict(self.backups.items()) | fresh),
            recovery=recovery or self.recovery,
            followed=self.followed - fresh.keys(),
        )

    def updated(self, backups: Iterable[Backup]) -> "Listing":
        """Return the listing with single backups changed or added: what following a run has told."""
        changed = {backup.id: self._settled(backup) for backup in backups}
        return Listing(
            backups=MappingProxyType(dict(self.backups.items()) | changed),
            recovery=self.recovery,
            followed=self.followed | (changed.keys() - self.backups.keys()),
        )

    def unfinished(self) -> list[Backup]:
        """Return the backups that run or wait."""
        if isinstance(self.backups, PackedBackups):
            return self.backups.unfinished()
        return [backup for backup in self.backups.values() if backup.status in UNFINISHED]

    def packed(self) -> "Listing":
        """Return the same in little memory, to be kept until the next poll."""
        return replace(self, backups=PackedBackups(self.backups.values()))

    def _settled(self, backup: Backup) -> Backup:
        known = self.backups.get(backup.id) if backup.status in UNFINISHED else None
        if known is None or known.status is not Status.COMPLETED:
            return backup
        return known if known.started == backup.started else backup  # else an id that is used again

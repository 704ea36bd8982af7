"""Puts pages together to what a vendor lists of one resource, and decides when enough of them have been read."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from exporter.knowledge.packed import NONE, PackedBackups
from exporter.model import UNFINISHED, Backup, Page, Recovery, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All backups that the vendor lists, as far as it has been read."""

    backups: PackedBackups = field(default_factory=PackedBackups)
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
        open_ = {known.id for known in self.backups.unfinished()}
        known = {key for key in read if key in self.backups}
        reached = any(page.again for page in pages) or bool(known - self.followed)
        total = next((page.total for page in reversed(pages) if page.total is not None), None)
        return reached and open_ <= read and total in (None, len(self.backups) + len(read - known))

    def after(self, pages: Iterable[Page], *, whole: bool) -> "Listing":
        """Return the listing with freshly read pages; with `whole`, they are all there is.

        A part takes nothing away, for its place in time is unknown: a vendor may list by id what started in another
        order. A backup that was seen completed does not go back to running: that is a lagging replica talking.
        """
        pages = tuple(pages)
        fresh = {backup.id: self._settled(backup) for page in pages for backup in page.backups}
        prints = {key: print_ for page in pages for key, print_ in page.prints.items()}
        again = {print_ for page in pages for print_ in page.again} if whole else None
        recovery = next((page.recovery for page in pages if page.recovery is not None), None)
        return Listing(
            backups=self.backups.revised(fresh, prints, again),
            recovery=recovery if whole else recovery or self.recovery,
            followed=frozenset() if whole else self.followed - fresh.keys(),
        )

    def updated(self, backups: Iterable[Backup]) -> "Listing":
        """Return the listing with single backups changed or added: what following a run has told."""
        changed = {backup.id: self._settled(backup) for backup in backups}
        return Listing(
            backups=self.backups.revised(changed, NONE, None),
            recovery=self.recovery,
            followed=self.followed | {key for key in changed if key not in self.backups},
        )

    def _settled(self, backup: Backup) -> Backup:
        known = self.backups.get(backup.id) if backup.status in UNFINISHED else None
        if known is None or known.status is not Status.COMPLETED:
            return backup
        return known if known.started == backup.started else backup  # else an id that is used again

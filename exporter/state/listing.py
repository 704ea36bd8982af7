"""Merges pages into one resource's listing, and decides when enough of them have been read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from exporter.model import UNFINISHED, Backup, RecoveryWindow, Status
from exporter.state.backup_table import NO_HASHES, BackupTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a resource's listing, as one answer of the vendor gave it, compared with what is known."""

    backups: tuple[Backup, ...] = ()
    """The backups of its records, without those whose bytes are unchanged."""
    hashes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    """By backup, the hash of the record that it was made of, keyed anew in each process."""
    unchanged: frozenset[int] = field(default=frozenset(), compare=False)
    """The hashes of the records that are unchanged."""
    total: int | None = None
    """How many backups the vendor says it lists in all."""
    recovery: RecoveryWindow | None = None
    last: bool = field(default=False, compare=False)
    """Whether this is the last page: with it, the listing is whole and costs no further request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All backups that the vendor lists, as far as it has been read."""

    backups: BackupTable = field(default_factory=BackupTable)
    recovery: RecoveryWindow | None = None
    unconfirmed: frozenset[str] = frozenset()
    """Backups that no page has shown yet; some of the older ones may still be unknown."""

    def is_complete_with(self, pages: Iterable[Page]) -> bool:
        """Return whether the newest pages hold all that can have changed, so that older ones need not be read.

        They do when they reach back to a backup that a page has shown before, show every one that had not ended, and
        leave as many in all as the vendor says it has.
        """
        pages = tuple(pages)
        read = {backup.id for page in pages for backup in page.backups}
        open_ = {known.id for known in self.backups.unfinished()}
        known = set(self.backups.among(read))
        reached = any(page.unchanged for page in pages) or bool(known - self.unconfirmed)
        total = next((page.total for page in reversed(pages) if page.total is not None), None)
        return reached and open_ <= read and total in (None, len(self.backups) + len(read - known))

    def merge_pages(self, pages: Iterable[Page], *, whole: bool) -> "Listing":
        """Return the listing with freshly read pages; with `whole`, they are all there is.

        A part removes nothing, since its place in time is unknown: a vendor may list by id what started in another
        order. A backup that was seen completed does not go back to running: such an answer is a lagging replica's.
        """
        pages = tuple(pages)
        fresh = self._keep_completed({backup.id: backup for page in pages for backup in page.backups})
        hashes = {key: hash_ for page in pages for key, hash_ in page.hashes.items()}
        unchanged = {hash_ for page in pages for hash_ in page.unchanged} if whole else None
        recovery = next((page.recovery for page in pages if page.recovery is not None), None)
        return Listing(
            backups=self.backups.revise(fresh, hashes, unchanged),
            recovery=recovery if whole else recovery or self.recovery,
            unconfirmed=frozenset() if whole else self.unconfirmed - fresh.keys(),
        )

    def update(self, backups: Iterable[Backup]) -> "Listing":
        """Return the listing with single backups changed or added: what a progress poll has read."""
        changed = self._keep_completed({backup.id: backup for backup in backups})
        return Listing(
            backups=self.backups.revise(changed, NO_HASHES, None),
            recovery=self.recovery,
            unconfirmed=self.unconfirmed | (changed.keys() - self.backups.among(changed).keys()),
        )

    def _keep_completed(self, backups: dict[str, Backup]) -> dict[str, Backup]:
        unfinished = [key for key, backup in backups.items() if backup.status in UNFINISHED]
        completed = {
            key: known
            for key, known in self.backups.among(unfinished).items()
            if known.status is Status.COMPLETED
            and known.started == backups[key].started  # else an id that is used again
        }
        return {**backups, **completed} if completed else backups

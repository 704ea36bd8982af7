"""Puts pages together to what a vendor lists of one resource, and decides when enough of them have been read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from exporter.model import UNFINISHED, Backup, Page, Recovery, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All backups that the vendor lists, as far as it has been read."""

    backups: Mapping[str, Backup] = field(default_factory=lambda: MappingProxyType({}))
    recovery: Recovery | None = None

    def suffices(self, pages: Iterable[Page]) -> bool:
        """Whether the newest pages tell all that can have changed, so that older ones need not be read.

        They do when they reach back to a backup that was known and had ended, show every one that had not, and leave
        as many in all as the vendor says it has.
        """
        pages = tuple(pages)
        read = {backup.id for page in pages for backup in page.backups}
        open_ = {known.id for known in self.backups.values() if known.status in UNFINISHED}
        reached = any(key in self.backups and key not in open_ for key in read)
        total = pages[-1].total if pages else None
        return reached and open_ <= read and total in (None, len(self.after(pages, whole=False).backups))

    def after(self, pages: Iterable[Page], *, whole: bool) -> "Listing":
        """Return the listing with freshly read pages; with `whole`, they are all there is.

        Of what is known, what is older than everything read stays. A backup that was seen completed does not go back
        to running: that is a lagging replica talking.
        """
        pages = tuple(pages)
        fresh = {backup.id: self._settled(backup) for page in pages for backup in page.backups}
        recovery = next((page.recovery for page in pages if page.recovery is not None), None)
        if whole:
            return Listing(backups=MappingProxyType(fresh), recovery=recovery)
        horizon = min((b.started for b in fresh.values() if b.started is not None), default=float("-inf"))
        older = {
            key: known
            for key, known in self.backups.items()
            if key not in fresh and (known.started is None or known.started <= horizon)
        }
        return Listing(backups=MappingProxyType(fresh | older), recovery=recovery or self.recovery)

    def updated(self, backups: Iterable[Backup]) -> "Listing":
        """Return the listing with single backups changed or added: what following a run has told."""
        changed = {backup.id: self._settled(backup) for backup in backups}
        return Listing(backups=MappingProxyType({**self.backups, **changed}), recovery=self.recovery)

    def _settled(self, backup: Backup) -> Backup:
        known = self.backups.get(backup.id)
        completed = known is not None and known.status is Status.COMPLETED
        return known if known is not None and completed and backup.status in UNFINISHED else backup

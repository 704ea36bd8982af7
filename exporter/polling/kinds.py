"""Limits how many kinds a resource's backups can have: a vendor may send any text, and each kind is a series."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from exporter.model import Backup
from exporter.state.listing import Page
from exporter.state.resource import ResourceStatus

MAX_KINDS = 200
OTHER_KINDS = "other kinds"
"""The kind of the backups whose own kind is beyond the limit."""
ALWAYS = frozenset({"", OTHER_KINDS})


class Kinds:
    """The kinds of one resource that are kept: those that are known, then others as they come."""

    def __init__(self, resource_status: ResourceStatus) -> None:
        """Begin with what is listed, remembered or scheduled."""
        listing, details = resource_status.listing, resource_status.details
        listed = listing.backups.kinds() if listing is not None else ()
        scheduled = details.intervals if details is not None else ()
        self._own = {*listed, *resource_status.history.successes, *scheduled} - ALWAYS

    def cap_page(self, page: Page) -> Page:
        """Return a page with its backups within the limit of kinds."""
        if self._reserve({backup.kind for backup in page.backups}):
            return page
        return replace(page, backups=tuple(self._cap(page.backups)))

    def cap(self, backups: Iterable[Backup]) -> list[Backup]:
        """Return backups within the limit of kinds."""
        return list(self._cap(backups))

    def _cap(self, backups: Iterable[Backup]) -> Iterator[Backup]:
        for backup in backups:
            yield backup if self._reserve({backup.kind}) else replace(backup, kind=OTHER_KINDS)

    def _reserve(self, kinds: set[str]) -> bool:
        """Add kinds to those that are kept, if there is room for all of them."""
        new = kinds - self._own - ALWAYS
        if new and len(self._own) + len(new) > MAX_KINDS:
            return False
        self._own |= new
        return True


def are_capped(resource_status: ResourceStatus) -> bool:
    """Return whether backups of a resource have been given another kind than their own."""
    return resource_status.listing is not None and OTHER_KINDS in resource_status.listing.backups.kinds()

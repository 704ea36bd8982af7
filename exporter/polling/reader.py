"""Reads one resource: its listing, and what changes rarely, each as often as it must be."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace

from exporter.client.change_detector import ChangeDetector, NotModifiedError
from exporter.model import Backup, Details, Page
from exporter.polling.mapping import NONE_KNOWN, map_page
from exporter.provider import Api, RawPage
from exporter.settings import Source
from exporter.state.listing import Listing
from exporter.state.resource import ResourceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Freshly read pages of one resource, not yet put together with what is known."""

    pages: tuple[Page, ...]
    """Held against `base`, the listing that was known when the reading began."""
    raw: tuple[RawPage, ...]
    base: Listing | None
    whole: bool
    response_hashes: tuple[int, ...] = ()
    """The answers that the pages were made of, by their hashes."""
    etag: str = ""
    """The vendor's mark of the only answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How one source's resources are read."""

    source: Source
    api: Callable[[], Api]
    """A new operation of its own for each reading."""
    listing_api: Callable[[ChangeDetector], Api] | None = None
    """The same for a listing, which ends by NotModifiedError if all is as it was; None: each is read to the end."""

    async def listing(self, resource_status: ResourceStatus) -> Reading | None:
        """Read a resource's pages, only as many as needed unless the whole listing is due; None if all is as it was."""
        newest_first = self.source.provider.newest_first
        partial_allowed = newest_first and not self._due(resource_status.fully_listed_at)
        skippable = partial_allowed or not newest_first
        # once in a discovery interval all is sent again, whatever the vendor's marks say
        etag = "" if self._due(resource_status.fully_listed_at) else resource_status.etag
        detector = (
            ChangeDetector(resource_status.response_hashes, previous_etag=etag) if skippable else ChangeDetector()
        )
        try:
            return await self._read(resource_status, detector, partial_allowed=partial_allowed)
        except NotModifiedError:
            return None

    def apply_listing(self, resource_status: ResourceStatus, reading: Reading) -> ResourceStatus:
        """Return the resource with a reading added; `watched` may have changed since the reading began."""
        pages = reading.pages
        fresh: dict[str, Backup] | None = {backup.id: backup for page in pages for backup in page.backups}
        if resource_status.listing is not reading.base:  # following a backup, or discovery, has changed it meanwhile
            pages, fresh = tuple(map(self._map, reading.raw)), None
        listing = (resource_status.listing or Listing()).merge_pages(pages, whole=reading.whole)
        whole_at = asyncio.get_running_loop().time() if reading.whole else resource_status.fully_listed_at
        known = resource_status.update_listing(listing, sizes=self.source.provider.sizes, fresh=fresh)
        return replace(known, fully_listed_at=whole_at, response_hashes=reading.response_hashes, etag=reading.etag)

    def apply_progress(self, resource_status: ResourceStatus, backups: Iterable[Backup]) -> ResourceStatus:
        """Return the resource with what following a running backup has told."""
        listing = (resource_status.listing or Listing()).update(backups)
        return replace(resource_status.update_listing(listing, sizes=self.source.provider.sizes), response_hashes=())

    def mark_unchanged(self, resource_status: ResourceStatus) -> ResourceStatus:
        """Return the resource whose listing is as it was; once it is due, that it was read whole has to be noted."""
        if not resource_status.etag or not self._due(resource_status.fully_listed_at):
            return resource_status
        return replace(resource_status, fully_listed_at=asyncio.get_running_loop().time())

    def needs_details(self, resource_status: ResourceStatus) -> bool:
        """Whether schedule and state are to be read again; not where discovery tells them."""
        provider, resource = self.source.provider, resource_status.resource
        return provider.details is not None and resource.details is None and self._due(resource_status.details_read_at)

    async def details(self, resource_status: ResourceStatus) -> Details:
        """Read what changes rarely."""
        assert self.source.provider.details is not None  # noqa: S101 - wants_facts was asked first
        return await self.source.provider.details(self.api(), self.source.options, resource_status.resource)

    def with_details(self, resource_status: ResourceStatus, details: Details) -> ResourceStatus:
        """Return the resource with facts that were just read."""
        return replace(resource_status, details=details, details_read_at=asyncio.get_running_loop().time())

    async def _read(
        self, resource_status: ResourceStatus, detector: ChangeDetector, *, partial_allowed: bool
    ) -> Reading:
        before = resource_status.listing or Listing()
        known, pages, raw = before.backups.hashes(), list[Page](), list[RawPage]()
        api = self.api() if self.listing_api is None else self.listing_api(detector)
        apply_listing = self.source.provider.pages(api, self.source.options, resource_status.resource)
        whole = True
        async with aclosing(apply_listing):  # type: ignore[type-var]  # an AsyncIterator by contract, a generator in truth
            async for page in apply_listing:
                raw.append(page)
                pages.append(self._map(page, known))
                if partial_allowed and not page.last and before.is_complete_with(pages):
                    whole = False
                    break
        response_hashes = tuple(detector.seen)
        etag = detector.etag if len(response_hashes) == 1 else ""
        return Reading(
            pages=tuple(pages),
            raw=tuple(raw),
            base=resource_status.listing,
            whole=whole,
            response_hashes=response_hashes,
            etag=etag,
        )

    def _map(self, raw: RawPage, known: frozenset[int] = NONE_KNOWN) -> Page:
        return map_page(self.source.provider, self.source.options, raw, known)

    def _due(self, read: float | None) -> bool:
        return read is None or asyncio.get_running_loop().time() - read >= self.source.discovery_interval

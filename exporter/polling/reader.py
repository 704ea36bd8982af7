"""Reads one resource: its listing, and its details, each as often as needed."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from math import inf

from exporter import workers
from exporter.client.change_detector import ChangeDetector, NotModifiedError
from exporter.client.session import Session
from exporter.errors import CapError
from exporter.model import Backup, Details
from exporter.polling.kinds import Kinds
from exporter.polling.mapping import is_large, map_page, slices
from exporter.provider import Api
from exporter.settings import Source
from exporter.state.listing import Listing, Page
from exporter.state.resource import ResourceStatus

MAX_RECORDS = 400_000
"""In one listing: each takes about 400 bytes until the listing is packed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Freshly read pages of one resource, not yet merged with what is known."""

    pages: tuple[Page, ...]
    """Compared with `base`, the listing that was known when the reading began."""
    base: Listing | None
    whole: bool
    response_hashes: tuple[int, ...] = ()
    """The answers that the pages were made of, by their hashes."""
    etag: str = ""
    """The vendor's mark of the only answer."""
    link: str = ""
    """The `Link` header of that answer."""

    @property
    def backups(self) -> Iterator[Backup]:
        """The backups of all its pages, as they came."""
        return (backup for page in self.pages for backup in page.backups)

    @property
    def records(self) -> int:
        """How many backups the listings hold that are merged."""
        return sum(len(page.backups) for page in self.pages) + (len(self.base.backups) if self.base else 0)

    def page(self) -> Page:
        """Return all that was read as one page, compared with nothing."""
        known = (
            self.base.backups.with_hashes(set().union(*(page.unchanged for page in self.pages))) if self.base else {}
        )
        fresh = {backup.id: backup for page in self.pages for backup in page.backups}
        hashes = {key: hash_ for page in self.pages for key, hash_ in page.hashes.items()}
        return Page(
            backups=tuple({**{key: backup for key, (backup, _) in known.items()}, **fresh}.values()),
            hashes={**{key: hash_ for key, (_, hash_) in known.items()}, **hashes},
            recovery=next((page.recovery for page in self.pages if page.recovery is not None), None),
        )


@dataclass(frozen=True, slots=True)
class ReadingTime:
    """When something is read, so that what runs in the worker thread looks at no clock."""

    loop: float
    """Seconds of the event loop's clock."""
    unix: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How one source's resources are read."""

    source: Source
    api: Callable[[], Api]
    """Returns a new session for each reading."""
    listing_api: Callable[[ChangeDetector], Api] | None = None
    """The same for a listing, which raises NotModifiedError if nothing changed; None: each is read to the end."""
    clock: Callable[[], float] = lambda: inf
    """Unix seconds, by which a start lies in the future."""

    def time(self) -> ReadingTime:
        """Return the time; to be called on the event loop, whose clock and whose store it reads."""
        return ReadingTime(loop=asyncio.get_running_loop().time(), unix=self.clock())

    async def listing(self, resource_status: ResourceStatus) -> Reading | None:
        """Read as many of a resource's pages as needed, all if the whole listing is due; None if nothing changed."""
        newest_first = self.source.provider.newest_first
        partial_allowed = newest_first and not self._due(resource_status.fully_listed_at)
        skippable = partial_allowed or not newest_first
        # once per discovery interval everything is requested again, whatever the ETag
        etag = "" if self._due(resource_status.fully_listed_at) else resource_status.etag
        detector = (
            ChangeDetector(resource_status.response_hashes, previous_etag=etag, previous_link=resource_status.link)
            if skippable
            else ChangeDetector()
        )
        try:
            return await self._read(resource_status, detector, partial_allowed=partial_allowed)
        except NotModifiedError:
            return None

    def apply_listing(self, resource_status: ResourceStatus, reading: Reading, at: ReadingTime) -> ResourceStatus:
        """Return the resource with a reading added; `resource_status` may have changed since the reading began."""
        pages = reading.pages
        fresh: dict[str, Backup] | None = {backup.id: backup for page in pages for backup in page.backups}
        if resource_status.listing is not reading.base:  # following a backup, or discovery, has changed it meanwhile
            pages, fresh = (reading.page(),), None
        listing = (resource_status.listing or Listing()).merge_pages(pages, whole=reading.whole)
        known = resource_status.update_listing(listing, sizes=self.source.provider.sizes, fresh=fresh, now=at.unix)
        whole_at = at.loop if reading.whole else resource_status.fully_listed_at
        return replace(
            known,
            fully_listed_at=whole_at,
            response_hashes=reading.response_hashes,
            etag=reading.etag,
            link=reading.link,
        )

    def apply_progress(
        self, resource_status: ResourceStatus, backups: Iterable[Backup], at: ReadingTime
    ) -> ResourceStatus:
        """Return the resource with what a progress poll has read."""
        listing = (resource_status.listing or Listing()).update(Kinds(resource_status).cap(backups))
        return replace(
            resource_status.update_listing(listing, sizes=self.source.provider.sizes, now=at.unix),
            response_hashes=(),
        )

    def mark_unchanged(self, resource_status: ResourceStatus, at: ReadingTime) -> ResourceStatus:
        """Return the resource whose listing is unchanged; if a whole reading was due, record it.

        A start that lay in the future begins to count once its time has come.
        """
        if (
            resource_status.listing is not None
            and resource_status.awaits is not None
            and resource_status.awaits <= at.unix
        ):
            resource_status = resource_status.update_listing(
                resource_status.listing, sizes=self.source.provider.sizes, now=at.unix
            )
        return (
            replace(resource_status, fully_listed_at=at.loop)
            if resource_status.etag and self._due(resource_status.fully_listed_at, at.loop)
            else resource_status
        )

    async def put_together(
        self, current: Callable[[], ResourceStatus | None], reading: Reading | None
    ) -> ResourceStatus | None:
        """Return the resource with a reading added, or unchanged if nothing changed; None if it is gone."""

        def records(resource_status: ResourceStatus) -> int:
            if reading is not None:
                return reading.records
            return (
                len(resource_status.listing.backups)
                if resource_status.listing and resource_status.awaits is not None
                else 0
            )

        at = self.time()
        return await apply_changes(
            current,
            lambda it: self.mark_unchanged(it, at) if reading is None else self.apply_listing(it, reading, at),
            records,
        )

    def needs_details(self, resource_status: ResourceStatus) -> bool:
        """Return whether schedule and state have to be read again; not if discovery gives them."""
        provider, resource = self.source.provider, resource_status.resource
        return provider.details is not None and resource.details is None and self._due(resource_status.details_read_at)

    async def details(self, resource_status: ResourceStatus) -> Details:
        """Read what changes rarely."""
        assert self.source.provider.details is not None  # noqa: S101 - needs_details was asked first
        return await self.source.provider.details(self.api(), self.source.options, resource_status.resource)

    def with_details(self, resource_status: ResourceStatus, details: Details) -> ResourceStatus:
        """Return the resource with details that were just read."""
        known = replace(resource_status, details=details, details_read_at=asyncio.get_running_loop().time())
        return known.with_reported_success(sizes=self.source.provider.sizes, now=self.clock())

    async def _read(
        self, resource_status: ResourceStatus, detector: ChangeDetector, *, partial_allowed: bool
    ) -> Reading:
        api = self.api() if self.listing_api is None else self.listing_api(detector)
        try:
            pages, whole = await self._pages(api, resource_status, partial_allowed=partial_allowed)
        finally:
            if isinstance(api, Session):
                api.close()
        response_hashes = tuple(detector.seen)
        only = len(response_hashes) == 1
        return Reading(
            pages=tuple(pages),
            base=resource_status.listing,
            whole=whole,
            response_hashes=response_hashes,
            etag=detector.etag if only else "",
            link=detector.link if only else "",
        )

    async def _pages(
        self, api: Api, resource_status: ResourceStatus, *, partial_allowed: bool
    ) -> tuple[list[Page], bool]:
        """Read pages until they suffice, each slice by slice; return them, and whether they are the whole listing."""
        before = resource_status.listing or Listing()
        known, pages, records = before.backups.hashes(), list[Page](), 0
        resource, kinds = resource_status.resource, Kinds(resource_status)
        resource = replace(resource, details=resource.details or resource_status.details)
        pages_read = self.source.provider.pages(api, self.source.options, resource)
        async with aclosing(pages_read):  # type: ignore[type-var]  # an AsyncIterator by contract, a generator in truth
            async for page in pages_read:
                records += len(page.records)
                if records > MAX_RECORDS:
                    raise CapError(f"more than {MAX_RECORDS} records in one listing", limit="body")
                for piece in slices(page):
                    map_piece = partial(map_page, self.source.provider, self.source.options, piece, known)
                    found = await workers.run(map_piece) if is_large(piece) else map_piece()
                    pages.append(kinds.cap_page(found))
                    if len(piece.records) < len(page.records):
                        workers.LARGE_READINGS.freeze_heap()
                        await asyncio.sleep(0)
                if partial_allowed and not page.last and before.is_complete_with(pages):
                    return pages, False
        return pages, True

    def _due(self, read: float | None, at: float | None = None) -> bool:
        now = asyncio.get_running_loop().time() if at is None else at
        return read is None or now - read >= self.source.discovery_interval


async def apply_changes(
    current: Callable[[], ResourceStatus | None],
    change: Callable[[ResourceStatus], ResourceStatus],
    records: Callable[[ResourceStatus], int],
) -> ResourceStatus | None:
    """Return a resource with a change made to what is known of it now; None if it is gone.

    `records` says how many backups are looked at for it: if many, that is done in the worker thread, and repeated if
    something else has changed the resource meanwhile.
    """
    while (before := current()) is not None:
        after = (
            await workers.run(workers.run_without_gc, change, before)
            if records(before) > workers.MAX_INLINE_VALUES
            else change(before)
        )
        if current() is before:
            return after
    return None

"""Reads one resource: its listing, and what changes rarely, each as often as it must be."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace

from exporter.knowledge.listing import Listing
from exporter.knowledge.state import Watched
from exporter.model import Backup, Facts, Page
from exporter.polling.mapping import NOTHING, mapped
from exporter.provider import Api, RawPage
from exporter.settings import Source
from exporter.transport.recollection import Recollection, SameAgainError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Freshly read pages of one resource, not yet put together with what is known."""

    pages: tuple[Page, ...]
    """Held against `base`, the listing that was known when the reading began."""
    raw: tuple[RawPage, ...]
    base: Listing | None
    whole: bool
    heard: tuple[int, ...] = ()
    """The answers that the pages were made of, by their hashes."""
    etag: str = ""
    """The vendor's mark of the only answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How one source's resources are read."""

    source: Source
    api: Callable[[], Api]
    """A new operation of its own for each reading."""
    attentive: Callable[[Recollection], Api] | None = None
    """The same for a listing, which ends by SameAgainError if all is as it was; None: each is read to the end."""

    async def listing(self, watched: Watched) -> Reading | None:
        """Read a resource's pages, only as many as needed unless the whole listing is due; None if all is as it was."""
        newest_first = self.source.provider.newest_first
        partial_will_do = newest_first and not self._due(watched.listed_whole)
        skippable = partial_will_do or not newest_first
        # once in a discovery interval all is sent again, whatever the vendor's marks say
        etag = "" if self._due(watched.listed_whole) else watched.etag
        recollection = Recollection(watched.heard, etag=etag) if skippable else Recollection()
        try:
            return await self._read(watched, recollection, partial_will_do=partial_will_do)
        except SameAgainError:
            return None

    def listed(self, watched: Watched, reading: Reading) -> Watched:
        """Return the resource with a reading added; `watched` may have changed since the reading began."""
        pages = reading.pages
        fresh: dict[str, Backup] | None = {backup.id: backup for page in pages for backup in page.backups}
        if watched.listing is not reading.base:  # following a backup, or discovery, has changed it meanwhile
            pages, fresh = tuple(map(self._mapped, reading.raw)), None
        listing = (watched.listing or Listing()).after(pages, whole=reading.whole)
        whole_at = asyncio.get_running_loop().time() if reading.whole else watched.listed_whole
        known = watched.listed(listing, sizes=self.source.provider.sizes, fresh=fresh)
        return replace(known, listed_whole=whole_at, heard=reading.heard, etag=reading.etag)

    def followed(self, watched: Watched, backups: Iterable[Backup]) -> Watched:
        """Return the resource with what following a running backup has told."""
        listing = (watched.listing or Listing()).updated(backups)
        return replace(watched.listed(listing, sizes=self.source.provider.sizes), heard=())

    def unchanged(self, watched: Watched) -> Watched:
        """Return the resource whose listing is as it was; once it is due, that it was read whole has to be noted."""
        if not watched.etag or not self._due(watched.listed_whole):
            return watched
        return replace(watched, listed_whole=asyncio.get_running_loop().time())

    def wants_facts(self, watched: Watched) -> bool:
        """Whether schedule and state are to be read again; not where discovery tells them."""
        provider, resource = self.source.provider, watched.resource
        return provider.facts is not None and resource.facts is None and self._due(watched.facts_read)

    async def facts(self, watched: Watched) -> Facts:
        """Read what changes rarely."""
        assert self.source.provider.facts is not None  # noqa: S101 - wants_facts was asked first
        return await self.source.provider.facts(self.api(), self.source.options, watched.resource)

    def informed(self, watched: Watched, facts: Facts) -> Watched:
        """Return the resource with facts that were just read."""
        return replace(watched, facts=facts, facts_read=asyncio.get_running_loop().time())

    async def _read(self, watched: Watched, recollection: Recollection, *, partial_will_do: bool) -> Reading:
        before = watched.listing or Listing()
        known, pages, raw = before.backups.prints(), list[Page](), list[RawPage]()
        api = self.api() if self.attentive is None else self.attentive(recollection)
        listed = self.source.provider.pages(api, self.source.options, watched.resource)
        whole = True
        async with aclosing(listed):  # type: ignore[type-var]  # an AsyncIterator by contract, a generator in truth
            async for part in listed:
                raw.append(part)
                pages.append(self._mapped(part, known))
                if partial_will_do and not part.last and before.suffices(pages):
                    whole = False
                    break
        heard = tuple(recollection.heard)
        etag = recollection.told if len(heard) == 1 else ""
        return Reading(pages=tuple(pages), raw=tuple(raw), base=watched.listing, whole=whole, heard=heard, etag=etag)

    def _mapped(self, raw: RawPage, known: frozenset[int] = NOTHING) -> Page:
        return mapped(self.source.provider, self.source.options, raw, known)

    def _due(self, read: float | None) -> bool:
        return read is None or asyncio.get_running_loop().time() - read >= self.source.discovery_interval

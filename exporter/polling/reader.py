"""Reads one resource: its listing, and what changes rarely, each as often as it must be."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace

from exporter.knowledge.listing import Listing
from exporter.knowledge.state import Watched
from exporter.model import Backup, Facts, Page
from exporter.provider import Api
from exporter.settings import Source
from exporter.transport.recollection import Recollection, SameAgainError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Freshly read pages of one resource, not yet put together with what is known."""

    pages: tuple[Page, ...]
    whole: bool
    heard: tuple[int, ...] = ()
    """The answers that the pages were made of, by their hashes."""


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
        recollection = Recollection(watched.heard if skippable else ())
        try:
            pages, whole = await self._pages(watched, recollection, partial_will_do=partial_will_do)
        except SameAgainError:
            return None
        return Reading(pages=pages, whole=whole, heard=tuple(recollection.heard))

    def listed(self, watched: Watched, reading: Reading) -> Watched:
        """Return the resource with a reading added; `watched` may have changed since the reading began."""
        listing = (watched.listing or Listing()).after(reading.pages, whole=reading.whole)
        whole_at = asyncio.get_running_loop().time() if reading.whole else watched.listed_whole
        known = watched.listed(listing, sizes=self.source.provider.sizes)
        return replace(known, listed_whole=whole_at, heard=reading.heard)

    def followed(self, watched: Watched, backups: Iterable[Backup]) -> Watched:
        """Return the resource with what following a running backup has told."""
        listing = (watched.listing or Listing()).updated(backups)
        return replace(watched.listed(listing, sizes=self.source.provider.sizes), heard=())

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

    async def _pages(
        self, watched: Watched, recollection: Recollection, *, partial_will_do: bool
    ) -> tuple[tuple[Page, ...], bool]:
        """Return the pages read, and whether they are all there are."""
        known, pages = watched.listing or Listing(), list[Page]()
        api = self.api() if self.attentive is None else self.attentive(recollection)
        reading = self.source.provider.pages(api, self.source.options, watched.resource)
        async with aclosing(reading):  # type: ignore[type-var]  # an AsyncIterator by contract, a generator in truth
            async for page in reading:
                pages.append(page)
                if partial_will_do and not page.last and known.suffices(pages):
                    return tuple(pages), False
        return tuple(pages), True

    def _due(self, read: float | None) -> bool:
        return read is None or asyncio.get_running_loop().time() - read >= self.source.discovery_interval

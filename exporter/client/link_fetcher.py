"""Fetches from download links: without credentials, cookies or a proxy, and never from a private address."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult

from exporter.client import link as links
from exporter.client.client import deadline
from exporter.client.http import USER_AGENT, Resolver, current_context, translate
from exporter.errors import (
    ChecksumMismatchError,
    ConnectionFailedError,
    ForbiddenError,
    MalformedError,
    SizeMismatchError,
)
from exporter.files import WatchedFile
from exporter.provider import Download
from exporter.settings import VerifyDownloads

MAX_REDIRECTS = 5
BEGINNING = 4096
"""Bytes of a refusal that are read, to find out whether the link has expired."""
CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFetcher:
    """Proves that a file can be fetched."""

    rules: VerifyDownloads
    timeout: float
    """Seconds that the beginning may take, and each pause after it."""
    clock: Callable[[], float]
    authorities: WatchedFile[ssl.SSLContext] | None = None
    """The file whose certificate authorities are trusted beside the system's."""
    log: Any = field(default_factory=structlog.get_logger)

    async def check(self, download: Download, size: float | None) -> None:
        """Fetch the first byte, or the whole file; raise a PollError unless it is what the vendor reports.

        `size` is the size in bytes that the vendor reports; None: it is not compared.
        """
        try:
            context = await current_context(self.authorities, self.log)
            async with self._session(context) as session:
                if self.rules.method == "full":
                    await self._check_whole(session, download, size)
                else:
                    await self._check_beginning(session, download, size)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise translate(error) from None  # the library's exceptions carry the link

    async def _check_beginning(self, session: aiohttp.ClientSession, download: Download, size: float | None) -> None:
        async with deadline(self.timeout), self._answer(session, download, {"Range": "bytes=0-0"}) as response:
            headers = _lower_names(response)
            length = links.total_length(response.status, headers)
            require_size(length, size)
            if length != 0 and not await response.content.read(1):
                raise ConnectionFailedError("the server closed the connection before the first byte")

    async def _check_whole(self, session: aiohttp.ClientSession, download: Download, size: float | None) -> None:
        async with self._answer(session, download, {}) as response:
            if response.status != 200:
                raise MalformedError(f"HTTP {response.status} instead of the whole file")
            require_size(links.total_length(200, _lower_names(response)), size)
            received, digest = await self._digest(response, size)
        require_size(received, size)
        if download.md5 is not None and digest != download.md5.lower():
            raise ChecksumMismatchError("the file's MD5 is not the one that the vendor reports")

    async def _digest(self, response: aiohttp.ClientResponse, size: float | None) -> tuple[int, str]:
        """Read to the end, no faster than allowed; return the length and the MD5."""
        loop = asyncio.get_running_loop()
        began, received, digest = loop.time(), 0, md5(usedforsecurity=False)
        while True:
            async with deadline(self.timeout):
                chunk = await response.content.read(CHUNK)
            if not chunk:
                return received, digest.hexdigest()
            received += len(chunk)
            digest.update(chunk)
            if size is not None and received > size:
                raise SizeMismatchError("the file is longer than the vendor reports")
            await asyncio.sleep(max(0.0, began + received / self.rules.bytes_per_second - loop.time()))

    @asynccontextmanager
    async def _answer(
        self, session: aiohttp.ClientSession, download: Download, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Give the good answer at the end of the redirects; each address on the way is judged before it is asked."""
        address, end = links.parse(download.link.reveal()), download.expires
        for _ in range(1 + MAX_REDIRECTS):
            links.require_allowed(address, allow_private=self.rules.allow_private)
            links.require_current(address, end, self.clock())
            async with deadline(self.timeout):
                response = await session.get(address, headers=headers, allow_redirects=False)
            async with response:
                location = response.headers.get("Location")
                if 300 <= response.status < 400 and location is not None:
                    address, end = links.follow_redirect(address, location), None
                    continue
                if response.status not in (200, 206):
                    async with deadline(self.timeout):
                        beginning = await response.content.read(BEGINNING)
                    links.require_good(response.status, _lower_names(response), beginning)
                yield response
                response.close()  # the rest of the file is not needed
                return
        raise MalformedError("the link has too many redirects")

    def _session(self, context: ssl.SSLContext) -> aiohttp.ClientSession:
        resolver = Resolver() if self.rules.allow_private else _PublicResolver()
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, resolver=resolver, use_dns_cache=False),
            headers={"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )


def require_size(length: float | None, size: float | None) -> None:
    """Raise SizeMismatchError if both are known and differ."""
    if length is not None and size is not None and length != size:
        raise SizeMismatchError(f"the file has {length:.0f} bytes, the vendor reports {size:.0f}")


class _PublicResolver(AbstractResolver):
    """Resolves names to their public addresses and no others; the connection goes to one of these."""

    def __init__(self) -> None:
        self._resolver = Resolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses; ForbiddenError if none of them is public."""
        found = await self._resolver.resolve(host, port, family)
        public = [one for one in found if links.is_public(one["host"])]
        if not public:
            raise ForbiddenError(links.PRIVATE)
        return public

    async def close(self) -> None:
        """Do nothing; there is nothing to close."""


def _lower_names(response: aiohttp.ClientResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}

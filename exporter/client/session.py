"""One reading by a provider: the requests that it may make, and their number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter import workers
from exporter.client.change_detector import ChangeDetector
from exporter.client.client import Client, Cost, Response
from exporter.client.decoding import decode_body
from exporter.client.rate_limiter import RateLimiter
from exporter.client.responses import (
    link_target,
    links,
)
from exporter.client.signing import merge_headers
from exporter.errors import CapError, MalformedError
from exporter.provider import NO_HEADERS, Answer, Auth

MAX_PAGES = 300
MAX_REDIRECTS = 3
MAX_BYTES = 64 * 2**20
"""Of all the answers of one reading, decoded."""
LARGE_BYTES = 2**20
"""Of the readings whose answers exceed so many bytes, one goes on at a time."""


@dataclass(slots=True, kw_only=True)
class Session:
    """One reading by a provider: its `Api`. Records what it has requested, so that no chain of pages is endless."""

    client: Client
    progress_limiter: RateLimiter | None = None
    """A second, smaller budget that this reading has to stay within as well."""
    detector: ChangeDetector | None = None
    """Ends the reading, by NotModifiedError, once all its answers are as they were before."""
    cost: Cost = field(default_factory=Cost)
    """Counts the requests of this reading, and of whatever shares the object."""
    requested_urls: set[str] = field(default_factory=set, repr=False)
    _bytes: int = field(default=0, repr=False)
    _large: bool = field(default=False, repr=False)

    def close(self) -> None:
        """Let another large reading continue; this one sends no more requests."""
        if self._large:
            self._large = False
            self.client.large.release()
            workers.LARGE_READINGS.end()

    async def get(
        self,
        url: str,
        *,
        auth: Auth | None,
        accept: str = "application/json",
        headers: Mapping[str, str] = NO_HEADERS,
        empty: bool = False,
        envelope: Any = Any,
    ) -> Answer:
        """See `provider.Api.get`."""
        condition = self.detector.conditional_headers if self.detector is not None else {}
        headers = merge_headers({"Accept": accept}, headers)
        url, response = await self._follow_redirects(url, auth, {**headers, **condition})
        if response.status == 304 and condition and self.detector is not None:
            self.detector.observe_not_modified(response.headers.get("link"))
            self.requested_urls.discard(url)  # the pages that follow have changed, so all of them are requested
            url, response = await self._follow_redirects(url, auth, headers)
        if self.detector is not None and response.status == 200:
            header = response.headers
            self.detector.observe(url, header.get("link", ""), response.body, header.get("etag", ""))
        await self._bound_memory(response)
        body = await decode_body(response.status, response.body, empty=empty, envelope=envelope)
        return Answer(body=body, links=links(response.headers), url=url, size=len(response.body))

    def link(self, answer: Answer, target: object) -> str | None:
        """See `provider.Api.link`."""
        if isinstance(target, Mapping):  # https://jsonapi.org/format/#document-links-link-object
            target = target.get("href")
        return self._resolve(answer.url, target) if isinstance(target, str) and target.strip() else None

    def _resolve(self, url: str, target: str) -> str:
        within = [base for base in self.client.bases if url == base or url.startswith((f"{base}/", f"{base}?"))]
        return link_target(url, target, max(within, key=len, default=""))

    async def _bound_memory(self, response: Response) -> None:
        """Bound what one reading holds, and let one of a source's large ones go on at a time."""
        self._bytes += len(response.body)
        if self._bytes > MAX_BYTES:
            raise CapError(f"a listing is larger than {MAX_BYTES // 2**20} MiB", limit="body")
        if self._bytes > LARGE_BYTES and not self._large:
            await self.client.large.acquire()
            self._large = True
            workers.LARGE_READINGS.begin()

    async def _follow_redirects(self, url: str, auth: Auth | None, headers: Mapping[str, str]) -> tuple[str, Response]:
        """Return an answer and the address that gave it, after redirects on the same host."""
        for _ in range(1 + MAX_REDIRECTS):
            response = await self._once(url, auth, headers)
            if not 300 <= response.status < 400 or "location" not in response.headers:
                break
            url = self._resolve(url, response.headers["location"])
        return url, response

    async def _once(self, url: str, auth: Auth | None, headers: Mapping[str, str]) -> Response:
        if url in self.requested_urls:
            raise MalformedError("a page link leads back to a page already read")
        if len(self.requested_urls) >= MAX_PAGES:
            raise CapError(f"more than {MAX_PAGES} pages", limit="pages")
        self.requested_urls.add(url)
        if self.progress_limiter is None:
            return await self.client.request("GET", url, auth, headers, None, self.cost)
        async with self.progress_limiter.slot(self.client.max_wait):
            return await self.client.request("GET", url, auth, headers, None, self.cost)

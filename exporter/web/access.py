"""Checks every request: rate, client certificate, origin, password; sets the headers of every answer."""

import asyncio
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from exporter.web.basic_auth import BasicAuthenticator, BusyError
from exporter.web.config import RateSettings, WebConfig
from exporter.web.connections import Connection
from exporter.web.tls import subject_alt_names

HEADERS: Mapping[str, str] = {
    "Server": "backup-exporter",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer."""
HTML_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
DEFAULT_PORTS = {"http": 80, "https": 443}
BUSY_SECONDS = 2.0
"""Seconds to delay the 429 for too many waiting logins, so that clients do not retry at once."""


class AccessControl:
    """Applies the web configuration to requests."""

    def __init__(self, config: WebConfig) -> None:
        """Begin with a configuration; `config` may be replaced at any time."""
        self.config = config
        self._authenticator = BasicAuthenticator()
        self._bucket: Bucket | None = None

    def install(self, app: web.Application) -> None:
        """Check every request of an application, and set the headers of its answers."""
        app.middlewares.append(self._check)
        app.on_response_prepare.append(self._prepare)

    def add_headers(self, response: web.StreamResponse) -> None:
        """Give an answer its headers; those of the web configuration replace ours."""
        response.headers.update(HEADERS)
        if response.content_type == "text/html":
            response.headers.update(HTML_HEADERS)
        response.headers.update(self.config.headers)

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = request.protocol
        if not isinstance(connection, Connection):
            return await self._refuse(request) or await handler(request)
        connection.begin()
        try:
            if (refusal := await self._refuse(request)) is not None:
                return refusal
            if self._requires_login:
                connection.mark_authenticated()
            return await handler(request)
        finally:
            connection.end()

    async def _refuse(self, request: web.Request) -> web.StreamResponse | None:
        """Return the answer to a refused request, or None."""
        config = self.config
        if config.rate is not None and not self._within_rate(config.rate):
            return web.Response(status=429, text="Too Many Requests\n")
        if config.tls is not None and config.tls.client_allowed_sans is not None:
            peer = request.transport.get_extra_info("peercert") if request.transport else None
            if not subject_alt_names(peer) & config.tls.client_allowed_sans:
                return web.Response(status=403, text="Forbidden\n")
        if request.method not in SAFE_METHODS and crosses_origins(request):
            return web.Response(status=403, text="Forbidden: a page of another origin sent this request\n")
        return await self._require_password(config.users, request) if config.users else None

    async def _require_password(self, users: Mapping[bytes, bytes], request: web.Request) -> web.Response | None:
        given, address = request.headers.get("Authorization", ""), network_of(request.remote or "")
        try:
            if await self._authenticator.verify(users, given, address, lambda: request.transport is None):
                return None
        except BusyError:
            await asyncio.sleep(BUSY_SECONDS)
            return web.Response(status=429, text="Too many logins from this address are waiting\n")
        challenge = {"WWW-Authenticate": 'Basic realm="backup-exporter", charset="UTF-8"'}
        return web.Response(status=401, text="Unauthorized\n", headers=challenge)

    @property
    def _requires_login(self) -> bool:
        """Whether an accepted request is authenticated."""
        tls = self.config.tls
        return bool(self.config.users) or (tls is not None and tls.client_allowed_sans is not None)

    async def _prepare(self, _: web.Request, response: web.StreamResponse) -> None:
        self.add_headers(response)

    def _within_rate(self, rate: RateSettings) -> bool:
        now = asyncio.get_running_loop().time()
        if self._bucket is None or self._bucket.rate != rate:
            self._bucket = Bucket(rate, now)
        return self._bucket.take(now)


class Bucket:
    """A token bucket: `burst` requests at once, then one each interval."""

    def __init__(self, rate: RateSettings, now: float) -> None:
        """Start full."""
        self.rate = rate
        self._tokens, self._at = float(rate.burst), now

    def take(self, now: float) -> bool:
        """Return whether there is a token, and take it."""
        self._tokens = min(self.rate.burst, self._tokens + (now - self._at) / self.rate.interval)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def crosses_origins(request: web.Request) -> bool:
    """Return whether a browser says that a page of another scheme, host or port sends a request.

    https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/
    """
    if request.headers.get("Sec-Fetch-Site", "none").lower() not in ("same-origin", "none"):
        return True
    own = _origin(f"{request.scheme}://{request.host}")
    return any(own is None or _origin(origin) != own for origin in request.headers.getall("Origin", []))


def network_of(address: str) -> str:
    """Return the key of a client's address: the /64 of an IPv6 address, since one client may have all of it."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Address(int(found) >> 64 << 64))


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None

"""Sends requests to vendors over real sockets."""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.http_exceptions import LineTooLong
from yarl import URL

from exporter import __version__, authorities
from exporter.client.client import Request, Response
from exporter.client.name_lookup import resolve
from exporter.client.proxies import proxy_of_environment
from exporter.errors import CapError, ConnectionFailedError, MalformedError, PollError, TlsError
from exporter.files import WatchedFile, log_problem_change

MAX_BODY_BYTES = 8 * 2**20
MAX_HEADER_BYTES = 64 * 2**10
MAX_HEADERS = 256
MAX_CONNECTIONS = 16
HEADERS_TOO_LARGE = f"the response headers are larger than {MAX_HEADER_BYTES // 2**10} KiB, or more than {MAX_HEADERS}"
USER_AGENT = f"backup-exporter/{__version__}"


class HttpTransport:
    """One source's connections to its vendor."""

    def __init__(self, *, ca_file: Path | None = None, proxy_url: str | None = None, log: Any = None) -> None:
        """Open nothing yet; a session is made at the first request."""
        self._authorities = watch_authorities(ca_file)
        self._proxy_url = proxy_url
        self._session: aiohttp.ClientSession | None = None
        self._log: Any = structlog.get_logger() if log is None else log
        self._proxies: dict[tuple[str, str], str | None] = {}

    async def send(self, request: Request) -> Response:
        """Return the whole answer. Redirects are not followed, and the body is held below its cap."""
        try:
            url = URL(request.url, encoded=True)
            context = await current_context(self._authorities, self._log)
            async with self._open().request(
                request.method,
                url,
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
                ssl=context,  # of another context is another connection: what is no longer trusted is not used again
                proxy=self._proxy_url or self._proxy_of_environment(url),
            ) as response:
                _bound_headers(response)
                body = await _read(response)
                headers = {name.lower(): value for name, value in response.headers.items()}
                if len(links := response.headers.getall("Link", [])) > 1:
                    headers["link"] = ", ".join(links)
                return Response(status=response.status, headers=headers, body=body)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise translate(error) from None  # the library's exceptions carry addresses and headers

    def _proxy_of_environment(self, url: URL) -> str | None:
        """Return the proxy for a host, cached: reading the whole environment costs as much as a small request."""
        host = url.scheme, url.raw_authority
        if host not in self._proxies:
            self._proxies[host] = proxy_of_environment(url)
        return self._proxies[host]

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS, resolver=Resolver())
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers={"User-Agent": USER_AGENT},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the transport keeps the time
                cookie_jar=aiohttp.DummyCookieJar(),
                middlewares=(_refuse_resend,),
                max_line_size=MAX_HEADER_BYTES,
                max_field_size=MAX_HEADER_BYTES,
                max_headers=MAX_HEADERS,
            )
        return self._session


class Resolver(AbstractResolver):
    """Looks up names without the event loop's own threads."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return all addresses."""
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(hostname=host, host=address[0], port=address[1], family=kind, proto=proto, flags=flags)
            for kind, _, proto, _, address in await resolve(host, port, family)
        ]

    async def close(self) -> None:
        """Do nothing; there is nothing to close."""


async def _refuse_resend(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Turn a broken connection into our own error, since the library would resend without counting."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise translate(error) from None


def _bound_headers(response: aiohttp.ClientResponse) -> None:
    """Refuse headers that are too large together; the library bounds each of them."""
    if sum(len(name) + len(value) + 4 for name, value in response.raw_headers) > MAX_HEADER_BYTES:
        response.close()
        raise MalformedError(HEADERS_TOO_LARGE)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    while chunk := await response.content.readany():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            response.close()
            raise CapError(f"the body is larger than {MAX_BODY_BYTES // 2**20} MiB", limit="body")
        parts.append(chunk)
    return b"".join(parts)


def translate(error: Exception) -> PollError:
    """Return what an exception of the library or the system means, without its text."""
    if any(isinstance(one, LineTooLong) or "Too many headers" in str(one) for one in _causes(error)):
        return MalformedError(HEADERS_TOO_LARGE)
    if isinstance(error, aiohttp.ClientPayloadError) and "decode" in str(error).lower():
        return MalformedError("the body's encoding is broken")
    return next(meaning(error) for kinds, meaning in MEANINGS if isinstance(error, kinds))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _tls_error(error: Exception) -> TlsError:
    """Return the error with OpenSSL's reason in words, and with the cure where a setting is one."""
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    if isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_message:
        cure = "; name its authority in ca_file" if cause.verify_code in UNKNOWN_AUTHORITY else ""
        return TlsError(f"the server's certificate is refused: {cause.verify_message.rstrip('.')}{cure}")
    reason = str(getattr(cause, "reason", None) or "the handshake broke")
    return TlsError(f"TLS failed: {reason.replace('_', ' ').lower()}")


UNKNOWN_AUTHORITY = frozenset({18, 19, 20, 21})
"""OpenSSL's X509_V_ERR codes for a chain that ends in no trusted authority; see `man 3 X509_STORE_CTX_get_error`."""
MEANINGS: Sequence[tuple[tuple[type[Exception], ...], Callable[[Exception], PollError]]] = (
    ((aiohttp.ClientSSLError, ssl.SSLError, aiohttp.ServerFingerprintMismatch), _tls_error),
    ((aiohttp.ClientConnectorDNSError,), lambda _: ConnectionFailedError("the host's name cannot be resolved")),
    ((aiohttp.ClientConnectorError,), lambda _: ConnectionFailedError("no connection")),
    ((aiohttp.ClientHttpProxyError,), lambda _: ConnectionFailedError("the proxy refused")),
    (
        (aiohttp.ClientResponseError, ValueError),
        lambda _: MalformedError("the response is not valid HTTP, or the request cannot be written as HTTP"),
    ),
    ((Exception,), lambda _: ConnectionFailedError("the connection broke", reset=True)),
)
"""What the library's exceptions mean; the first row that fits counts."""


def watch_authorities(ca_file: Path | None) -> WatchedFile[ssl.SSLContext] | None:
    """Return the watched file of additional authorities; None without one."""
    return None if ca_file is None else WatchedFile(ca_file, authorities.parse, authorities.MAX_BYTES)


async def current_context(file: WatchedFile[ssl.SSLContext] | None, log: Any) -> ssl.SSLContext:
    """Return the TLS context with the file's current authorities, or the last usable ones."""
    if file is None:
        return authorities.make_context(None)
    await file.refresh()
    log_problem_change(log, "ca_file", file)
    if file.value is None:
        raise TlsError(f"ca_file: {file.problem}")
    return file.value

"""Decides what an HTTP answer means: pure functions from status, headers and body to a value or a PollError."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from exporter.errors import (
    DeadlineError,
    ForbiddenError,
    MalformedError,
    NotFoundError,
    PollError,
    RateLimitedError,
    ServerError,
    UnauthorizedError,
)
from exporter.provider import RateHeaders
from exporter.wire import decode

MAX_RESET = 7200.0
BY_STATUS: Mapping[int, type[PollError]] = {
    401: UnauthorizedError,
    402: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    408: DeadlineError,
    410: NotFoundError,
    429: RateLimitedError,
}


def decode_response(status: int, body: bytes, *, empty: bool = False, envelope: Any = Any) -> Any:
    """Return the body of a good answer, decoded as `envelope`; raise the PollError that any other answer means.

    With `empty`, a 204 is a good answer and is returned as None.
    """
    if status == 204:
        if empty:
            return None
        raise MalformedError("204 No Content where a body was expected")
    if 200 <= status < 300:
        return decode(body, envelope)
    error = BY_STATUS.get(status) or (ServerError if status >= 500 else MalformedError)
    raise error(f"HTTP {status}")


def retry_after(headers: Mapping[str, str], now: float, named: RateHeaders = RateHeaders()) -> float | None:  # noqa: B008
    """Return the seconds that a 429 asks to wait, or None: `Retry-After`, else `X-RateLimit-Reset`.

    A date is compared with the answer's own `Date`, so that a vendor's wrong clock does no harm. `X-RateLimit-Reset`
    is seconds; a value above two hours (an epoch, for instance) is ignored.
    """
    header = headers.get("retry-after", "").strip()
    if (seconds := number(header)) is not None:
        return seconds
    if (at := _http_date(header)) is not None:
        reference = _http_date(headers.get("date", ""))
        return max(0.0, at - (now if reference is None else reference))
    return rate_limit_reset(headers, now, named)


def rate_limit_reset(headers: Mapping[str, str], now: float = 0.0, named: RateHeaders = RateHeaders()) -> float | None:  # noqa: B008
    """Return the seconds after which the vendor's window begins anew, where it gives them and they are plausible."""
    seconds = number(headers.get(named.reset, ""))
    if named.epoch and seconds is not None:
        reference = _http_date(headers.get("date", ""))
        seconds = max(0.0, seconds - (now if reference is None else reference))
    return seconds if seconds is not None and seconds <= MAX_RESET else None


def number(value: str) -> float | None:
    """Return a plain decimal number that is not below zero."""
    value = value.strip()
    return float(value) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,12})?", value) else None


def links(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the targets of the `Link` header (RFC 8288) by their `rel`, as written."""
    found: dict[str, str] = {}
    if "link" not in headers:
        return found
    for target, parameters in re.findall(r"<([^<>]*)>([^<]*)", headers.get("link", "")):
        named = re.search(r"""(?:^|;)\s*rel\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;,"']+))""", parameters, re.IGNORECASE)
        for rel in " ".join(filter(None, named.groups())).lower().split() if named else ():
            found.setdefault(rel, target.strip())
    return found


def values_of(body: bytes) -> int:
    """Return about how many values a JSON text holds, without decoding it."""
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def link_target(url: str, target: str, base: str) -> str:
    """Return the address of a link found at `url`, under the path of the configured `base`.

    A link without a host that leads elsewhere on the host is meant below the base, as its vendor knows no gateway;
    MalformedError for one that leads to another host, or up and out of the base.
    """
    found = same_host(url, target)
    parts, prefix = urlsplit(found), urlsplit(base).path.rstrip("/")
    if any(unquote(segment) in (".", "..") for segment in parts.path.split("/")):
        raise MalformedError("a link holds an escaped . or ..")
    if not prefix or urlsplit(target.strip()).netloc or parts.path == prefix or parts.path.startswith(f"{prefix}/"):
        return found
    return parts._replace(path=prefix + parts.path).geturl()


def same_host(base: str, target: str) -> str:
    """Return the address of a link found at `base`, on the scheme, host and port of `base` itself.

    A link that names another host or port is MalformedError. One that names another scheme of the same host (an old
    API behind a proxy says http://) is asked for on the scheme that was configured.
    """
    try:
        joined, origin = urlsplit(urljoin(base, target)), urlsplit(base)
        same = (joined.hostname, _port(joined)) == (origin.hostname, _port(origin)) or (
            joined.hostname == origin.hostname and joined.port is None and origin.port is None
        )
    except ValueError:
        raise MalformedError("a page link is not a valid URL") from None
    if not same or joined.scheme not in ("http", "https"):
        raise MalformedError("a link leads to another host")
    return joined._replace(scheme=origin.scheme, netloc=origin.netloc, fragment="").geturl()


def _port(parts: Any) -> int | None:
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _http_date(value: str) -> float | None:
    try:
        parsed = parsedate_to_datetime(value)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None

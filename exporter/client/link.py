"""Interprets download links and the answers to them: pure functions, which never repeat a link in an error."""

import json
import re
import string
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import parse_qsl, unquote, urljoin

from yarl import URL

from exporter import wire
from exporter.client.responses import BY_STATUS
from exporter.errors import ExpiredError, ForbiddenError, MalformedError, MissingError, ServerError

NAT64 = IPv6Network("64:ff9b::/96")
"""In which a gateway of an IPv6 network puts all IPv4 addresses (RFC 6052)."""
SIGNED = (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires"))
"""Parameters that hold when a link was signed and for how many seconds (AWS Signature 4, Google's V4)."""
ENDS = ("expires", "se", "exp", "expiry", "expires_at")
"""Parameters that hold when a link ends: Unix seconds, or ISO 8601 as Azure's `se`."""
LAPSED = re.compile(rb"expired|not valid in the specified time frame", re.IGNORECASE)
SIGNATURE = re.compile(r"--[0-9a-f]{40,64}")
"""Stands behind a signed id of Rails' Active Storage, as a part of the path."""
BASE64 = f"{string.ascii_letters}{string.digits}+/_-"
PRIVATE = "the link leads to a private, link-local or loopback address"
MAX_LENGTH = 8192
"""Servers accept addresses of about this length; the expressions below look at all of it."""
MILLISECONDS = 1e11
"""A larger number of an instant is milliseconds."""


def is_public(host: str) -> bool:
    """Return whether an IP address is public; an IPv4 address embedded in an IPv6 one is judged itself.

    ValueError if it is not an IP address.
    """
    address = ip_address(host)
    if isinstance(address, IPv4Address):
        return _is_public(address)
    if address.ipv4_mapped is not None:
        return _is_public(address.ipv4_mapped)
    if address in NAT64:
        return _is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return _is_public(address) and all(map(_is_public, _inside(address)))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inside(address: IPv6Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses to which a gateway would forward packets for an IPv6 address."""
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo


def parse(link: str) -> URL:
    """Return the URL of a link, without a user and a password; MalformedError if it is not valid."""
    if len(link) > MAX_LENGTH:
        raise MalformedError(f"the link has more than {MAX_LENGTH} characters")
    try:
        address = URL(link.strip(), encoded=True).with_user(None).with_fragment(None)
        usable = bool(address.host) and address.port != 0 and link.strip().isascii() and "\\" not in link
    except ValueError:
        usable = False
    if not usable:
        raise MalformedError("the link is not a valid URL")
    return address


def require_allowed(address: URL, *, allow_private: bool) -> None:
    """Raise ForbiddenError for an address that must not be requested.

    A name still has to be resolved; `is_public` judges what it resolves to.
    """
    if address.scheme not in ("http", "https"):
        raise ForbiddenError("the link is neither https:// nor http://")
    if allow_private:
        return
    if address.scheme == "http":
        raise ForbiddenError("the link is http://; it is followed only with allow_private")
    host = address.host or ""
    if ":" in host or host.replace(".", "").isdigit():  # an IP address, which nothing resolves
        try:
            public = is_public(host)
        except ValueError:  # 127.1, 2130706433, 0177.0.0.1: the system understands them
            public = False
        if not public:
            raise ForbiddenError(PRIVATE)


def follow_redirect(address: URL, location: str) -> URL:
    """Return the target of a redirect."""
    try:
        return parse(urljoin(str(address), location))
    except ValueError:
        raise MalformedError("a redirect is not a valid URL") from None


def require_current(address: URL, end: float | None, now: float) -> None:
    """Raise ExpiredError if a link has expired, by the vendor's word or by its own parameters."""
    if any(one <= now for one in (*([] if end is None else [end]), *_ends(address))):
        raise ExpiredError("the link has expired")


def _ends(address: URL) -> Iterator[float]:
    """Yield the expiry times that a link itself contains."""
    query = {name.lower(): value for name, value in parse_qsl(address.raw_query_string)}
    for signed, lifetime in SIGNED:
        with suppress(KeyError, ValueError):
            begin = datetime.strptime(query[signed], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            yield begin.timestamp() + float(query[lifetime])
    named = [query.get(name) for name in ENDS]
    tokens = [_claim(value.split(".")[1], "exp") for value in query.values() if value.count(".") == 2]
    signed_ids = [_claim(encoded, "_rails", "exp") for encoded in _find_signed_ids(unquote(address.raw_path))]
    for end in (*named, *tokens, *signed_ids):
        if (instant := _instant(end)) is not None:
            yield instant


def _find_signed_ids(path: str) -> Iterator[str]:
    """Yield the base64 of each signed JSON object in a path, in linear time."""
    begin = 0
    for signature in SIGNATURE.finditer(path):
        before = path[begin : signature.start()]
        unpadded = before.rstrip("=")
        run = unpadded[len(unpadded.rstrip(BASE64)) :]
        if (at := run.find("eyJ")) >= 0:
            yield run[at:]
        begin = signature.end()


def _instant(value: object) -> float | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{9,14}", value):
        value = int(value)
    seconds = wire.number(value)
    if seconds is None:
        return wire.timestamp(value)
    return seconds / 1000 if seconds > MILLISECONDS else seconds


def _claim(encoded: str, *keys: str) -> object:
    """Return the value under `keys` in the JSON of a token; None if there is none."""
    try:
        found = json.loads(urlsafe_b64decode(encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4)))
    except (ValueError, RecursionError):
        return None
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def total_length(status: int, headers: Mapping[str, str]) -> int | None:
    """Return the length of the whole file from a response to a request for its first byte; None if it is not given.

    `headers` are named in lower case. MalformedError if the response does not fit the request.
    """
    if status == 200:
        length = headers.get("content-length", "")
        return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None
    found = re.fullmatch(r"bytes (?:0-0|\*)/([0-9]{1,18}|\*)", headers.get("content-range", "").strip())
    if found is None:
        raise MalformedError(f"HTTP {status} without the requested range")
    return None if found[1] == "*" else int(found[1])


def require_good(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise the error of a failed response to a link; `body` is its beginning."""
    if status in (200, 206) or (status == 416 and headers.get("content-range", "").strip() == "bytes */0"):
        return
    if status == 410 or (status in (400, 401, 403) and LAPSED.search(body)):
        raise ExpiredError(f"HTTP {status}: the link has expired")
    if status == 404:
        raise MissingError("HTTP 404: the file of the link does not exist")
    error = BY_STATUS.get(status) or (ServerError if status >= 500 else MalformedError)
    raise error(f"HTTP {status} from the link")

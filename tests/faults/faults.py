"""What can go wrong with a vendor: each fault with the reason that the contract has for it."""

import asyncio
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import cache
from typing import Any

from aiohttp import web

from exporter.demo.http import Response
from tests.faults.fault_proxy import Answer, FaultyRequest, plain, reset
from tests.faults.leaping import wall_clock

HOUR = 3600.0
MEBIBYTE = 2**20
SOFT, LONG = 30, 3600
"""Seconds that a vendor may impose without the poll failing, and too many of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to go wrong."""

    name: str
    reason: str | None
    """None: it is ridden out, nothing fails."""
    answer: Answer | None = None
    """How the struck requests are answered."""
    host: str = ""
    """Or what befalls the whole host: `refuse`, `tls` or `dns`."""
    imposed: bool = False
    """Whether the vendor imposes a wait beyond the poll interval, which fails the whole poll."""
    limit: str = ""
    """The cap that bites."""
    tries: int = 1
    """How often a GET is sent, and a POST too where `posts` says nothing else."""
    posts: int = 0
    paged: bool = False
    """Whether it is about page links, which only paged lists have."""
    link: bool = False
    """Whether it is the link alone that is wrong: no number and no cursor leads there."""
    once: bool = False
    """Whether sending again is all it takes, which is done for a GET."""
    expires: bool = False
    """Whether it is about a token's expiry, which only an exchanged token has."""
    after: float = 300.0
    """Seconds until the next good poll."""


def _status(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
    async def answer(_: FaultyRequest) -> web.StreamResponse:
        return plain(Response(status=status, body=body, headers=headers or {}))

    return answer


def _body(body: bytes, media: str = "application/json", status: int = 200) -> Answer:
    return _status(status, {"Content-Type": media}, body)


def _answer_dated(seconds: float, fast: float = 0.0) -> Answer:
    async def answer(_: FaultyRequest) -> web.StreamResponse:
        there = wall_clock() + fast
        stamps = {"Date": formatdate(there, usegmt=True), "Retry-After": formatdate(there + seconds, usegmt=True)}
        return plain(Response(status=429, headers=stamps))

    return answer


def _once(fault: Answer) -> Answer:
    """Return a fault that strikes each address once in a cell."""

    async def answer(struck: FaultyRequest) -> web.StreamResponse:
        same = [one for one in struck.proxy.struck if (one.path, one.query) == (struck.asked.path, struck.asked.query)]
        return await (fault(struck) if len(same) == 1 else _good(struck))

    return answer


async def _good(struck: FaultyRequest) -> web.StreamResponse:
    return plain(struck.good)


async def _reset(struck: FaultyRequest) -> web.StreamResponse:
    response = await _answer_begun(struck, len(struck.good.body) + 1000)
    await response.write(struck.good.body[: len(struck.good.body) // 2])
    reset(struck.request)
    return response


async def _cut(struck: FaultyRequest) -> web.StreamResponse:
    """Close in good order after half of the bytes that were announced."""
    response = await _answer_begun(struck, len(struck.good.body) + 1000)
    await response.write(struck.good.body[: len(struck.good.body) // 2])
    assert struck.request.transport is not None
    struck.request.transport.close()
    return response


async def _stall(struck: FaultyRequest) -> web.StreamResponse:
    response = await _answer_begun(struck, max(1, len(struck.good.body)))
    while struck.request.transport is not None and not struck.request.transport.is_closing():  # noqa: ASYNC110
        await asyncio.sleep(10)
    return response


async def _drip(struck: FaultyRequest) -> web.StreamResponse:
    response = await _answer_begun(struck, len(struck.good.body) + 1000)
    for byte in struck.good.body:
        if struck.request.transport is None or struck.request.transport.is_closing():
            break
        await response.write(bytes([byte]))
        await asyncio.sleep(1)
    return response


async def _answer_begun(struck: FaultyRequest, length: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(length)})
    await response.prepare(struck.request)
    return response


async def _truncate(struck: FaultyRequest) -> web.StreamResponse:
    body = struck.good.body or b"{}"
    return plain(replace(struck.good, body=body[: len(body) // 2] or b"{"))


async def _bomb(_: FaultyRequest) -> web.StreamResponse:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    return plain(Response(body=bomb(256), headers=headers))


async def _oversize(struck: FaultyRequest) -> web.StreamResponse:
    return plain(replace(struck.good, status=200, body=b" " * (9 * MEBIBYTE) + struck.good.body))


async def _adorn(struck: FaultyRequest) -> web.StreamResponse:
    return plain(replace(struck.good, headers={**struck.good.headers, "X-Policy": "x" * 9 * 1024}))


async def _oddly(struck: FaultyRequest) -> web.StreamResponse:
    """Add half a surrogate, a number beyond the double range and a byte that is no UTF-8 to every object."""
    odd = b'{"zz": "\\ud83d", "zy": 1e400, "zx": "\xff"'
    body = re.sub(rb"\{(\s*\})?", lambda found: odd + (b"}" if found[1] else b", "), struck.good.body)
    return plain(replace(struck.good, body=body))


@cache
def bomb(mebibytes: int) -> bytes:
    """Return a gzip stream of that many mebibytes of blanks; block after block is the same once flushed."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    block = b" " * MEBIBYTE
    first = deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH)
    again = deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH)
    return first + again * (mebibytes - 1)


async def _redirect(struck: FaultyRequest) -> web.StreamResponse:
    return plain(Response(status=302, headers={"Location": f"{struck.elsewhere}{struck.asked.path}"}))


async def _round(struck: FaultyRequest) -> web.StreamResponse:
    return plain(Response(status=307, headers={"Location": str(struck.request.rel_url)}))


async def _loop(struck: FaultyRequest) -> web.StreamResponse:
    return _link_to(struck, str(struck.request.url), again=struck.proxy.more_pages)


async def _astray(struck: FaultyRequest) -> web.StreamResponse:
    return _link_to(struck, f"{struck.elsewhere}{struck.request.rel_url}")


def _link_to(struck: FaultyRequest, target: str, again: Mapping[str, Any] | None = None) -> web.Response:
    """Say that there is a next page in every form that one of the vendors knows."""
    body: Any = json.loads(struck.good.body)
    if isinstance(body, dict):
        body |= again or {}
        body["links"] = {**(body.get("links") or {}), "next": target}
    headers = {**struck.good.headers, "Link": f'<{target}>; rel="next"'}
    return plain(Response(status=struck.good.status, body=json.dumps(body).encode(), headers=headers))


async def _expire(struck: FaultyRequest) -> web.StreamResponse:
    """Have the vendor forget what tokens it gave, as if they had died on the way."""
    if len(struck.proxy.struck) == 1:
        struck.proxy.account.issued_tokens.clear()  # a static token stays
        return plain(Response(status=401))
    return await _good(struck)


HTML = b"<!doctype html><html><head><title>Sign in</title></head><body>planted-in-a-page</body></html>"
TEXT = {"Content-Type": "text/plain"}
WORDLESS = 12
"""A 429 that says nothing is borne five times in a row; what is read beside it begins the count anew."""


def _throttle() -> list[Fault]:
    """Return every hint of a 429: too long a wait, a bearable one, and none."""
    wordless: Mapping[str, Answer] = {
        "plain text": _status(429, TEXT, b"Retry later"),
        "no hint": _status(429),
    }
    hinted: Mapping[str, Callable[[float], Answer]] = {
        "Retry-After in seconds": lambda wait: _status(429, {"Retry-After": f"{wait:.0f}"}),
        "Retry-After as a date": _answer_dated,
        "X-RateLimit-Reset": lambda wait: _status(429, {"X-RateLimit-Reset": f"{wait:.1f}"}),
    }
    faults = []
    for hint, make in hinted.items():
        faults.append(
            Fault(name=f"429, {hint}: an hour", reason="rate_limited", answer=make(LONG), imposed=True, after=3700.0)
        )
        faults.append(Fault(name=f"429 once, {hint}: 30 s", reason=None, answer=_once(make(SOFT)), tries=2))
    for hint, answer in wordless.items():
        faults.append(Fault(name=f"429, {hint}", reason="rate_limited", answer=answer, tries=WORDLESS))
        faults.append(Fault(name=f"429 once, {hint}", reason=None, answer=_once(answer), tries=2))
    name = "429 once, Retry-After as a date: 30 s, by a clock an hour fast"
    return [*faults, Fault(name=name, reason=None, answer=_once(_answer_dated(SOFT, fast=HOUR)), tries=2)]


FAULTS: tuple[Fault, ...] = (
    Fault(name="401", reason="unauthorized", answer=_status(401)),
    Fault(name="403", reason="forbidden", answer=_body(b'{"error": "planted-in-an-error"}', status=403)),
    Fault(name="404", reason="not_found", answer=_body(b'{"error": "planted-in-an-error"}', status=404)),
    *_throttle(),
    Fault(name="500", reason="server_error", answer=_body(HTML, "text/html", 500)),
    Fault(name="502", reason="server_error", answer=_status(502), tries=2, posts=1),
    Fault(name="503", reason="server_error", answer=_status(503), tries=2, posts=1),
    Fault(name="503 once", reason="server_error", answer=_once(_status(503)), once=True, tries=2, posts=1),
    Fault(name="connection refused", reason="connection", host="refuse"),
    Fault(name="reset in mid-body", reason="connection", answer=_reset, tries=2, posts=1),
    Fault(name="reset in mid-body once", reason="connection", answer=_once(_reset), once=True, tries=2, posts=1),
    Fault(name="closed in mid-body", reason="connection", answer=_cut, tries=2, posts=1),
    Fault(name="stall after the headers", reason="timeout", answer=_stall),
    Fault(name="a byte a second", reason="timeout", answer=_drip),
    Fault(name="TLS: unknown authority", reason="tls", host="tls authority"),
    Fault(name="TLS: another name", reason="tls", host="tls name"),
    Fault(name="TLS: expired", reason="tls", host="tls expired"),
    Fault(name="TLS: no authority key identifier", reason="tls", host="tls identifier"),
    Fault(name="DNS failure", reason="connection", host="dns"),
    Fault(name="HTML for JSON", reason="malformed", answer=_body(HTML, "text/html")),
    Fault(name="truncated JSON", reason="malformed", answer=_truncate),
    Fault(name="a number for JSON", reason="malformed", answer=_body(b"42")),
    Fault(name="null for JSON", reason="malformed", answer=_body(b"null")),
    Fault(name="empty body", reason="malformed", answer=_body(b"")),
    Fault(name="204", reason="malformed", answer=_status(204)),
    Fault(name="gzip bomb", reason="malformed", answer=_bomb, limit="body"),
    Fault(name="body beyond the cap", reason="malformed", answer=_oversize, limit="body"),
    Fault(name="header beyond the cap", reason="malformed", answer=_status(200, {"X-Filler": "x" * MEBIBYTE}, b"{}")),
    Fault(name="headers of 9 KiB that are not read", reason=None, answer=_adorn),
    Fault(name="odd values in fields that are not read", reason=None, answer=_oddly),
    Fault(name="redirect to another host", reason="malformed", answer=_redirect),
    Fault(name="redirect in a circle", reason="malformed", answer=_round),
    Fault(name="page loop", reason="malformed", answer=_loop, paged=True),
    Fault(name="page link to another host", reason="malformed", answer=_astray, paged=True, link=True),
    Fault(name="token expired between two calls", reason="unauthorized", answer=_expire, expires=True),
)

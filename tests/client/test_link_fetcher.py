"""A download is proved over real sockets: on loopback, from a server that answers as storages do."""

import asyncio
import hashlib
import os
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from exporter.client import http, link
from exporter.client.http import watch_authorities
from exporter.client.link_fetcher import LinkFetcher
from exporter.errors import (
    ChecksumMismatchError,
    ConnectionFailedError,
    DeadlineError,
    ExpiredError,
    ForbiddenError,
    MalformedError,
    MissingError,
    PollError,
    ServerError,
    SizeMismatchError,
)
from exporter.provider import Download
from exporter.secret import Secret
from exporter.settings import VerifyDownloads
from tests.faults import certificates
from tests.virtual_time import run_virtual

pytestmark = pytest.mark.integration

NOW = 1_764_028_800.0
CONTENT = bytes(range(256)) * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()
SECRET = "planted-signature"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Storage:
    """A server on loopback, and what it was asked."""

    base: str = ""
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def download(self, path: str, **fields: Any) -> Download:
        return Download(link=Secret(f"{self.base}{path}?sig={SECRET}"), **fields)


async def answer_range(request: web.Request) -> web.StreamResponse:
    if request.headers.get("Range") == "bytes=0-0":
        range_header = {"Content-Range": f"bytes 0-0/{len(CONTENT)}"}
        return web.Response(status=206, body=CONTENT[:1], headers=range_header)
    return web.Response(body=CONTENT)


async def answer_unsized(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/zip"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    for begin in range(0, len(CONTENT), 50_000):
        await response.write(CONTENT[begin : begin + 50_000])
    return response


async def hops(request: web.Request) -> web.StreamResponse:
    left = int(request.path.rpartition("/")[2])
    onward = f"/hops/{left - 1}" if left else "/file"
    return web.Response(status=302, headers={"Location": f"{onward}?sig={SECRET}"})


async def away(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": request.query["to"]})


async def silent(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


def answer_fixed(**fields: Any) -> Answer:
    async def respond(_: web.Request) -> web.StreamResponse:
        return web.Response(**fields)

    return respond


ANSWERS: Mapping[str, Answer] = {
    "file": answer_range,
    "whole": answer_fixed(body=CONTENT),
    "unsized": answer_unsized,
    "compressed": answer_fixed(body=CONTENT, headers={"Content-Encoding": "gzip"}),
    "empty": answer_fixed(status=416, headers={"Content-Range": "bytes */0"}),
    "hops": hops,
    "away": away,
    "silent": silent,
    "lapsed": answer_fixed(status=403, text="<Message>Request has expired</Message>"),
    "broken": answer_fixed(status=503),
}


@asynccontextmanager
async def storing(host: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> AsyncIterator[Storage]:
    storage = Storage()

    async def record(request: web.Request) -> web.StreamResponse:
        storage.asked.append((request.method, request.path, dict(request.headers)))
        return await ANSWERS.get(request.path.split("/")[1], answer_fixed(status=404))(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", record)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, host, 0, ssl_context=context).start()
    storage.base = f"http{'s' if context else ''}://{host}:{runner.addresses[0][1]}"
    try:
        yield storage
    finally:
        await runner.cleanup()


def fetcher(**fields: Any) -> LinkFetcher:
    timeout = fields.pop("timeout", 20.0)
    authorities = watch_authorities(fields.pop("ca_file", None))
    rules = VerifyDownloads(**{"allow_private": True, **fields})
    return LinkFetcher(rules=rules, timeout=timeout, clock=lambda: NOW, authorities=authorities)


@pytest.mark.parametrize("path", ["/file", "/whole", "/unsized", "/hops/4", "/compressed"])
@pytest.mark.parametrize("method", ["range", "full"])
async def test_a_file_that_is_as_reported_is_proved(path: str, method: str) -> None:
    async with storing() as storage:
        await fetcher(method=method).check(storage.download(path, md5=MD5.upper()), len(CONTENT))

    assert {asked[0] for asked in storage.asked} == {"GET"}
    assert all(("Range" in headers) is (method == "range") for _, _, headers in storage.asked)


async def test_nothing_but_the_link_authorizes() -> None:
    os.environ.update(http_proxy=(proxy := "http://user:password@127.0.0.1:1"), HTTP_PROXY=proxy)
    try:
        async with storing() as storage:
            base = storage.base.replace("http://", "http://user:password@")
            await fetcher().check(Download(link=Secret(f"{base}/hops/1?sig={SECRET}")), None)
    finally:
        os.environ.pop("http_proxy")
        os.environ.pop("HTTP_PROXY")

    assert len(storage.asked) == 3
    for _, _, headers in storage.asked:
        assert not {name.lower() for name in headers} & {"authorization", "proxy-authorization", "cookie", "referer"}
        assert headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("path", "method", "size", "given", "error"),
    [
        ("/file", "range", len(CONTENT) + 1, {}, SizeMismatchError),
        ("/whole", "range", 1, {}, SizeMismatchError),
        ("/file", "full", len(CONTENT) - 1, {}, SizeMismatchError),
        ("/unsized", "full", len(CONTENT) - 1, {}, SizeMismatchError),
        ("/unsized", "full", len(CONTENT) + 1, {}, SizeMismatchError),
        ("/file", "full", None, {"md5": "0" * 32}, ChecksumMismatchError),
        ("/empty", "range", 5, {}, SizeMismatchError),
        ("/nothing", "range", None, {}, MissingError),
        ("/lapsed", "range", None, {}, ExpiredError),
        ("/file", "range", None, {"expires": NOW - 1}, ExpiredError),
        ("/broken", "range", None, {}, ServerError),
        ("/hops/9", "range", None, {}, MalformedError),
    ],
)
async def test_what_fails(
    path: str, method: str, size: float | None, given: Mapping[str, Any], error: type[PollError]
) -> None:
    async with storing() as storage:
        with pytest.raises(error) as caught:
            await fetcher(method=method).check(storage.download(path, **given), size)
    assert type(caught.value) is error
    assert SECRET not in str(caught.value) + repr(caught.value)
    assert storage.base not in str(caught.value)


async def test_an_empty_file_that_is_reported_as_empty_is_proved() -> None:
    async with storing() as storage:
        await fetcher().check(storage.download("/empty"), 0)


async def test_a_link_that_has_lapsed_by_its_own_word_is_not_followed() -> None:
    async with storing() as storage:
        lapsed = Download(link=Secret(f"{storage.base}/file?Expires={NOW - 1:.0f}"))
        with pytest.raises(ExpiredError):
            await fetcher().check(lapsed, None)
    assert storage.asked == []


async def test_silence_and_a_closed_door_are_what_they_are() -> None:
    async with storing() as storage:
        with pytest.raises(DeadlineError):
            await fetcher(timeout=0.05).check(storage.download("/silent"), None)
    with pytest.raises(ConnectionFailedError) as caught:
        await fetcher().check(storage.download("/file"), None)
    assert storage.base not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_refused_by_whatever_name(host: str) -> None:
    async with storing(context=certificates.server_context("127.0.0.1")) as storage:
        port = storage.base.rpartition(":")[2]
        private = Download(link=Secret(f"https://{host}:{port}/file"))
        with pytest.raises(ForbiddenError, match=r"^the link leads to a private, link-local or loopback address$"):
            await fetcher(allow_private=False).check(private, None)
    assert storage.asked == []


async def test_a_public_name_that_resolves_to_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(_host: str, port: int, _family: int) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", port))]

    monkeypatch.setattr(http, "resolve", resolve)
    with pytest.raises(ForbiddenError):
        await fetcher(allow_private=False).check(Download(link=Secret("https://files.example.com/a")), None)


@pytest.mark.parametrize("target", ["https://127.0.0.1:{port}/file", "https://localhost:{port}/file", "http://a.test/"])
async def test_each_redirect_is_judged_anew(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first server counts as public here, the one that it leads to does not."""
    monkeypatch.setattr(link, "is_public", lambda host: host == "127.0.0.2")
    async with (
        storing("127.0.0.2", certificates.server_context("127.0.0.2")) as first,
        storing("127.0.0.1", certificates.server_context("127.0.0.1", "localhost")) as second,
    ):
        onward = target.format(port=second.base.rpartition(":")[2])
        leading = Download(link=Secret(f"{first.base}/away?to={onward}"))
        with pytest.raises(ForbiddenError):
            await fetcher(allow_private=False, ca_file=certificates.authority_file()).check(leading, None)
    assert len(first.asked) == 1
    assert second.asked == []


async def test_while_a_ca_file_is_written_the_authorities_that_it_had_are_trusted(
    tmp_path: Path,
) -> None:
    ca_file = tmp_path / "ca.pem"
    shutil.copy(certificates.authority_file(), ca_file)
    async with storing("127.0.0.1", certificates.server_context("127.0.0.1")) as storage:
        link_fetcher = fetcher(ca_file=ca_file)
        await link_fetcher.check(storage.download("/file"), len(CONTENT))
        ca_file.write_text("-----BEGIN CERT")
        await link_fetcher.check(storage.download("/file"), len(CONTENT))
    assert len(storage.asked) == 2


def test_the_whole_file_is_read_no_faster_than_allowed() -> None:
    class Slow:
        """A file that is there at once."""

        def __init__(self) -> None:
            self.left = 10

        @property
        def content(self) -> "Slow":
            return self

        async def read(self, size: int) -> bytes:
            self.left -= 1
            return b"x" * size if self.left >= 0 else b""

    async def digest() -> tuple[int, float]:
        began = asyncio.get_running_loop().time()
        received, _ = await fetcher(method="full", bytes_per_second=65536)._digest(Slow(), None)  # type: ignore[arg-type]
        return received, asyncio.get_running_loop().time() - began

    assert run_virtual(digest()) == (655360, 10.0)


def test_a_link_is_shown_nowhere() -> None:
    shown = repr(Download(link=Secret(f"https://files.example.com/?sig={SECRET}"), md5="a"))
    assert SECRET not in shown
    assert "example" not in shown

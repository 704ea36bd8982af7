"""What stands before every endpoint over real sockets: origins, headers, and connections that give way."""

import asyncio
import errno
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict
from structlog.testing import capture_logs

from exporter.supervision import Supervisor
from exporter.web import connections
from exporter.web.access import HTML_HEADERS, network_of
from exporter.web.connections import MAX_CONNECTIONS, Connection, Connections, connection_limit
from exporter.web.listener import Listener
from exporter.web.sockets import EXHAUSTED
from tests.web.harness import RIGHT, USERS, Open

pytestmark = pytest.mark.integration

OURS = {
    "Server": "backup-exporter",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass
class Served:
    """A server with a plain page, an HTML page, a POST, a big answer and one that breaks."""

    listener: Listener = field(default_factory=Listener)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def html(self, _: web.Request) -> web.Response:
        return web.Response(text="<!doctype html>", content_type="text/html")

    async def plain(self, _: web.Request) -> web.Response:
        return web.Response(text="fine")

    async def big(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x" * 2**20)
        return response

    async def break_off(self, _: web.Request) -> web.Response:
        raise RuntimeError("planted")


@asynccontextmanager
async def open_pages(listener: Listener) -> AsyncIterator[Served]:
    serve = Served(listener)
    app = web.Application()
    app.router.add_get("/html", serve.html)
    app.router.add_route("*", "/", serve.plain)
    app.router.add_get("/big", serve.big)
    app.router.add_get("/broken", serve.break_off)
    (url,) = await serve.listener.open(app, [("127.0.0.1", 0)], Supervisor())
    serve.port = int(url.rpartition(":")[2])
    try:
        yield serve
    finally:
        await serve.listener.close()


@pytest.fixture
async def serve() -> AsyncIterator[Served]:
    async with open_pages(Listener()) as one:
        yield one


async def ask(serve: Served, path: str = "/", method: str = "GET", **headers: str) -> tuple[int, CIMultiDict[str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, serve.url + path, headers=named) as answer,
    ):
        await answer.read()
        return answer.status, CIMultiDict(answer.headers)


@pytest.mark.parametrize("path", ["/", "/html", "/nothing", "/broken"])
async def test_every_answer_has_our_headers_and_html_the_browsers(serve: Served, path: str) -> None:
    _, headers = await ask(serve, path)
    assert {name: headers.get(name) for name in OURS} == OURS
    html = HTML_HEADERS if path == "/html" else {}
    assert headers.get("Content-Security-Policy") == html.get("Content-Security-Policy")
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n"])
async def test_an_answer_to_what_is_no_http_names_no_version(serve: Served, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", serve.port)
    writer.write(sent)
    answer = (await reader.read()).decode()
    assert answer.startswith("HTTP/1.")
    assert "Server: backup-exporter\r\n" in answer
    assert "aiohttp" not in answer
    writer.close()
    await writer.wait_closed()


async def test_a_configured_header_replaces_ours(open_: Open) -> None:
    csp = "default-src 'self'"
    there = await open_(http_server_config={"headers": {"Content-Security-Policy": csp, "X-Frame-Options": "deny"}})
    answer = await there.get()
    assert answer.headers.getall("Content-Security-Policy") == [csp]
    assert answer.headers["X-Frame-Options"] == "deny"


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1:{port}", {}, 200),
        ("127.0.0.1:{port}", {"Origin": "http://127.0.0.1:{port}"}, 200),
        ("Exporter.Example", {"Origin": "http://exporter.example"}, 200),
        ("exporter.example", {"Origin": "http://exporter.example:80"}, 200),
        ("127.0.0.1:{port}", {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}, 200),
        ("127.0.0.1:{port}", {"Sec-Fetch-Site": "none"}, 200),
        ("127.0.0.1:{port}", {"Origin": "https://127.0.0.1:{port}"}, 403),
        ("127.0.0.1:{port}", {"Origin": "http://127.0.0.1:1"}, 403),
        ("127.0.0.1:{port}", {"Origin": "http://127.0.0.1"}, 403),
        ("127.0.0.1:{port}", {"Origin": "http://localhost:{port}"}, 403),
        ("127.0.0.1:{port}", {"Origin": "http://evil.example"}, 403),
        ("127.0.0.1:{port}", {"Origin": "http://127.0.0.1:{port}.evil.example"}, 403),
        ("127.0.0.1:{port}", {"Origin": "http://127.0.0.1:{port}@evil.example"}, 403),
        ("127.0.0.1:{port}", {"Origin": "null"}, 403),
        ("127.0.0.1:{port}", {"Origin": ""}, 403),
        ("127.0.0.1:{port}", {"Origin": "http://["}, 403),
        ("127.0.0.1:{port}", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("127.0.0.1:{port}", {"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "GET"])
async def test_what_crosses_origins_changes_nothing(
    serve: Served, method: str, host: str, headers: dict[str, str], status: int
) -> None:
    given = {name: value.format(port=serve.port) for name, value in headers.items()}
    found, _ = await ask(serve, "/", method, Host=host.format(port=serve.port), **given)
    assert found == (200 if method == "GET" else status)


@asynccontextmanager
async def clients(serve: Served, count: int, sent: bytes = b"") -> AsyncIterator[list[asyncio.StreamReader]]:
    """Connect so many clients, each of which sends something and then nothing more."""
    async with AsyncExitStack() as stack:
        readers: list[asyncio.StreamReader] = []
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", serve.port)
            stack.callback(_abort, writer)  # it holds the writer, which closes when it is gone
            writer.write(sent)
            readers.append(reader)
        yield readers


def _abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def few(monkeypatch: pytest.MonkeyPatch, limit: int = 20) -> None:
    monkeypatch.setattr(connections, "connection_limit", lambda _: limit)


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /big HTTP/1.0\r\n\r\n"]
)
async def test_too_many_connections_give_way_to_a_new_one(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)
    with capture_logs() as logs:
        async with open_pages(Listener()) as serve, clients(serve, 50, sent):
            assert [(await ask(serve))[0] for _ in range(3)] == [200] * 3
            assert len(serve.listener._connections) <= 20
    assert [(log["event"], log["limit"]) for log in logs if log["log_level"] == "warning"] == [
        ("connections.dropped", 20)
    ]


async def test_who_has_logged_in_gives_way_last(open_: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch)
    there = await open_(basic_auth_users=USERS)
    serve = Served(there.listener, int(there.url.rpartition(":")[2]))
    async with aiohttp.ClientSession() as session:
        for _ in range(3):
            async with session.get(there.url, headers={"Authorization": RIGHT}) as answer:
                assert answer.status == 200
            async with clients(serve, 50, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
                known = [
                    one for rank in there.listener._connections._ranks.values() for one in rank if one.authenticated
                ]
                assert len(known) == 1, "the connection stands"


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_a_connection_that_does_nothing_is_ended(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.3)
    seen: set[Connection] = set()
    add = Connections.add

    def count(self: Connections, one: Connection) -> None:
        seen.add(one)
        add(self, one)

    monkeypatch.setattr(Connections, "add", count)
    async with open_pages(Listener()) as serve, clients(serve, 5, sent), asyncio.timeout(30):
        # On a busy machine the first may be gone before the last is there, so they are counted as they come.
        while len(seen) < 5 or len(serve.listener._connections):  # noqa: ASYNC110 - it says nothing when they are gone
            await asyncio.sleep(0.01)


async def test_a_connection_that_works_is_kept(serve: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.2)
    seen: set[Connection] = set()
    async with aiohttp.ClientSession() as session:
        for _ in range(5):
            async with session.get(serve.url) as answer:
                assert answer.status == 200
            seen |= {one for rank in serve.listener._connections._ranks.values() for one in rank}
            await asyncio.sleep(0.1)
    assert len(seen) == 1


async def test_without_descriptors_it_waits_and_says_no_traceback(
    serve: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [errno.EMFILE] * 3
    assert set(failures) <= EXHAUSTED
    (acceptor,) = serve.listener._acceptors
    real = acceptor.socket

    class Exhausted:
        def accept(self) -> tuple[socket.socket, object]:
            if failures:
                raise OSError(failures.pop(), "planted")
            return real.accept()

        def fileno(self) -> int:
            return real.fileno()

        def close(self) -> None:
            real.close()

    monkeypatch.setattr(acceptor, "socket", Exhausted())
    with capture_logs() as logs:
        assert (await ask(serve))[0] == 200
    assert failures == []
    assert logs == []


@pytest.mark.parametrize(
    ("descriptors", "limit"),
    [(resource.RLIM_INFINITY, MAX_CONNECTIONS), (2**20, MAX_CONNECTIONS), (1024, 384), (256, 16), (10, 16)],
)
def test_the_limit_leaves_polling_the_descriptors_that_it_needs(descriptors: int, limit: int) -> None:
    assert connection_limit(descriptors) == limit


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8::9:2:3:4", "2001:db8::"),
        ("2001:db8::9", "2001:db8::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("fe80::a:b:c:d", "fe80::"),
        ("fe80::1:2:3:4%eth0", "fe80::"),
        ("::1", "::"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_a_client_is_known_by_its_network(address: str, network: str) -> None:
    assert network_of(address) == network

"""The container's health check against servers that really listen, each bad in a way of its own."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from exporter.commands import health as module
from exporter.commands.health import check_health, find_address
from tests.certificates import Authority

pytestmark = pytest.mark.integration

Server = Callable[..., AbstractContextManager[int]]
SERVE = "backup-exporter serve"


@contextmanager
def answering(status: int, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Answer every request with `status` on a free port of loopback, in a thread of its own."""
    started: list[int] = []
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status if request.path == "/-/healthy" else 404)

    async def begin() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        started.append(runner.addresses[0][1])
        return runner

    def run() -> None:
        runner = loop.run_until_complete(begin())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@contextmanager
def saying(said: bytes) -> Iterator[int]:
    """Listen, take one connection, say something that may be no HTTP, and hang up; with nothing to say, hold it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken: list[socket.socket] = []

        def serve() -> None:
            connection, _ = listener.accept()
            taken.append(connection)
            if said:
                connection.recv(4096)
                connection.sendall(said)
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(10)
            for connection in taken:
                connection.close()


def process_1(folder: Path, *words: str) -> Path:
    """Write what /proc/1/cmdline would be."""
    path = folder / "cmdline"
    path.write_bytes(b"".join(word.encode() + b"\0" for word in words))
    return path


def command_line_for(folder: Path, port: int, *more: str) -> Path:
    return process_1(folder, *SERVE.split(), f"--web.listen-address=:{port}", *more)


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ((SERVE,), "127.0.0.1:10342"),
        ((), "127.0.0.1:10342"),
        (("--web.listen-address=:9000",), "127.0.0.1:9000"),
        (("--web.listen-address", ":9000"), "127.0.0.1:9000"),
        (("--web.listen-address=0.0.0.0:9000",), "127.0.0.1:9000"),
        (("--web.listen-address=[::]:9000",), "[::1]:9000"),
        (("--web.listen-address=[::1]:9000",), "[::1]:9000"),
        (("--web.listen-address=10.0.0.7:9000",), "10.0.0.7:9000"),
        (("--web.listen-address=:9000", "--web.listen-address", "10.0.0.7:9001"), "10.0.0.7:9001"),
        (("--web.listen-address=:9000", "--log.level", "debug"), "127.0.0.1:9000"),
        (("--config.file", "/a b/c=d.yaml", "--web.listen-address=:9000"), "127.0.0.1:9000"),
        (("/sbin/docker-init", "--", "backup-exporter", "--web.listen-address=:9000"), "127.0.0.1:9000"),
        (("sh", "-c", "backup-exporter serve --web.listen-address :9000 --log.level debug"), "127.0.0.1:9000"),
        (("--web.config.file=", "--web.listen-address=:9000"), "127.0.0.1:9000"),
    ],
)
def test_the_address_is_that_of_the_command_line(words: tuple[str, ...], address: str) -> None:
    assert find_address((*words, "")) == (address, False)


@pytest.mark.parametrize(
    ("text", "tls"),
    [
        ("tls_server_config: {cert_file: a, key_file: b}", True),
        ("basic_auth_users: {}\n# tls_server_config: later\n", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("joined", ["=", " "])
def test_the_scheme_is_that_of_the_web_configuration(text: str, tls: bool, joined: str, tmp_path: Path) -> None:
    file = tmp_path / "web config=1.yml"
    file.write_text(text)
    words = [f"--web.config.file={file}"] if joined == "=" else ["--web.config.file", str(file)]
    assert find_address([SERVE, *words]) == ("127.0.0.1:10342", tls)


@pytest.mark.parametrize(("status", "code"), [(200, 0), (401, 0), (403, 0), (429, 0), (500, 1), (503, 1)])
def test_whoever_answers_is_alive_unless_he_says_he_is_not(status: int, code: int, tmp_path: Path) -> None:
    with answering(status) as port:
        assert check_health(command_line_for(tmp_path, port)) == code


def test_nobody_there_is_one_line_and_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert check_health(command_line_for(tmp_path, port)) == 1
    assert capsys.readouterr().err == f"no answer at 127.0.0.1:{port}\n"


@pytest.mark.parametrize("said", [b"what?\r\n", b"HTTP/1.1 two hundred\r\n\r\n", b""])
def test_what_speaks_no_http_or_nothing_is_not_alive(
    said: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.3)
    with saying(said) as port:
        assert check_health(command_line_for(tmp_path, port)) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_proxy_of_the_environment_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(403) as proxy, answering(503) as port:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert check_health(command_line_for(tmp_path, port)) == 1


@pytest.mark.parametrize(
    ("clients", "status", "code"),
    [
        (ssl.CERT_NONE, 200, 0),
        (ssl.CERT_NONE, 401, 0),
        (ssl.CERT_NONE, 503, 1),
        (ssl.CERT_REQUIRED, 200, 0),
    ],
)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_over_tls_with_a_certificate_that_nobody_knows(
    clients: ssl.VerifyMode, status: int, code: int, version: ssl.TLSVersion, tmp_path: Path
) -> None:
    authority = Authority()
    pair = authority.server()
    (tmp_path / "pair.pem").write_text(pair.certificate + pair.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.pem)
    context.load_cert_chain(tmp_path / "pair.pem")
    context.verify_mode, context.minimum_version, context.maximum_version = clients, version, version
    config = tmp_path / "web.yml"
    config.write_text("tls_server_config: {cert_file: pair.pem, key_file: pair.pem}")
    with answering(status, context) as port:
        assert check_health(command_line_for(tmp_path, port, "--web.config.file", str(config))) == code
    assert check_health(command_line_for(tmp_path, port, "--web.config.file", str(config))) == 1


def test_what_cannot_be_read_is_one_line_and_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_health(tmp_path / "no such process") == 1
    assert check_health(process_1(tmp_path, "--web.config.file", str(tmp_path))) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2

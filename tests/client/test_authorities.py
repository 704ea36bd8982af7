"""A `ca_file` is followed as credentials are: a renewed authority is trusted, a removed one no longer."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from exporter import files
from exporter.client.client import Request
from exporter.client.http import HttpTransport
from exporter.errors import TlsError
from exporter.web.tls import TlsSettings, server_context
from tests.certificates import Authority

pytestmark = pytest.mark.integration

OLD, NEW = Authority("old"), Authority("new")


@pytest.fixture(autouse=True)
def _every_look_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOOK_SECONDS", 0.0)


def _context(authority: Authority) -> ssl.SSLContext:
    pair = authority.server()
    return server_context(TlsSettings(certificate=pair.certificate, key=pair.key))


class Vendor:
    """A server on loopback whose certificate can be changed."""

    def __init__(self) -> None:
        self.connections: set[object] = set()
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, authority: Authority) -> None:
        await self.stop()
        app = web.Application()
        app.router.add_get("/", self.answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=_context(authority))
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def answer(self, request: web.Request) -> web.Response:
        self.connections.add(request.transport)
        return web.Response(text="{}")

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    one = Vendor()
    yield one
    await one.stop()


@pytest.fixture
async def transport(tmp_path: Path) -> AsyncIterator[HttpTransport]:
    (tmp_path / "ca.pem").write_text(OLD.pem)
    one = HttpTransport(ca_file=tmp_path / "ca.pem")
    yield one
    await one.aclose()


async def trusts(transport: HttpTransport, vendor: Vendor) -> bool:
    try:
        await transport.send(Request(method="GET", url=f"https://127.0.0.1:{vendor.port}/", headers={}))
    except TlsError:
        return False
    return True


async def test_a_renewed_authority_is_trusted_at_the_next_request(
    transport: HttpTransport, vendor: Vendor, tmp_path: Path
) -> None:
    await vendor.start(NEW)
    assert not await trusts(transport, vendor)
    (tmp_path / "ca.pem").write_text(OLD.pem + NEW.pem)
    assert await trusts(transport, vendor)


async def test_a_removed_authority_is_not_even_on_a_connection_that_stands(
    transport: HttpTransport, vendor: Vendor, tmp_path: Path
) -> None:
    await vendor.start(OLD)
    assert await trusts(transport, vendor)
    assert await trusts(transport, vendor)
    assert len(vendor.connections) == 1, "connections are used again"
    swapped = tmp_path / "swapped"
    swapped.write_text(NEW.pem)
    (tmp_path / "link").symlink_to(swapped)
    (tmp_path / "link").replace(tmp_path / "ca.pem")
    assert not await trusts(transport, vendor)


@pytest.mark.parametrize("content", [None, "", "no certificate", OLD.pem[:200]])
async def test_while_the_file_is_unusable_the_last_authorities_are_trusted(
    transport: HttpTransport, vendor: Vendor, tmp_path: Path, content: str | None
) -> None:
    await vendor.start(OLD)
    with capture_logs() as logs:
        transport = HttpTransport(ca_file=tmp_path / "ca.pem")
        assert await trusts(transport, vendor)
        (tmp_path / "ca.pem").unlink() if content is None else (tmp_path / "ca.pem").write_text(content)
        assert [await trusts(transport, vendor) for _ in range(3)] == [True] * 3
        (tmp_path / "ca.pem").write_text(NEW.pem)
        assert not await trusts(transport, vendor)
        await transport.aclose()
    assert [(log["event"], log["key"]) for log in logs] == [
        ("file.unusable", "ca_file"),
        ("file.usable_again", "ca_file"),
    ]


async def test_a_file_that_never_was_usable_is_a_tls_failure_that_names_the_key(vendor: Vendor, tmp_path: Path) -> None:
    await vendor.start(OLD)
    transport = HttpTransport(ca_file=tmp_path / "missing.pem")
    with pytest.raises(TlsError, match=r"^ca_file: the file cannot be read"):
        await transport.send(Request(method="GET", url=f"https://127.0.0.1:{vendor.port}/", headers={}))
    await transport.aclose()

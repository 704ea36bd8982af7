"""A server's certificate is verified alike on every Python, and what is wrong with it is said in words."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from exporter.client.client import Request
from exporter.client.http import HttpTransport
from exporter.errors import TlsError
from tests.faults import certificates

pytestmark = pytest.mark.integration

HERE = "127.0.0.1"
CURE = "; name its authority in ca_file"


async def _answer(_: web.Request) -> web.Response:
    return web.Response(text="{}")


@pytest.fixture
async def port(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    """Serve on loopback with the certificate that the test names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain(request.param, HERE))
    served = web.Application()
    served.router.add_get("/", _answer)
    runner = web.AppRunner(served)
    await runner.setup()
    site = web.TCPSite(runner, HERE, 0, ssl_context=context)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.mark.parametrize(
    ("port", "words"),
    [
        ("good", None),
        ("identifier", "the server's certificate is refused: Missing Authority Key Identifier"),
        ("expired", "the server's certificate is refused: certificate has expired"),
        ("name", "the server's certificate is refused: IP address mismatch, certificate is not valid for '127.0.0.1'"),
        ("authority", f"the server's certificate is refused: unable to get local issuer certificate{CURE}"),
    ],
    indirect=["port"],
)
async def test_what_is_wrong_with_a_certificate_is_said_in_words(port: int, words: str | None) -> None:
    assert await _refusal(f"https://{HERE}:{port}/", certificates.authority_file()) == words


@pytest.mark.parametrize("port", ["good"], indirect=True)
async def test_a_self_signed_authority_is_named_with_its_cure(port: int) -> None:
    refusal = await _refusal(f"https://{HERE}:{port}/", None)
    assert refusal is not None
    assert refusal.endswith(CURE)


async def _refusal(url: str, ca_file: Path | None) -> str | None:
    transport = HttpTransport(ca_file=ca_file)
    try:
        await transport.send(Request(method="GET", url=url, headers={}, body=None))
    except TlsError as error:
        return str(error)
    finally:
        await transport.aclose()
    return None

"""Response headers may be large together, up to 64 KiB; beyond that the cap is named."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from exporter.client.client import Request, Response
from exporter.client.http import HttpTransport
from exporter.errors import MalformedError

pytestmark = pytest.mark.integration


@asynccontextmanager
async def vendor(headers: Sequence[tuple[str, int]]) -> AsyncIterator[str]:
    """Serve one answer whose headers have so many bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        lines = "".join(f"{name}: {'x' * size}\r\n" for name, size in headers)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{lines}\r\n{{}}".encode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def ask(headers: Sequence[tuple[str, int]]) -> Response:
    transport = HttpTransport()
    async with vendor(headers) as url:
        try:
            return await transport.send(Request(method="GET", url=url, headers={}))
        finally:
            await transport.aclose()


@pytest.mark.parametrize(
    "headers", [[("X-Policy", 9 * 1024)], [("X-Policy", 63 * 1024)], [(f"X-{n}", 200) for n in range(200)]]
)
async def test_large_headers_are_read(headers: Sequence[tuple[str, int]]) -> None:
    found = await ask(headers)

    assert (found.status, found.body) == (200, b"{}")
    assert len(found.headers) >= len(headers)


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Policy", 65 * 1024)],
        [("X-Policy", 2**20)],
        [("X-1", 40 * 1024), ("X-2", 40 * 1024)],
        [(f"X-{n}", 400) for n in range(200)],
        [(f"X-{n}", 1) for n in range(300)],
    ],
)
async def test_beyond_the_cap_the_cap_is_named(headers: Sequence[tuple[str, int]]) -> None:
    with pytest.raises(MalformedError, match="the response headers are larger than 64 KiB, or more than 256"):
        await ask(headers)

"""Real connections that break in every way, for some seconds: none of them, no task and no file stays behind."""

import asyncio
import gc
import random
import socket
import struct
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from exporter.app import App
from exporter.client.client import Request
from exporter.client.http import MAX_CONNECTIONS
from exporter.config.loader import LoadedConfig
from exporter.server import Listen, Server
from exporter.settings import Settings, Source
from tests.polling.stub_provider import source
from tests.soak.strict_provider import STRICT, At
from tests.soak.unruly import Clockwork

pytestmark = pytest.mark.long

SOURCES = 4
LASTS = 10.0
TIMEOUT = 1.0
MANNERS = ("well", "reset", "half", "silent", "stall", "garbage", "close", "500", "401", "gzip", "drip")
WEIGHTS = (60, *(4 for _ in MANNERS[1:]))


@dataclass(slots=True)
class Rowdy:
    """A vendor that reads each request whole and then does to the connection what the die says."""

    chance: random.Random = field(default_factory=lambda: random.Random(5))
    vendor: Clockwork = field(default_factory=lambda: Clockwork(prefix="r", resources=12, scopes=2, clock=time.time))
    received: int = 0
    manners: Counter[str] = field(default_factory=Counter)
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            while await self._answer(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.received += 1
        manner = self.chance.choices(MANNERS, WEIGHTS)[0]
        self.manners[manner] += 1
        url = head.split(" ")[1]
        answer = await self.vendor.send(Request(method="GET", url=url, headers={}))
        status = {"500": 500, "401": 401}.get(manner, answer.status)
        coded = "Content-Encoding: gzip\r\n" if manner == "gzip" else ""
        start = f"HTTP/1.1 {status} X\r\n{coded}Content-Length: {len(answer.body)}\r\n\r\n".encode()
        return await getattr(self, f"_{manner}", self._well)(reader, writer, start, answer.body)

    async def _well(self, _: Any, writer: asyncio.StreamWriter, start: bytes, body: bytes) -> bool:
        writer.write(start + body)
        await writer.drain()
        return True

    async def _reset(self, _: Any, writer: asyncio.StreamWriter, start: bytes, body: bytes) -> bool:
        writer.write(start + body[: len(body) // 2])
        await writer.drain()
        wire = writer.get_extra_info("socket")
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return False

    async def _half(self, _: Any, writer: asyncio.StreamWriter, start: bytes, body: bytes) -> bool:
        writer.write(start + body[: len(body) // 2])
        await writer.drain()
        return False

    async def _silent(self, reader: asyncio.StreamReader, _: Any, __: bytes, ___: bytes) -> bool:
        await reader.read(1)  # until the client gives up
        return False

    async def _stall(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, start: bytes, _: bytes) -> bool:
        writer.write(start)
        await writer.drain()
        await reader.read(1)
        return False

    async def _garbage(self, _: Any, writer: asyncio.StreamWriter, __: bytes, ___: bytes) -> bool:
        writer.write(b"\x16\x03\x01 what is HTTP?\r\n\r\n")
        await writer.drain()
        return False

    async def _close(self, _: Any, __: asyncio.StreamWriter, ___: bytes, ____: bytes) -> bool:
        return False

    async def _drip(self, _: Any, writer: asyncio.StreamWriter, start: bytes, body: bytes) -> bool:
        for byte in start + body:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0.05)
        return True


def sources_at(port: int) -> tuple[Source, ...]:
    """Return sources that poll there as fast as they can."""
    options = At(base=f"http://127.0.0.1:{port}")
    spans = {"poll_interval": 0.1, "discovery_interval": 1.0, "progress_interval": 0.5, "request_timeout": TIMEOUT}
    return tuple(source(f"s{number}", provider=STRICT, options=options, **spans) for number in range(SOURCES))


def files() -> list[str]:
    """Return what the process has open, but for what this very look opens."""
    gc.collect()
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(entry.readlink()))
        except OSError:
            continue
    return sorted(name.split(":")[0] for name in found if not name.startswith("/proc/"))


async def wait_until_polled(listening: asyncio.Server, state: Path, rowdy: Rowdy) -> tuple[Counter[str], int, float]:
    """Poll for a while; return the requests by code, the most connections at one time, and how long stopping took."""
    sources = sources_at(listening.sockets[0].getsockname()[1])
    loaded = LoadedConfig(settings=Settings(sources=sources, state_file=state))
    app = App(time.time)
    server = Server(app, lambda: loaded, Listen(addresses=[("127.0.0.1", 0)]))
    await server.start(loaded)
    most, until = 0, time.monotonic() + LASTS
    while time.monotonic() < until:
        await asyncio.sleep(0.2)
        most = max(most, len(rowdy.open))
    meters = [entry.counters for entry in app.store.entries.values()]
    began = time.monotonic()
    await server.stop()
    return sum((counters.requests for counters in meters), Counter()), most, time.monotonic() - began


async def test_no_connection_stays_behind(tmp_path: Path) -> None:
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    rowdy = Rowdy()
    await asyncio.to_thread(int)  # the pool of threads is there from now on
    before, tasks = files(), len(asyncio.all_tasks())
    listening = await asyncio.start_server(rowdy.serve, "127.0.0.1", 0)

    requests, most, seconds = await wait_until_polled(listening, tmp_path / "state.json", rowdy)
    listening.close()
    async with asyncio.timeout(5):
        while rowdy.open or len(asyncio.all_tasks()) > tasks:  # noqa: ASYNC110 - a close by the other side sends no event
            await asyncio.sleep(0.02)

    summary = f"{rowdy.received} requests, {dict(rowdy.manners)}, {dict(requests)}, most open {most}"
    print(summary)  # noqa: T201
    assert set(rowdy.manners) == set(MANNERS), summary
    assert rowdy.received > 300, summary
    assert (requests["500"], requests["401"]) == (rowdy.manners["500"], rowdy.manners["401"]), summary
    assert abs(requests.total() - rowdy.received) <= SOURCES, summary  # some are cut off on their way at the end
    assert 0 < most <= SOURCES * MAX_CONNECTIONS, summary
    assert seconds < 10, summary  # a container is killed after so many
    assert files() == before
    assert unhandled == []

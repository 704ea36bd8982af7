"""Many clients scrape at once while polls go on: everybody is answered, and the polls keep their rhythm."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from exporter.app import App
from exporter.client.client import Request, Response
from exporter.config.loader import LoadedConfig
from exporter.server import Listen, Server
from exporter.settings import Settings
from tests.paths import ROOT
from tests.polling.stub_provider import source
from tests.soak.clients import Seen
from tests.soak.strict_provider import STRICT
from tests.soak.unruly import Clockwork

pytestmark = pytest.mark.long

RESOURCES, SCOPES = 300, 10
CLIENTS = 30
LASTS = 12.0
RHYTHM = 2.0
LATE = 2.0
"""How late a poll may begin, and how long a client may wait, on a machine that does other things too."""


@dataclass(slots=True)
class Vendor:
    """Answers after a moment, and notes when a poll reads the first resource."""

    inner: Clockwork = field(
        default_factory=lambda: Clockwork(
            prefix="thing", resources=RESOURCES, scopes=SCOPES, fleeting=False, clock=time.time
        )
    )
    polled: list[float] = field(default_factory=list)
    twice: asyncio.Event = field(default_factory=asyncio.Event)

    async def aclose(self) -> None:
        """Hold nothing."""

    async def send(self, request: Request) -> Response:
        if request.url.endswith("/backups/thing-0/0"):
            self.polled.append(time.monotonic())
            if len(self.polled) > 1:
                self.twice.set()
        await asyncio.sleep(0.002)
        return await self.inner.send(request)


@asynccontextmanager
async def serving(vendor: Vendor) -> AsyncIterator[str]:
    resource_status = source(provider=STRICT, poll_interval=RHYTHM, discovery_interval=5 * RHYTHM)
    loaded = LoadedConfig(settings=Settings(sources=(resource_status,)))
    server = Server(App(time.time, lambda _: vendor), lambda: loaded, Listen(addresses=[("127.0.0.1", 0)]))
    await server.start(loaded)
    try:
        yield server.urls[0]
    finally:
        await server.stop()


async def attack_server(url: str) -> Seen:
    """Have the clients ask from a process of their own."""
    arguments = ("-m", "tests.soak.clients", url, str(LASTS), str(CLIENTS), str(RESOURCES))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdout=pipe, stderr=pipe)
    try:
        printed, failure = await asyncio.wait_for(process.communicate(), 45)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, failure.decode()[-3000:]
    return Seen(**json.loads(printed))


async def test_everybody_is_answered_and_polls_keep_their_rhythm() -> None:
    vendor = Vendor()
    async with serving(vendor) as url:
        await asyncio.wait_for(vendor.twice.wait(), 20)
        before = len(vendor.polled) - 1
        seen = await attack_server(url)
    polls = vendor.polled[before:]
    waits = [later - earlier for earlier, later in pairwise(polls)]

    summary = (
        f"{seen.scrapes} scrapes, longest {seen.longest:.2f} s, health {max(seen.healthy):.2f} s, polls after {waits}"
    )
    print(summary)  # noqa: T201
    assert seen.scrapes > 5 * CLIENTS, summary
    assert seen.longest < LATE, summary
    assert max(seen.healthy) < LATE, summary
    assert len(seen.healthy) > LASTS, summary
    assert max(waits) < RHYTHM + LATE, summary
    assert len(waits) >= 0.7 * LASTS / RHYTHM, summary

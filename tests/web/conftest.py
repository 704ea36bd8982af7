"""Listeners that are open for the time of a test."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from exporter.supervision import Supervisor
from exporter.web.listener import Listener
from tests.web.harness import Open, WebHarness, hello


@pytest.fixture
async def open_(tmp_path: Path) -> AsyncIterator[Open]:
    """Return a function that opens a listener by its web configuration."""

    @asynccontextmanager
    async def opened(**config: Any) -> AsyncIterator[WebHarness]:
        harness = WebHarness(tmp_path)
        harness.write(**config)
        harness.listener = Listener.load(harness.path)
        app = web.Application()
        app.router.add_get("/", hello)
        (harness.url,) = await harness.listener.open(app, [("127.0.0.1", 0)], Supervisor())
        yield harness
        await harness.listener.close()

    async with AsyncExitStack() as stack:
        yield lambda **config: stack.enter_async_context(opened(**config))

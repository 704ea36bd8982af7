"""Houses that are open for the time of a test."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from exporter.web.entrance import Entrance
from tests.web.house import House, Open, hello


@pytest.fixture
async def open_(tmp_path: Path) -> AsyncIterator[Open]:
    """Return a function that opens a house by its web configuration."""

    @asynccontextmanager
    async def opened(**config: Any) -> AsyncIterator[House]:
        house = House(tmp_path)
        house.write(**config)
        house.entrance = Entrance(house.path)
        app = web.Application()
        app.router.add_get("/", hello)
        house.entrance.gate.guard(app)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        (house.url,) = await house.entrance.open(runner, [("127.0.0.1", 0)])
        yield house
        await house.entrance.close()
        await runner.cleanup()

    async with AsyncExitStack() as stack:
        yield lambda **config: stack.enter_async_context(opened(**config))

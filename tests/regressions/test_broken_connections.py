"""The library's own second try would be a request that no limiter admitted and no counter saw."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from exporter.client.client import Request
from exporter.client.http import HttpTransport
from exporter.errors import ConnectionFailedError


async def test_a_request_whose_connection_breaks_is_sent_once() -> None:
    arrived = []

    async def handle(request: web.Request) -> web.Response:
        arrived.append(request.path)
        if request.path == "/broken" and request.transport is not None:
            request.transport.abort()
            await asyncio.sleep(0)
        return web.Response()

    app = web.Application()
    app.router.add_get("/{any}", handle)
    transport = HttpTransport()
    async with TestServer(app, host="127.0.0.1") as server:
        try:
            await transport.send(Request(method="GET", url=str(server.make_url("/fine")), headers={}))
            with pytest.raises(ConnectionFailedError) as caught:
                await transport.send(Request(method="GET", url=str(server.make_url("/broken")), headers={}))
        finally:
            await transport.aclose()
    assert caught.value.reset
    assert arrived == ["/fine", "/broken"]

"""Serves the exporter's pages over a store that a test fills, without polling."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from aiohttp import web

from exporter.settings import Source
from exporter.state.resource import ResourceStatus
from exporter.state.store import Store
from exporter.web.page_routes import PageRoutes
from tests.metrics.states import NOW, Clock, done, source, thing, with_listing

HOSTILE_NAME = '"><img src=x onerror=alert(1)>\x1b[31m {{ 7 * 7 }}'


def item(own: str, name: str, hours_ago: float | None = 1.0) -> ResourceStatus:
    """Return a resource that was read, with a backup so many hours ago, or with none."""
    backups = () if hours_ago is None else (done("b", hours_ago, 5, 1e9, ""),)
    return with_listing(thing(own, name=name), *backups)


def fill(store: Store, statuses: Sequence[ResourceStatus], one: Source | None = None) -> Store:
    """Add a source with these resources, polled well just now."""
    one = one or source("main")
    store.add_source(one)
    store.set_status(one.name, replace(store.entries[one.name].status, up=True, polled_at=NOW, duration=1.0))
    for status in statuses:
        store.put(one.name, status)
    return store


@asynccontextmanager
async def serve_pages(*, names: Sequence[str] = (), store: Store | None = None) -> AsyncIterator[str]:
    """Serve the pages of a store, or of resources with these names; yield the address of the status page."""
    if store is None:
        store = fill(Store(Clock(), lambda: 0.0), [item(f"id/{at} %", name) for at, name in enumerate(names)])
    served = web.Application()
    served.router.add_routes(PageRoutes.load(store, "/metrics").routes(home=True))
    served.router.add_get("/metrics", _nothing)
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def _nothing(_: web.Request) -> web.Response:
    return web.Response(text="")

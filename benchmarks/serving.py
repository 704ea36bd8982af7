"""A process that serves a populated board, with references beside it: `python -m benchmarks.serving COUNT [POLLS]`."""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any, cast

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

from benchmarks.listings import Vendor
from benchmarks.output import write_line
from benchmarks.population import VENDOR, populate, registry, source
from exporter.client.responses import decode_response
from exporter.metrics.exposition import Exposition
from exporter.polling.reader import Reader
from exporter.provider import Answer, Api, Auth
from exporter.state.store import Store
from exporter.web.routes import Handlers, make_application


def listings() -> Iterator[bytes]:
    """Yield for ever a resource's listing as it would arrive: with one, two, and no newer backups.

    Three of them, so that no resource of an even number is served the same twice running.
    """
    vendor, bodies = Vendor(VENDOR.name, 1, 98), list[bytes]()
    for _ in range(3):
        bodies.append(vendor.answer(VENDOR.benchmark.listing.format(key="00000000"))[0])
        vendor.newer += 1
    return cycle(bodies)


@dataclass(slots=True)
class Arrived:
    """An API whose answers have arrived already: what is left of a poll is all but the network."""

    bodies: Iterator[bytes]

    async def get(self, url: str, *, auth: Auth, accept: str = "", empty: bool = False, envelope: Any = Any) -> Answer:
        """Return the next listing."""
        del auth, accept, empty
        return Answer(body=decode_response(200, next(self.bodies), envelope=envelope), url=url)


async def poll(store: Store, rate: int, wanted: asyncio.Event) -> None:
    """Have answers arrive one by one, each with another newest backup, whenever it is wanted."""
    entry = store.entries["platform"]
    arrived = cast(Api, Arrived(listings()))
    reader = Reader(source=source(), api=lambda: arrived)
    loop = asyncio.get_running_loop()
    due = loop.time()
    for key in cycle(list(entry.resources)):
        if not wanted.is_set():
            await wanted.wait()
            due = loop.time()
        resource_status = entry.resources[key]
        resource = replace(resource_status.resource, path=VENDOR.benchmark.path)
        reading = await reader.listing(replace(resource_status, resource=resource))
        if reading is not None:
            store.put("platform", reader.apply_listing(resource_status, reading, reader.time()))
        due += 1 / rate
        await asyncio.sleep(max(0.0, due - loop.time()))


class Beside:
    """The references, and the switch of the polls."""

    def __init__(self, ready: bytes, gauges: CollectorRegistry) -> None:
        """Take what is served."""
        self._ready, self._gauges = ready, gauges
        self.wanted = asyncio.Event()

    async def official(self, _: web.Request) -> web.Response:
        """Answer with what the official client writes."""
        return web.Response(body=generate_latest(self._gauges))

    async def ready_made(self, request: web.Request) -> web.Response:
        """Answer with bytes that stand ready."""
        answer = web.Response(body=self._ready)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            answer.enable_compression(web.ContentCoding.gzip)
        return answer

    async def switch(self, request: web.Request) -> web.Response:
        """Let polls arrive, or rest."""
        (self.wanted.set if request.path == "/polls" else self.wanted.clear)()
        return web.Response(text="OK\n")


async def serve(count: int, rate: int) -> None:
    """Serve until the process is ended."""
    store = populate(count)
    exposition = Exposition.follow(store)
    ready = b"".join(exposition.render(openmetrics=False))
    beside = Beside(ready, CollectorRegistry() if rate else registry(count))

    async def metrics(openmetrics: bool) -> Iterable[bytes]:
        return exposition.render(openmetrics=openmetrics)

    async def reload() -> list[str]:
        return []

    app = make_application(Handlers(metrics=metrics, ready=lambda: True, reload=reload), "/metrics")
    app.router.add_get("/prometheus_client", beside.official)
    app.router.add_get("/ready-made", beside.ready_made)
    app.router.add_get("/polls", beside.switch)
    app.router.add_get("/rest", beside.switch)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    samples = sum(not line.startswith(b"#") for line in ready.splitlines())
    write_line({"port": runner.addresses[0][1], "samples": samples})
    await (poll(store, rate, beside.wanted) if rate else asyncio.Event().wait())


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))

"""Answers HTTP: the exposition, the pages for people, and the endpoints for those who run it."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from aiohttp import web

from exporter.metrics.render import OPENMETRICS, TEXT, accepts_openmetrics

BATCH_BYTES = 256 * 2**10
"""Bytes that are joined and sent, or compressed, at a time, before other tasks run."""
GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """What the server needs to answer requests."""

    metrics: Callable[[bool], Awaitable[Iterable[bytes] | bytes]]
    """The exposition, whole or in pieces; True for OpenMetrics."""
    ready: Callable[[], bool]
    reload: Callable[[], Awaitable[Sequence[str]]]
    """Reads the configuration again; returns the problems."""
    dead: Callable[[], Sequence[str]] = tuple
    """Returns the names of the tasks that cannot be kept alive."""


class _Routes:
    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._compressing: dict[bool, asyncio.Task[bytes]] = {}

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        openmetrics = accepts_openmetrics(request.headers.get("Accept", ""))
        headers = {"Content-Type": OPENMETRICS if openmetrics else TEXT, "Vary": "Accept, Accept-Encoding"}
        if request.method == "HEAD":
            return web.Response(headers=headers)
        if accepts_gzip(request.headers.get("Accept-Encoding", "")):
            body = await self._compress_once(openmetrics)
            return web.Response(body=body, headers={**headers, "Content-Encoding": "gzip"})
        response = web.StreamResponse(headers=headers)
        batches = await self._batches(openmetrics)
        await response.prepare(request)
        for batch in batches:
            await response.write(batch)
        await response.write_eof()
        return response

    async def _compress_once(self, openmetrics: bool) -> bytes:
        """Return the exposition compressed; concurrent callers share the result."""
        task = self._compressing.get(openmetrics)
        if task is None:
            task = self._compressing[openmetrics] = asyncio.create_task(self._compress(openmetrics))
            task.add_done_callback(lambda _: self._compressing.pop(openmetrics))
        return await asyncio.shield(task)  # a cancelled caller does not cancel it for the others

    async def _compress(self, openmetrics: bool) -> bytes:
        packer = zlib.compressobj(level=1, wbits=GZIP)
        parts = [await asyncio.to_thread(packer.compress, batch) for batch in await self._batches(openmetrics)]
        return b"".join((*parts, packer.flush()))

    async def _batches(self, openmetrics: bool) -> Iterator[bytes]:
        written = await self._handlers.metrics(openmetrics)
        return batch_pieces((written,) if isinstance(written, bytes) else written)

    async def healthy(self, _: web.Request) -> web.Response:
        if dead := self._handlers.dead():
            text = "".join(f"a task cannot be kept alive: {name}\n" for name in dead)
            return web.Response(status=503, text=text)
        return web.Response(text="OK\n")

    async def ready(self, _: web.Request) -> web.Response:
        if self._handlers.ready():
            return web.Response(text="ready\n")
        return web.Response(status=503, text="not every source has finished its first poll\n")

    async def reload(self, _: web.Request) -> web.Response:
        problems = await self._handlers.reload()
        if problems:
            return web.Response(status=400, text="".join(f"{problem}\n" for problem in problems))
        return web.Response(text="reloaded\n")


def make_application(
    handlers: Handlers, telemetry_path: str, pages: Iterable[web.AbstractRouteDef] = ()
) -> web.Application:
    """Return the application with its routes; `pages` are those for people."""
    routes = _Routes(handlers)
    app = web.Application()
    app.router.add_get(telemetry_path, routes.metrics)
    app.router.add_routes(pages)
    app.router.add_get("/-/healthy", routes.healthy)
    app.router.add_get("/-/ready", routes.ready)
    app.router.add_post("/-/reload", routes.reload)
    return app


def batch_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join pieces to batches of at least `BATCH_BYTES` bytes, except the last one."""
    waiting, size = list[bytes](), 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= BATCH_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def accepts_gzip(accepted: str) -> bool:
    """Return whether an `Accept-Encoding` header allows gzip."""
    offers = [offer.replace(" ", "").lower() for offer in accepted.split(",")]
    refused = {"gzip;q=0", "gzip;q=0.0", "gzip;q=0.00", "gzip;q=0.000"}
    return any(offer.split(";")[0] in ("gzip", "x-gzip") and offer not in refused for offer in offers)

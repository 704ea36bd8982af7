"""Answers HTTP: the exposition, the pages for people, and the endpoints for those who run it."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from exporter.metrics.exposition import OPENMETRICS, TEXT, negotiated

WORTH_COMPRESSING = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """What the server is given to answer with; it knows nothing else."""

    metrics: Callable[[bool], Awaitable[bytes]]
    """The exposition; True for OpenMetrics."""
    page: Callable[[], str]
    ready: Callable[[], bool]
    reload: Callable[[], Awaitable[Sequence[str]]]
    """Reads the configuration again; returns the problems."""


class _Routes:
    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers

    async def metrics(self, request: web.Request) -> web.Response:
        openmetrics = negotiated(request.headers.get("Accept", ""))
        body = await self._handlers.metrics(openmetrics)
        headers = {"Content-Type": OPENMETRICS if openmetrics else TEXT, "Vary": "Accept, Accept-Encoding"}
        if accepts_gzip(request.headers.get("Accept-Encoding", "")) and len(body) >= WORTH_COMPRESSING:
            body = await asyncio.to_thread(gzip.compress, body, 1)
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, headers=headers)

    async def page(self, _: web.Request) -> web.Response:
        return web.Response(text=self._handlers.page(), content_type="text/html")

    async def healthy(self, _: web.Request) -> web.Response:
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


def application(handlers: Handlers, telemetry_path: str) -> web.Application:
    """Return the routes."""
    routes = _Routes(handlers)
    app = web.Application()
    app.router.add_get(telemetry_path, routes.metrics)
    if telemetry_path != "/":
        app.router.add_get("/", routes.page)
    app.router.add_get("/-/healthy", routes.healthy)
    app.router.add_get("/-/ready", routes.ready)
    app.router.add_post("/-/reload", routes.reload)
    return app


def accepts_gzip(accepted: str) -> bool:
    """Whether an `Accept-Encoding` header allows gzip."""
    offers = [offer.replace(" ", "").lower() for offer in accepted.split(",")]
    refused = {"gzip;q=0", "gzip;q=0.0", "gzip;q=0.00", "gzip;q=0.000"}
    return any(offer.split(";")[0] in ("gzip", "x-gzip") and offer not in refused for offer in offers)

"""Answers for people and for programs that read what people see: the pages, the API and the files that pages load."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Self

from aiohttp import web

from exporter import __version__
from exporter.metrics.records import write_gone_record, write_resource_record, write_source_record
from exporter.state.overview import ResourceItem, list_items
from exporter.state.store import Store
from exporter.web.filters import read_filter, read_page
from exporter.web.pages import ASSETS, Pages, load_assets
from exporter.web.resource_view import make_resource_page
from exporter.web.status_view import fits, make_status_view

RESOURCES_PER_SLICE = 100
"""Resources that are written at a time, before other tasks run."""
YEAR = 365 * 86400


class PageRoutes:
    """The handlers; they read the store and change nothing."""

    def __init__(self, store: Store, pages: Pages) -> None:
        """`pages` renders the contents of the store."""
        self._store = store
        self._pages = pages
        self._assets = {asset.path: asset for asset in pages.assets.values()}

    @classmethod
    def load(cls, store: Store, telemetry_path: str) -> Self:
        """Read the files of the pages, and return their handlers. This blocks."""
        return cls(store, Pages(load_assets(), telemetry_path))

    def routes(self, *, home: bool) -> list[web.RouteDef]:
        """Return the routes; without `home` the status page has no place of its own."""
        return [
            *((web.get("/", self.status),) if home else ()),
            web.get("/resources/{source}/{resource:.+}", self.resource),
            web.get("/api/v1/status", self.api),
            web.get(f"{ASSETS}/{{name}}", self.asset),
        ]

    async def status(self, request: web.Request) -> web.Response:
        """Return the status page."""
        parameters = list(request.query.items())
        page = make_status_view(self._store, read_filter(parameters), read_page(parameters))
        await asyncio.sleep(0)
        return _html(self._pages.render_status(page, self._store.now()))

    async def resource(self, request: web.Request) -> web.Response:
        """Return the page of one resource, or 404."""
        found = make_resource_page(self._store, request.match_info["source"], request.match_info["resource"])
        now = self._store.now()
        if found is None:
            return _html(self._pages.render_not_found(now), status=404)
        return _html(self._pages.render_resource(found, now))

    async def api(self, request: web.Request) -> web.StreamResponse:
        """Return what the pages show as JSON, in pieces."""
        response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
        await response.prepare(request)
        if request.method != "HEAD":
            async for piece in self._write_status(list(request.query.items())):
                await response.write(piece.encode())
        await response.write_eof()
        return response

    async def asset(self, request: web.Request) -> web.Response:
        """Return a file that pages load; its path changes with its content, so it can be kept."""
        asset = self._assets.get(request.path)
        if asset is None:
            raise web.HTTPNotFound
        headers = {"Cache-Control": f"public, max-age={YEAR}, immutable"}
        return web.Response(body=asset.content, content_type=asset.type, charset="utf-8", headers=headers)

    async def _write_status(self, parameters: list[tuple[str, str]]) -> AsyncIterator[str]:
        store, wanted = self._store, read_filter(parameters)
        items = [item for item in list_items(store) if fits(item, wanted)]
        items.sort(key=lambda item: (item.source.name, item.id))
        head = {"version": __version__, "now": store.now()}
        sources = [write_source_record(entry, store.judge_source(name)) for name, entry in store.entries.items()]
        yield f'{json.dumps(head)[:-1]}, "sources": {json.dumps(sources)}, "resources": ['
        separator = ""
        for at in range(0, len(items), RESOURCES_PER_SLICE):
            for item in items[at : at + RESOURCES_PER_SLICE]:
                record = self._write_item(item)
                if record is not None:
                    yield separator + json.dumps(record)
                    separator = ", "
            await asyncio.sleep(0)
        yield "]}\n"

    def _write_item(self, item: ResourceItem) -> dict[str, Any] | None:
        """Return a resource as an object; None if it has vanished meanwhile."""
        if item.gone:
            return write_gone_record(item.source, item.view)
        view, entry = self._store.find_view(item.source.name, item.id), self._store.entries.get(item.source.name)
        return None if view is None or entry is None else write_resource_record(entry, view, self._store.now())


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, content_type="text/html", status=status, headers={"Cache-Control": "no-store"})

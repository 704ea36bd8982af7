"""A vendor on loopback that answers what a test says, and keeps what it was asked."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from exporter.app import App
from exporter.commands.poll import list_resource_records
from exporter.config.loader import parse
from exporter.declared.vendors import Vendors
from exporter.settings import Settings
from exporter.state.store import Store


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str
    query_string: str = ""
    """As it was sent."""


Answer = Callable[[Asked], Any]
"""A body; or a response, for another status or headers."""


@dataclass(slots=True)
class Vendor:
    answer: Answer
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    def paths(self, method: str = "GET") -> list[str]:
        return [
            one.path + ("?" + "&".join(f"{key}={value}" for key, value in one.query.items()) if one.query else "")
            for one in self.asked
            if one.method == method
        ]


@asynccontextmanager
async def vendor(answer: Answer) -> AsyncIterator[Vendor]:
    """Answer on a free port of loopback."""
    found = Vendor(answer)

    async def respond(request: web.Request) -> web.StreamResponse:
        asked = Asked(
            request.method,
            request.path,
            dict(request.query),
            dict(request.headers),
            (await request.read()).decode(),
            request.rel_url.raw_query_string,
        )
        found.asked.append(asked)
        said = found.answer(asked)
        return said if isinstance(said, web.StreamResponse) else web.json_response(said)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", respond)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        await runner.cleanup()


def settings_of(api: Mapping[str, Any], **keys: Any) -> Settings:
    """Return the configuration of one source that declares its vendor itself."""
    source = {"name": "one", "provider": "http_json", "api": api, **keys}
    return parse(yaml.safe_dump({"sources": [source]}, sort_keys=False), {}, Path(), vendors=Vendors()).settings


async def poll(api: Mapping[str, Any], polls: int = 1, **keys: Any) -> dict[str, dict[str, Any]]:
    """Poll a declared vendor and return the records of its resources, by their labels."""
    return {record["resource"]: record for record in list_resource_records(await poll_into_store(api, polls, **keys))}


async def poll_into_store(
    api: Mapping[str, Any], polls: int = 1, between: Callable[[], None] = lambda: None, **keys: Any
) -> Store:
    """Poll a declared vendor, do something `between` the polls, and return what is known afterwards."""
    app = App(lambda: 1_800_000_000.0)
    watches = await app.apply(settings_of(api, **keys))
    try:
        for number in range(polls):
            if number:
                between()
            await watches[0].poller.poll()
    finally:
        await app.stop()
    return app.store

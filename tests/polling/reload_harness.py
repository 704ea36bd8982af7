"""Runs an exporter whose configuration changes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from exporter.app import App
from exporter.secret import Secret
from exporter.settings import Settings, Source
from tests.polling.stub_provider import Options, Vendor
from tests.virtual_time import wall_clock

OTHER = Options(token=Secret("another"))


@dataclass(slots=True)
class Running:
    """An exporter, its vendors by the names of the sources, and the carriers that it was given."""

    vendors: Mapping[str, Vendor]
    app: App = field(init=False)
    transports: list[str] = field(default_factory=list)

    async def apply(self, *sources: Source) -> list[str]:
        """Take a configuration; return the names of the sources that are begun with."""
        new = await self.app.apply(Settings(sources=sources))
        for watch in new:
            watch.start()
        return [watch.source.name for watch in new]

    @property
    def exposition(self) -> str:
        """What a scrape gets."""
        return b"".join(self.app.exposition.render(openmetrics=False)).decode()


@asynccontextmanager
async def exporting(**vendors: Vendor) -> AsyncIterator[Running]:
    """Run an exporter that watches nothing yet."""
    running = Running(vendors)
    running.app = App(wall_clock, lambda source: running.vendors[source.name])
    try:
        yield running
    finally:
        await running.app.stop()


def one(**changes: Any) -> Vendor:
    """Return a vendor with one resource."""
    return Vendor({"all": ["r"]}, **changes)


def busiest(vendors: Sequence[Vendor], window: float) -> int:
    """Return the most requests that all the vendors together got in any window."""
    times = sorted(at for vendor in vendors for at, _ in vendor.asked)
    return max(sum(first <= other < first + window for other in times) for first in times)

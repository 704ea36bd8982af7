"""A vendor with download links, and a storage that says what was fetched."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from exporter import app as application
from exporter.errors import (
    PollError,
)
from exporter.model import Backup, Resource
from exporter.provider import Api, Download, address
from exporter.secret import Secret
from exporter.settings import Source, VerifyDownloads
from exporter.state.download_check import DownloadCheck
from exporter.state.resource import ResourceStatus
from tests.polling.stub_provider import BASE, STUB, Vendor, Watching, auth, row, source, watching
from tests.virtual_time import START, now, wall_clock

RULES = VerifyDownloads(interval=3600.0)
SECRET = "planted-signature"


@dataclass(slots=True)
class Storage:
    """What the fetcher was asked for, and how it answers."""

    checked: list[tuple[float, str, float | None]] = field(default_factory=list)
    failure: PollError | None = None
    seconds: float = 0.0
    slow: Mapping[str, float] = field(default_factory=dict)
    """By the beginning of a backup's id, how many seconds its download takes instead."""
    running: int = 0
    most: int = 0

    async def check(self, download: Download, size: float | None) -> None:
        self.checked.append((now(), download.link.reveal(), size))
        self.running += 1
        self.most = max(self.most, self.running)
        name = download.link.reveal().rpartition("/")[2]
        await asyncio.sleep(next((long for key, long in self.slow.items() if name.startswith(key)), self.seconds))
        self.running -= 1
        if self.failure is not None:
            raise self.failure


async def download(api: Api, options: Any, resource: Resource, backup: Backup) -> Download | None:
    """Return a link; a snapshot has none."""
    if backup.id.startswith("snapshot"):
        return None
    await api.get(address(BASE, "facts", resource.id), auth=auth(options))
    return Download(link=Secret(f"https://files.example/{backup.id}?sig={SECRET}"))


def verify(name: str = "stub", **changes: Any) -> Source:
    provider = replace(STUB, download=download)
    return source(name, **{"provider": provider, "verify_downloads": RULES, **changes})


@asynccontextmanager
async def checking(
    monkeypatch: pytest.MonkeyPatch,
    storage: Storage,
    vendor: Vendor,
    *sources: Source,
    clock: Callable[[], float] = wall_clock,
) -> AsyncIterator[Watching]:
    monkeypatch.setattr(application, "LinkFetcher", lambda **_: storage)
    async with watching(vendor, *sources, clock=clock) as watched:
        yield watched


def one() -> Vendor:
    return Vendor(
        scopes={"all": ["a"]}, backups={"a": [[row("a-2", started=START - 60), row("a-1", started=START - 90)]]}
    )


def check_of(watched: Watching, key: str = "a") -> DownloadCheck | None:
    found: ResourceStatus = watched.entry().resources[key]
    return found.download_check

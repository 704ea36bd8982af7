"""A vendor in memory whose resources and backups a test sets, and an exporter on it that can be restarted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from exporter.app import App, SourceTasks
from exporter.errors import PollError
from exporter.model import Backup, Details, Resource, Scope, Status
from exporter.persistence.saver import StateSaver
from exporter.provider import Api, Provider, RateLimit, RawPage
from exporter.settings import Settings, Source
from exporter.state.steady_clock import SteadyClock

NOW = 1_800_000_000.0
HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOptions:
    """It needs no credentials."""


@dataclass
class Vendor:
    """What the vendor has, by scope and by resource id; an error stands for what cannot be read."""

    scopes: dict[str, Sequence[Resource] | PollError] = field(default_factory=dict)
    backups: dict[str, Sequence[Backup] | PollError] = field(default_factory=dict)
    details: Details = field(default_factory=lambda: Details(scheduled=True, interval=HOUR, intervals={"full": HOUR}))
    down: PollError | None = None

    def provider(self) -> Provider:
        """Return the provider that reads it."""
        return Provider(
            options=NoOptions,
            rate_limit=RateLimit(requests=1000, per=1.0),
            scopes=self._scopes,
            resources=self._resources,
            details=self._facts,
            pages=self._pages,
            backup=lambda _, one: Backup(**{**one, "status": Status(one["status"])}),
            newest_first=False,
        )

    async def _scopes(self, _api: Api, _options: Any) -> Sequence[Scope]:
        self._refuse(self.down)
        return [Scope(id=scope) for scope in self.scopes]

    async def _resources(self, _api: Api, _options: Any, scope: Scope) -> Sequence[Resource]:
        found = self.scopes[scope.id]
        self._refuse(self.down, found)
        assert not isinstance(found, PollError)
        return found

    async def _facts(self, _api: Api, _options: Any, _resource: Resource) -> Details:
        self._refuse(self.down)
        return self.details

    async def _pages(self, _api: Api, _options: Any, resource: Resource) -> AsyncIterator[RawPage]:
        found = self.backups.get(resource.id or resource.name, ())
        self._refuse(self.down, found)
        assert not isinstance(found, PollError)
        yield RawPage(records=[msgspec.Raw(msgspec.json.encode(one)) for one in found])

    def _refuse(self, *answers: object) -> None:
        for answer in answers:
            if isinstance(answer, PollError):
                raise answer


def resource(id_: str, **changes: Any) -> Resource:
    """Return a resource as discovery gives it."""
    return replace(Resource(id=id_, name=f"name of {id_}", kind="postgresql", path=("there", id_)), **changes)


def make_completed(count: int, *, kind: str = "full", newest: float = NOW - HOUR) -> list[Backup]:
    """Return completed backups, an hour between two, the newest first."""
    starts = [newest - number * HOUR for number in range(count)]
    return [
        Backup(id=f"{kind}-{at:.0f}", status=Status.COMPLETED, started=at, finished=at + 60, size=1e9, kind=kind)
        for at in starts
    ]


class NoTransport:
    """Nothing is asked over a wire here."""

    async def aclose(self) -> None:
        """Hold nothing."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


class Exporter:
    """App and keeper as the server puts them together, without a socket."""

    def __init__(self, path: Path | None, *sources: Source, now: float = NOW) -> None:
        """Start nothing; the clock stands still."""
        self.settings = Settings(sources=sources, state_file=path)
        self._now = now
        self.app = App(lambda: self._now, make_transport=lambda _: NoTransport())
        self.saver = StateSaver(self.app.store)
        self.watches: list[SourceTasks] = []

    async def start(self) -> "Exporter":
        """Restore into the store; poll nothing."""
        await self.saver.load(self.settings)
        self.watches = await self.app.apply(self.settings)
        return self

    def set_clock(self, now: float) -> None:
        """Set the clock, and let as much time pass as it takes until a jump is believed."""
        self._now = now
        self.app.store._steady = SteadyClock(lambda: self._now)

    async def poll(self) -> None:
        """Poll every source once, then save."""
        await asyncio.gather(*(watch.poller.poll() for watch in self.watches))
        await self.saver.save()

    @property
    def text(self) -> str:
        """The exposition."""
        return b"".join(self.app.exposition.render(openmetrics=False)).decode()

    def value(self, name: str, **labels: str) -> float | None:
        """Return the one sample of a family that has these labels, None if there is none."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        found = [
            line
            for line in self.text.splitlines()
            if line.split("{")[0].split(" ")[0] == name and all(pair in line for pair in wanted)
        ]
        assert len(found) <= 1, found
        return float(found[0].rsplit(" ", 1)[1]) if found else None


def source(vendor: Vendor, name: str = "shop", **changes: Any) -> Source:
    """Return a source at this vendor."""
    provider = vendor.provider()
    return Source(
        name=name,
        provider=provider,
        provider_name="simple",
        options=NoOptions(),
        rate_limit=provider.rate_limit,
        **changes,
    )


def usual_vendor(**changes: Any) -> Vendor:
    """Return a vendor with one resource that has fifteen full and two incremental backups and a failed one."""
    failed = Backup(id="f", status=Status.FAILED, started=NOW - 60, kind="full")
    listed = [failed, *make_completed(15), *make_completed(2, kind="incremental", newest=NOW - 2 * HOUR)]
    scopes = {"one": [resource("db", created=NOW - 90 * DAY)]}
    return Vendor(**{"scopes": scopes, "backups": {"db": listed}, **changes})


async def poll_once(path: Path, at: Vendor, **changes: Any) -> Exporter:
    """Return an exporter that has polled and saved."""
    exporter = await Exporter(path, source(at, **changes)).start()
    await exporter.poll()
    return exporter

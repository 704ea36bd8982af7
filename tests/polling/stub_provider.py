"""A tiny provider, the vendor behind it, and what watches both in virtual time."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from exporter import wire
from exporter.app import App
from exporter.client.client import Request, Response
from exporter.errors import MalformedError, PollError
from exporter.model import Backup, Details, Resource, Scope, Status
from exporter.provider import Api, Auth, BearerAuth, Provider, RateLimit, RawPage, Token, TokenExchange, address
from exporter.secret import Secret
from exporter.settings import Settings, Source
from exporter.state.store import SourceEntry
from tests.virtual_time import START, now, wall_clock

BASE = "https://vendor.example"
STATUSES = {"done": Status.COMPLETED, "failed": Status.FAILED, "running": Status.IN_PROGRESS}
AMPLE = RateLimit(requests=1000, per=1)

Row = Mapping[str, Any]


def row(id_: str, status: str = "done", started: float = START, **others: Any) -> Row:
    """Return a backup as the vendor writes it."""
    return {"id": id_, "status": status, "started": started, **others}


@dataclass(slots=True)
class Vendor:
    """What the vendor has, how it misbehaves, and what it was asked."""

    scopes: dict[str, list[str]] = field(default_factory=dict)
    """Names of resources by scope."""
    backups: dict[str, list[list[Row]]] = field(default_factory=dict)
    """Pages by resource; one with a single completed backup where nothing stands here."""
    trouble: dict[str, Any] = field(default_factory=dict)
    """By path: a status, a PollError's class with its arguments as a tuple, or any object to be the body."""
    seconds: float = 0.0
    """What every answer takes."""
    asked: list[tuple[float, str]] = field(default_factory=list)

    async def aclose(self) -> None:
        """Hold nothing."""

    async def send(self, request: Request) -> Response:
        path = urlsplit(request.url).path
        self.asked.append((now(), path))
        await asyncio.sleep(self.seconds)
        trouble = self.trouble.get(path)
        if isinstance(trouble, PollError):
            raise type(trouble)(*trouble.args)
        if isinstance(trouble, int):
            return Response(status=trouble, headers={}, body=b"{}")
        body = trouble if trouble is not None else self._body(path.strip("/").split("/"))
        if body is None:
            return Response(status=404, headers={}, body=b"{}")
        return Response(status=200, headers={}, body=json.dumps(body).encode())

    def _body(self, parts: list[str]) -> Any:
        match parts:
            case ["token"]:
                return {"token": f"t{len(self.asked)}"}
            case ["scopes"]:
                return list(self.scopes)
            case ["scopes", scope]:
                return self.scopes.get(scope)
            case [what, name, *rest] if any(name in listed for listed in self.scopes.values()):
                return self._of_resource(what, name, rest)
        return None

    def _of_resource(self, what: str, name: str, rest: list[str]) -> Any:
        pages = self.backups.get(name, [[row(f"{name}-1")]])
        match what, rest:
            case "facts", []:
                return {"interval": 3600}
            case "backups", [number]:
                return {"rows": pages[int(number)], "more": int(number) + 1 < len(pages)}
            case "running", [wanted]:
                return next((one for page in pages for one in page if one["id"] == wanted), None)
        return None

    def times(self, path: str) -> list[float]:
        """Return when a path was asked for."""
        return [at for at, asked in self.asked if asked == path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Whose token it is, and how it is used."""

    token: Secret = field(default=Secret("static"), repr=False)
    exchange: bool = False
    source_wide: bool = True


def auth(options: Options) -> Auth:
    """Return a static token, or one got in exchange."""
    if not options.exchange:
        return BearerAuth(options.token)
    return TokenExchange(
        url=f"{BASE}/token", read=lambda body: Token(body["token"]), lifetime=3600, source_wide=options.source_wide
    )


async def _get(api: Api, options: Options, *segments: str) -> Any:
    return (await api.get(address(BASE, *segments), auth=auth(options))).body


async def _names(api: Api, options: Options, *segments: str) -> Sequence[str]:
    body = await _get(api, options, *segments)
    if not isinstance(body, list):
        raise MalformedError("expected a list")
    return body


async def scopes(api: Api, options: Options) -> Sequence[Scope]:
    """Return the parts of the account."""
    return [Scope(id=name) for name in await _names(api, options, "scopes")]


async def resources(api: Api, options: Options, scope: Scope) -> Sequence[Resource]:
    """Return what a part holds."""
    return [Resource(id=name, name=name, kind="stub") for name in await _names(api, options, "scopes", scope.id)]


async def details(api: Api, options: Options, resource: Resource) -> Details:
    """Return the schedule."""
    return Details(interval=(await _get(api, options, "facts", resource.id))["interval"])


class Part(wire.Envelope):
    """One page."""

    rows: wire.Records
    more: bool


async def pages(api: Api, options: Options, resource: Resource) -> AsyncIterator[RawPage]:
    """Yield page after page."""
    number = 0
    while True:
        url = address(BASE, "backups", resource.id, str(number))
        part: Part = (await api.get(url, auth=auth(options), envelope=Part)).body
        yield RawPage(records=part.rows)
        if not part.more:
            return
        number += 1


async def refresh(api: Api, options: Options, resource: Resource, backup: Backup) -> Sequence[Backup]:
    """Return one backup."""
    return (_backup(await _get(api, options, "running", resource.id, backup.id)),)


def _backup(one: Row) -> Backup:
    return wire.backup(STATUSES, one["status"], id=one["id"], started=one["started"], finished=one.get("finished"))


def two_scopes() -> Vendor:
    """Return a vendor with three resources in two scopes."""
    return Vendor({"one": ["a", "b"], "two": ["c"]})


STUB = Provider(
    options=Options,
    rate_limit=AMPLE,
    scopes=scopes,
    resources=resources,
    details=details,
    pages=pages,
    backup=lambda _, one: _backup(one),
    newest_first=True,
    refresh=refresh,
)


def with_optional_scope(name: str) -> Provider:
    """Return the stub provider, of which a credential need not have the right to read one scope."""

    async def list_scopes(api: Api, options: Options) -> Sequence[Scope]:
        return [replace(one, optional=one.id == name) for one in await scopes(api, options)]

    return replace(STUB, scopes=list_scopes)


def source(name: str = "stub", **changes: Any) -> Source:
    """Return a source of the stub provider."""
    return Source(**{
        "name": name, "provider": STUB, "provider_name": "stub", "options": Options(), "rate_limit": AMPLE, **changes
    })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watching:
    """An exporter and the sources that it watches."""

    app: App

    def entry(self, name: str = "stub") -> SourceEntry:
        """Return a source's entry in the store."""
        return self.app.store.entries[name]

    def reason(self, name: str = "stub") -> str | None:
        """Return why a source is down; None if it is up."""
        status = self.entry(name).status
        assert status.up is (status.failure is None)
        return status.failure

    def failures(self, name: str = "stub") -> dict[str, str | None]:
        """Return what each resource fails for; None if it is up."""
        resource_status = self.entry(name).resources
        assert all(one.up is (one.failure is None) for one in resource_status.values())
        return {key: one.failure for key, one in resource_status.items()}


@asynccontextmanager
async def watching(
    vendors: Vendor | Mapping[str, Vendor], *sources: Source, clock: Callable[[], float] = wall_clock
) -> AsyncIterator[Watching]:
    """Watch for the length of the block; of several vendors, each is the one of the source of its name."""
    by_name = {source.name: vendors[source.name] if isinstance(vendors, Mapping) else vendors for source in sources}
    app = App(clock, lambda source: by_name[source.name])
    for watch in await app.apply(Settings(sources=sources)):
        watch.start()
    try:
        yield Watching(app)
    finally:
        await app.stop()

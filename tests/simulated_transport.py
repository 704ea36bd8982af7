"""Simulated accounts without sockets: requests go to their `respond` directly, at virtual time."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml

from exporter.app import App
from exporter.client.client import Request, Response
from exporter.config.loader import parse
from exporter.demo.http import Account
from exporter.demo.http import Request as VendorRequest
from exporter.demo.strict import StrictAccount
from exporter.settings import Settings
from tests.virtual_time import now, wall_clock


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as the vendor met it."""

    at: float
    method: str
    path: str
    status: int


@dataclass(slots=True, kw_only=True)
class SimulatedTransport:
    """The way to one simulated account; each way there and back takes up to `slowest` seconds."""

    account: StrictAccount
    slowest: float = 0.2
    seed: int = 7
    arrivals: list[Arrival] = field(default_factory=list)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    async def aclose(self) -> None:
        """Hold nothing."""

    async def send(self, request: Request) -> Response:
        await asyncio.sleep(self._random.uniform(0, self.slowest))
        parts = urlsplit(request.url)
        response = self.account.respond(
            VendorRequest(
                method=request.method,
                path=unquote(parts.path),
                base=f"{parts.scheme}://{parts.netloc}",
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=request.body or b"",
            ),
            wall_clock(),
        )
        self.arrivals.append(Arrival(now(), request.method, unquote(parts.path), response.status))
        await asyncio.sleep(self._random.uniform(0, self.slowest))
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Response(status=response.status, headers=headers, body=response.body)


@dataclass(frozen=True, slots=True)
class Watching:
    """An exporter that watches simulated accounts, with what it asked of each, by the account's name."""

    app: App
    transports: Mapping[str, SimulatedTransport]

    @property
    def complaints(self) -> list[str]:
        """What the accounts were asked wrongly; a test that provokes it lets the carrier's account forgive it."""
        return [complaint for transport in self.transports.values() for complaint in transport.account.complaints]


def settings_for(accounts: Sequence[Account], **keys: Any) -> Settings:
    """Return the configuration that the accounts give of themselves, with `keys` on each source."""
    sources = [{**account.configuration(f"http://{account.name}.example"), **keys} for account in accounts]
    return parse(yaml.safe_dump({"sources": sources}), {}, Path()).settings


@asynccontextmanager
async def watching(accounts: Sequence[Account], **keys: Any) -> AsyncIterator[Watching]:
    """Watch the accounts for the length of the block, at whose end none may have been asked wrongly."""
    transports = {account.name: SimulatedTransport(account=StrictAccount(account)) for account in accounts}
    app = App(wall_clock, lambda source: transports[source.name])
    seen = Watching(app, transports)
    for watch in await app.apply(settings_for(accounts, **keys)):
        watch.start()
    try:
        yield seen
    except Exception as failure:
        failure.add_note("\n".join(seen.complaints))  # mostly the cause
        raise
    finally:
        await app.stop()
    if seen.complaints:
        raise AssertionError("; ".join(seen.complaints))

"""Vendors that go on for days without growing themselves, and misbehave by the throw of a seeded die."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from exporter.client.client import Request, Response, Transport
from exporter.demo.http import Account
from exporter.demo.strict import StrictAccount
from exporter.errors import CapError, ConnectionFailedError, TlsError
from tests.polling.stub_provider import row
from tests.simulated_transport import SimulatedTransport
from tests.virtual_time import wall_clock

HOUR = 3600.0
SLOWEST = 0.2
MOOD_LASTS = 1800.0
PAGE = 5
KEPT = 15

Fault = Callable[["Unruly", Request], Awaitable[Response]]


@dataclass(slots=True)
class Weather:
    """Whether vendors misbehave at the moment."""

    calm: bool = False


@dataclass(slots=True, kw_only=True)
class Unruly:
    """The way to a vendor, on which things go wrong; counts what it answered."""

    inner: Transport
    weather: Weather
    answered: Counter[str]
    chance: random.Random
    _until: float = 0.0
    _mood: Sequence[Fault] = ()

    async def aclose(self) -> None:
        """Hold nothing."""

    async def send(self, request: Request) -> Response:
        code = "none"
        try:
            await asyncio.sleep(self.chance.uniform(0, SLOWEST))
            fault = self._fault()
            answer = await (self.inner.send(request) if fault is None else fault(self, request))
            code = str(answer.status)
            return answer
        finally:
            self.answered[code] += 1

    def _fault(self) -> Fault | None:
        if self.weather.calm:
            return None
        if wall_clock() > self._until:
            self._until = wall_clock() + MOOD_LASTS
            self._mood = self.chance.choices((FLAKY, *OUTAGES), (0.8, *(0.2 / len(OUTAGES) for _ in OUTAGES)))[0]
        if self._mood is FLAKY and self.chance.random() < 0.9:
            return None
        return self.chance.choice(self._mood)


def status(code: int, **headers: str) -> Fault:
    """Answer with a status and an empty object."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_: Unruly, __: Request) -> Response:
        return Response(status=code, headers=named, body=b"{}")

    return answer


def answer_with(body: bytes) -> Fault:
    """Answer 200 with something else than what was asked for."""

    async def answer(_: Unruly, __: Request) -> Response:
        return Response(status=200, headers={}, body=body)

    return answer


def break_off(error: Callable[[], Exception]) -> Fault:
    """Give no answer."""

    async def answer(_: Unruly, __: Request) -> Response:
        raise error()

    return answer


async def stall(_: Unruly, __: Request) -> Response:
    """Never answer."""
    await asyncio.sleep(10 * HOUR)
    raise AssertionError("no client waits for that long")


async def truncate(unruly: Unruly, request: Request) -> Response:
    """Answer with half of the body."""
    answer = await unruly.inner.send(request)
    return Response(status=answer.status, headers=answer.headers, body=answer.body[: len(answer.body) // 2])


RESET = break_off(lambda: ConnectionFailedError("the connection broke", reset=True))
REFUSED = break_off(lambda: ConnectionFailedError("no connection"))
FLAKY: Sequence[Fault] = (
    *(status(code) for code in (204, 301, 400, 401, 402, 403, 404, 408, 410, 418, 500, 502, 503, 504)),
    status(429),
    status(429, retry_after="7"),
    status(429, x_ratelimit_reset="12", x_ratelimit_remaining="0"),
    status(302, location="https://elsewhere.example/"),
    *map(answer_with, (b"", b"<html>", b"[", b"null", b"{}", b"[1, 2]", b'{"rows": 1, "data": [], "result": {}}')),
    break_off(lambda: TlsError("the server's certificate is not trusted, or TLS failed")),
    break_off(lambda: CapError("the body is larger than 8 MiB", limit="body")),
    RESET,
    REFUSED,
    stall,
    truncate,
)
OUTAGES: Sequence[Sequence[Fault]] = (
    (REFUSED,),
    (RESET, stall),
    (status(401),),
    (status(403),),
    (status(429, retry_after="20"), status(429)),
    (status(500), status(503)),
    (answer_with(b"<html>"),),
)


@dataclass(slots=True, kw_only=True)
class Clockwork:
    """The stub provider's vendor as a function of time: each hour a backup of everything; some scopes come and go."""

    prefix: str
    resources: int
    scopes: int
    fleeting: bool = True
    """Whether the last resource of each scope is there every other hour only."""
    clock: Callable[[], float] = wall_clock

    async def aclose(self) -> None:
        """Hold nothing."""

    async def send(self, request: Request) -> Response:
        body = self._body(urlsplit(request.url).path.strip("/").split("/"))
        return Response(status=404 if body is None else 200, headers={}, body=json.dumps(body).encode())

    def names(self, scope: int) -> list[str]:
        """Return what a scope holds now."""
        found = [f"{self.prefix}-{number}" for number in range(scope, self.resources, self.scopes)]
        return found if not self.fleeting or int(self.clock() / HOUR) % 2 else found[:-1]

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the backups of a resource, newest first."""
        shift = sum(name.encode()) % 60 * 60
        newest = int((self.clock() - shift) // HOUR)
        return [dict(self._row(name, number, shift)) for number in range(newest, newest - KEPT, -1)]

    def _row(self, name: str, number: int, shift: int) -> Any:
        started = number * HOUR + shift
        ended = started + 300 + number % 5
        word = (
            "running" if self.clock() < ended else ("done", "done", "failed", "done", f"odd-{number % 9}")[number % 5]
        )
        return row(f"{name}.{number}", word, started, finished=None if word == "running" else ended)

    def _body(self, parts: list[str]) -> Any:
        match parts:
            case ["scopes"]:
                return [str(scope) for scope in range(self.scopes)]
            case ["scopes", scope]:
                return self.names(int(scope))
            case ["facts", _]:
                return {"interval": HOUR}
            case ["backups", name, page]:
                rows, first = self.rows(name), int(page) * PAGE
                return {"rows": rows[first : first + PAGE], "more": first + PAGE < len(rows)}
            case ["running", name, wanted]:
                return next((one for one in self.rows(name) if one["id"] == wanted), None)
        return None


class Forgetful(SimulatedTransport):
    """A simulated account that keeps no record of what it was asked."""

    async def aclose(self) -> None:
        """Hold nothing."""

    async def send(self, request: Request) -> Response:
        answer = await SimulatedTransport.send(self, request)
        self.arrivals.clear()
        return answer


def forgetful(account: Account) -> Forgetful:
    """Return the way to a simulated account."""
    return Forgetful(account=StrictAccount(account), slowest=SLOWEST)

"""A vendor that answers what a script says, path by path."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from exporter.client.client import Client, Request, Response
from exporter.client.rate_limiter import RateLimiter
from exporter.client.session import Session
from exporter.client.tokens import TokenStore
from exporter.counters import Counters
from exporter.errors import PollError
from exporter.provider import RateLimit
from tests.virtual_time import now, wall_clock

BASE = "https://vendor.example"

Line = int | Response | PollError | Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it was sent, and when."""

    at: float
    method: str
    path: str
    authorization: str


@dataclass(slots=True)
class ScriptedTransport:
    """Answers each path by its own lines in turn; the last one goes on for ever."""

    script: Mapping[str, Sequence[Line]]
    slow: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Seconds that an answer takes, in turn likewise."""
    sent: list[Sent] = field(default_factory=list)

    async def aclose(self) -> None:
        """Hold nothing."""

    async def send(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.sent.append(Sent(now(), request.method, path, request.headers.get("Authorization", "")))
        turn = self.count_requests(path) - 1
        await asyncio.sleep(_in_turn(self.slow.get(path, [0.0]), turn))
        line = _in_turn(self.script[path], turn)
        if isinstance(line, PollError):
            raise line
        if isinstance(line, int):
            return answer({}, status=line)
        return line if isinstance(line, Response) else line(request)

    def count_requests(self, path: str) -> int:
        """Return how often a path was asked for."""
        return sum(one.path == path for one in self.sent)


def answer(body: Any, *, status: int = 200, **headers: str) -> Response:
    """Return an answer; an underscore in a header's name is a dash."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, headers=named, body=json.dumps(body).encode())


def client_to(transport: ScriptedTransport, limit: RateLimit | None = None) -> Client:
    """Return a client with an ample limit, a timeout of 20 seconds and a longest wait of 300."""
    return Client(
        transport=transport,
        limiter=RateLimiter(limit or RateLimit(requests=1000, per=1)),
        counters=Counters(),
        tokens=TokenStore(),
        timeout=20.0,
        max_wait=300.0,
        clock=wall_clock,
    )


def session_on(transport: ScriptedTransport, limit: RateLimit | None = None) -> Session:
    """Return a session on a client of its own."""
    return Session(client=client_to(transport, limit))


def _in_turn(lines: Sequence[Any], turn: int) -> Any:
    return lines[min(turn, len(lines) - 1)]

"""A vendor that answers what a script says, path by path."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from exporter.errors import PollError
from exporter.provider import RateLimit
from exporter.transport.channel import Channel, Incoming, Operation, Outgoing
from exporter.transport.limiter import RateLimiter
from exporter.transport.meter import Meter
from exporter.transport.tokens import TokenStore
from tests.virtual_time import now, wall_clock

BASE = "https://vendor.example"

Line = int | Incoming | PollError | Callable[[Outgoing], Incoming]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it was sent, and when."""

    at: float
    method: str
    path: str
    authorization: str


@dataclass(slots=True)
class ScriptedCarrier:
    """Answers each path by its own lines in turn; the last one goes on for ever."""

    script: Mapping[str, Sequence[Line]]
    slow: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Seconds that an answer takes, in turn likewise."""
    sent: list[Sent] = field(default_factory=list)

    async def send(self, request: Outgoing) -> Incoming:
        parts = urlsplit(request.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.sent.append(Sent(now(), request.method, path, request.headers.get("Authorization", "")))
        turn = self.asked(path) - 1
        await asyncio.sleep(_in_turn(self.slow.get(path, [0.0]), turn))
        line = _in_turn(self.script[path], turn)
        if isinstance(line, PollError):
            raise line
        if isinstance(line, int):
            return answer({}, status=line)
        return line if isinstance(line, Incoming) else line(request)

    def asked(self, path: str) -> int:
        """Return how often a path was asked for."""
        return sum(one.path == path for one in self.sent)


def answer(body: Any, *, status: int = 200, **headers: str) -> Incoming:
    """Return an answer; an underscore in a header's name is a dash."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Incoming(status=status, headers=named, body=json.dumps(body).encode())


def channel_to(carrier: ScriptedCarrier, limit: RateLimit | None = None) -> Channel:
    """Return a channel with an ample limit, a timeout of 20 seconds and a patience of 300."""
    return Channel(
        carrier=carrier,
        limiter=RateLimiter(limit or RateLimit(requests=1000, per=1)),
        meter=Meter(),
        tokens=TokenStore(),
        timeout=20.0,
        patience=300.0,
        clock=wall_clock,
    )


def operation_on(carrier: ScriptedCarrier, limit: RateLimit | None = None) -> Operation:
    """Return an operation on a channel of its own."""
    return Operation(channel=channel_to(carrier, limit))


def _in_turn(lines: Sequence[Any], turn: int) -> Any:
    return lines[min(turn, len(lines) - 1)]

"""What a simulated vendor is asked and answers, without a socket: one request in, one response out, the time given."""

import json
import math
from collections import deque
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from exporter.schedule import HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it arrives; header names in lower case, path and query decoded."""

    method: str
    path: str
    base: str
    """Where this simulator stands (`http://127.0.0.1:PORT`), for absolute links."""
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response as it leaves."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    complaint: str = ""
    """What the asker did wrong by the vendor's documents, in a few words; never sent; empty where the story refuses."""


def json_response(
    value: Any,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media: str = "application/json",
    complaint: str = "",
) -> Response:
    """Return `value` as a JSON response."""
    headers = {"Content-Type": media, **(headers or {})}
    return Response(status=status, body=json.dumps(value).encode(), headers=headers, complaint=complaint)


def find_undocumented(request: Request, *documented: str) -> str:
    """Return the complaint of query parameters that the vendor does not document; empty if there are none."""
    unknown = sorted(request.query.keys() - set(documented))
    return f"unknown parameter {', '.join(unknown)}" if unknown else ""


class Account(Protocol):
    """One simulated account at one vendor."""

    name: str

    def configuration(self, base: str) -> dict[str, Any]:
        """Return the entry under `sources:` with which the exporter watches this account at `base`."""
        ...

    def respond(self, request: Request, now: float) -> Response:
        """Answer one request at the instant `now` (Unix seconds)."""
        ...


class SimulatedAccount(Account, Protocol):
    """An account of a simulator in `exporter/demo/vendors`: the tests also use its tokens and its limits."""

    @property
    def issued_tokens(self) -> MutableMapping[str, Any]:
        """The tokens that it has issued; empty where the vendor exchanges none. It refuses one that is removed."""
        ...

    @property
    def limits(self) -> Sequence["Window | Hour"]:
        """Every rate limit by which it counts requests."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """When the demo began and how many times faster than life its staged events follow one another.

    Every event is stamped with the true instant at which it is staged; the speed shortens the waits between them.
    """

    start: float
    speed: float = 1.0

    def at(self, seconds: float) -> float:
        """Return the instant of what is staged `seconds` after the beginning."""
        return self.start + seconds / self.speed


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedEvent:
    """Something that the demo stages: what there is to watch, and where."""

    seconds: float
    """When, counted from the beginning at speed 1; 0: from the beginning on."""
    text: str
    """What happens, in a sentence without its end."""
    source: str
    name: str = ""
    """A part of the resource's name; empty for the whole source."""


class Window:
    """The vendor's rate limit as the vendor counts it: at most `requests` arrivals in any window of `per` seconds."""

    def __init__(self, requests: int, per: float) -> None:
        """Start with nothing counted."""
        self.requests = requests
        self.per = per
        self._arrivals: deque[float] = deque()

    def count_request(self, now: float) -> float:
        """Count an arrival and return 0, or return the seconds until one would be admitted."""
        while self._arrivals and self._arrivals[0] <= now - self.per:
            self._arrivals.popleft()
        if len(self._arrivals) >= self.requests:
            return self._arrivals[0] + self.per - now
        self._arrivals.append(now)
        return 0.0

    @property
    def remaining(self) -> int:
        """How many more would be admitted at the instant of the last arrival."""
        return self.requests - len(self._arrivals)


class Hour:
    """A rate limit: a number of requests in the hour that begins with the first of them."""

    def __init__(self, requests: int) -> None:
        """Start with nothing counted."""
        self.requests = requests
        self._used = 0
        self._end = -math.inf

    def count_request(self, now: float) -> tuple[bool, dict[str, str]]:
        """Count an arrival; return whether it is admitted, and the headers that say so."""
        if now >= self._end:
            self._used, self._end = 0, now + HOUR
        admitted = self._used < self.requests
        self._used += admitted
        return admitted, {
            "x-ratelimit-limit": str(self.requests),
            "x-ratelimit-remaining": str(self.requests - self._used),
            "x-ratelimit-reset": str(math.ceil(self._end - now)),
        }


def iso(instant: float, *, offset: str = "Z") -> str:
    """Return an instant as ISO 8601 with milliseconds in UTC."""
    return (
        datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{int(instant * 1000) % 1000:03d}{offset}"
    )

"""Clients that scrape in a process of their own: `python -m tests.soak.clients URL SECONDS CLIENTS RESOURCES`.

Prints as JSON how it went; fails if a single answer is not whole.
"""

import asyncio
import gzip
import json
import sys
import time
from dataclasses import asdict, dataclass, field

import aiohttp

OPENMETRICS = "application/openmetrics-text"
PAUSE = 0.5


@dataclass(slots=True)
class Seen:
    """What the clients met with."""

    scrapes: int = 0
    longest: float = 0.0
    healthy: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Client:
    """One client with its own manner of asking."""

    url: str
    number: int
    resources: int

    async def scrape(self, until: float, seen: Seen) -> None:
        """Scrape again and again."""
        openmetrics, packed = self.number % 2 == 0, self.number % 3 > 0
        headers = {"Accept": OPENMETRICS if openmetrics else "text/plain"}
        headers |= {"Accept-Encoding": "gzip" if packed else "identity"}
        headers |= {"Connection": "close"} if self.number % 5 == 0 else {}
        limit = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(auto_decompress=False, headers=headers, timeout=limit) as session:
            while time.monotonic() < until:
                began = time.monotonic()
                async with session.get(f"{self.url}/metrics") as answer:
                    body = await answer.read()
                seen.longest = max(seen.longest, time.monotonic() - began)
                assert (answer.status, "Content-Encoding" in answer.headers) == (200, packed), answer
                self._check(gzip.decompress(body) if packed else body, openmetrics=openmetrics)
                seen.scrapes += 1
                await asyncio.sleep(PAUSE)

    def _check(self, body: bytes, *, openmetrics: bool) -> None:
        assert body.count(b"\nbackup_resource_up{") == self.resources, body[:200]
        assert body.endswith(b"\n# EOF\n") is openmetrics
        assert b"\nprocess_open_fds " in body


async def look_after(url: str, until: float, seen: Seen) -> None:
    """Ask whether it is healthy, as a supervisor does."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while time.monotonic() < until:
            began = time.monotonic()
            async with session.get(f"{url}/-/healthy") as answer:
                assert (answer.status, await answer.text()) == (200, "OK\n")
            seen.healthy.append(time.monotonic() - began)
            await asyncio.sleep(PAUSE / 5)


async def attack(url: str, seconds: float, clients: int, resources: int) -> Seen:
    """Let all of them ask at once."""
    seen, until = Seen(), time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        group.create_task(look_after(url, until, seen))
        for number in range(clients):
            group.create_task(Client(url, number, resources).scrape(until, seen))
    return seen


if __name__ == "__main__":
    _, url, seconds, clients, resources = sys.argv
    print(json.dumps(asdict(asyncio.run(attack(url, float(seconds), int(clients), int(resources))))))  # noqa: T201

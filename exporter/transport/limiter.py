"""Spends a vendor's request budget: one limiter for each credential, whatever asks through it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from exporter.errors import RateLimitedError
from exporter.provider import RateLimit

LONGEST_BACKOFF = 60.0
PATIENCE = 5
"""How many refusals in a row without a hint are borne before a request gives up."""


class RateLimiter:
    """At most so many requests in any window, as the vendor counts them on arrival.

    A place is taken when a request is sent and given back one whole window after its *answer*. It arrived somewhere
    between the two, so no window of the vendor's ever holds more than the budget, however long the way there took
    and wherever the vendor's window begins.
    """

    def __init__(self, limit: RateLimit) -> None:
        """Start with the whole budget free."""
        allowed = limit.requests * limit.share
        places = max(1, int(allowed + 1e-9))
        self.window = limit.per * places / allowed
        self._margin = min(0.05, self.window / 20)  # for a vendor whose clock ticks coarsely
        self._places = asyncio.Semaphore(places)
        self._closed_until = 0.0
        self._refusals = 0

    @asynccontextmanager
    async def place(self, patience: float) -> AsyncIterator[float]:
        """Hold a place for the length of one request; yield the seconds spent waiting for it.

        RateLimitedError, if the vendor told us to wait for longer than `patience` seconds.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._refuse_beyond(patience)
        await self._places.acquire()
        try:
            while (closed := self._closed_until - loop.time()) > 0:
                self._refuse_beyond(patience)
                await asyncio.sleep(closed)
            yield loop.time() - began
        finally:
            loop.call_later(self.window + self._margin, self._places.release)

    def close_for(self, seconds: float) -> None:
        """Send nothing for so long: the vendor said so."""
        until = asyncio.get_running_loop().time() + seconds
        self._closed_until = max(self._closed_until, until)

    def refused(self, told: float | None) -> None:
        """Take a 429 into account: wait as told, else longer each time, with jitter.

        RateLimitedError after too many refusals that came without a hint.
        """
        self._refusals += 1
        if told is not None:
            self.close_for(told + random.uniform(0.05, 0.25))  # noqa: S311 - no cryptography
        else:
            self.close_for(min(LONGEST_BACKOFF, 2.0 ** (self._refusals - 1)) * random.uniform(1, 1.5))  # noqa: S311
        if self._refusals > PATIENCE:
            raise RateLimitedError(f"{self._refusals} requests in a row were refused")

    def admitted(self) -> None:
        """Forget earlier refusals: the vendor answers again."""
        self._refusals = 0

    def _refuse_beyond(self, patience: float) -> None:
        closed = self._closed_until - asyncio.get_running_loop().time()
        if closed > patience:
            raise RateLimitedError(f"the vendor asks to wait for {closed:.0f} s, longer than the poll interval")


def part(limit: RateLimit, share: float) -> RateLimit:
    """Return the part of a budget that a secondary purpose may spend."""
    return RateLimit(requests=limit.requests, per=limit.per, share=limit.share * share)

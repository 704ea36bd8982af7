"""Limits requests to a vendor's budget: one limiter for each credential, shared by all that uses it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from exporter.errors import RateLimitedError
from exporter.provider import RateLimit

MAX_BACKOFF = 60.0
MAX_VENDOR_WAIT = 86400.0
"""The longest wait: a vendor that asks to wait for years is asked again after a day."""
MAX_REFUSALS = 5
"""How many 429s in a row a request retries."""


class NotSentError(Exception):
    """Raised to leave a slot without having sent anything; the slot is free again at once."""


class RateLimiter:
    """At most so many requests in any window, as the vendor counts them on arrival.

    A slot is taken when a request is sent and given back one whole window after its *answer*. It arrived somewhere
    between the two, so no window of the vendor's ever holds more than the budget, however long the way there took
    and wherever the vendor's window begins.
    """

    def __init__(self, limit: RateLimit) -> None:
        """Start with the whole budget free."""
        self._size, self.window = effective_budget(limit)
        self._slots = asyncio.Semaphore(self._size)
        self._surplus = 0
        self._closed_until = self._resting_until = self._backoff_until = 0.0
        self._refusals = 0

    def change(self, limit: RateLimit) -> None:
        """Go on with another budget; what has been spent stays spent."""
        before = self._size
        self._size, self.window = effective_budget(limit)
        self._surplus += max(0, before - self._size)
        for _ in range(self._size - before):
            if self._surplus:
                self._surplus -= 1
            else:
                self._slots.release()

    @asynccontextmanager
    async def slot(self, max_wait: float) -> AsyncIterator[float]:
        """Hold a slot for the length of one request; yield the seconds spent waiting for it.

        RateLimitedError if the vendor asks to wait for longer than `max_wait` seconds.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._raise_if_closed_beyond(max_wait)
        await self._slots.acquire()
        while self._surplus:  # the budget has become smaller: this slot is gone
            self._surplus -= 1
            await self._slots.acquire()
        rest = 0.0
        try:
            while (closed := max(self._closed_until, self._resting_until) - loop.time()) > 0:
                self._raise_if_closed_beyond(max_wait)
                await asyncio.sleep(closed)
            rest = self.window + min(0.05, self.window / 20)  # more, for a vendor whose clock ticks coarsely
            yield loop.time() - began
        except NotSentError:
            rest = 0.0
            raise
        finally:
            loop.call_later(rest, self._slots.release)

    def close_for(self, seconds: float) -> None:
        """Send nothing for so many seconds, as the vendor asked."""
        until = asyncio.get_running_loop().time() + min(seconds, MAX_VENDOR_WAIT)
        self._closed_until = max(self._closed_until, until)

    def record_429(self, retry_after: float | None) -> None:
        """Back off after a 429: for `retry_after` seconds, else longer each time, with jitter.

        RateLimitedError after too many refusals in a row; of requests that were under way together, one counts.
        """
        now = asyncio.get_running_loop().time()
        another = now < self._backoff_until
        self._refusals += not another
        if retry_after is not None:
            self.close_for(retry_after + random.uniform(0.05, 0.25))  # noqa: S311 - no cryptography
        elif not another:
            rest = min(MAX_BACKOFF, 2.0 ** (self._refusals - 1)) * random.uniform(1, 1.5)  # noqa: S311
            self._resting_until = now + rest  # our own backoff, which does not count against max_wait
        self._backoff_until = max(self._closed_until, self._resting_until)
        if self._refusals > MAX_REFUSALS:
            raise RateLimitedError(f"{self._refusals} requests in a row were refused")

    def record_success(self) -> None:
        """Forget earlier refusals: the vendor answers again."""
        self._refusals = 0

    def _raise_if_closed_beyond(self, max_wait: float) -> None:
        closed = self._closed_until - asyncio.get_running_loop().time()
        if closed > max_wait:
            text = f"the vendor asks to wait for {closed:.0f} s, longer than the poll interval"
            raise RateLimitedError(text, source_wide=True)  # the whole credential is shut out, whichever request it was


def effective_budget(limit: RateLimit) -> tuple[int, float]:
    """Return how many requests may be made in a window of how many seconds: a fraction of one takes a longer window."""
    allowed = limit.requests * limit.share
    slots = max(1, int(allowed + 1e-9))
    return slots, limit.per * max(1.0, slots / allowed)


def share_of(limit: RateLimit, share: float) -> RateLimit:
    """Return the part of a budget that a secondary purpose may spend."""
    return RateLimit(requests=limit.requests, per=limit.per, share=limit.share * share)

"""Puts the parts together, and replaces them when the configuration changes: the composition root."""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import structlog

from exporter.knowledge.memory import Memory
from exporter.metrics.board import Board
from exporter.polling.follower import Follower
from exporter.polling.poller import Poller
from exporter.provider import RateLimit
from exporter.settings import Settings, Source
from exporter.transport.channel import Carrier, Channel
from exporter.transport.http_client import HttpCarrier
from exporter.transport.limiter import RateLimiter, part
from exporter.transport.meter import Meter
from exporter.transport.tokens import TokenStore

FOLLOWING_SHARE = 0.25

Clock = Callable[[], float]
MakeCarrier = Callable[[Source], Carrier]


def http_carrier(source: Source) -> HttpCarrier:
    """Return the way to a source's vendor over real sockets."""
    return HttpCarrier(ca_file=source.ca_file, proxy_url=source.proxy_url)


@dataclass(slots=True)
class Budget:
    """What one credential may spend."""

    limiter: RateLimiter
    purse: RateLimiter
    """The part of it that following running backups may spend."""


class Watch:
    """One source being watched: its poller, its follower, and their tasks."""

    def __init__(self, poller: Poller, follower: Follower, carrier: Carrier) -> None:
        """Take the parts; nothing runs yet."""
        self.source = poller.source
        self.poller = poller
        self._follower = follower
        self._carrier = carrier
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to poll."""
        self._tasks = [asyncio.create_task(self.poller.run()), asyncio.create_task(self._follower.run())]

    async def stop(self) -> None:
        """Stop polling and close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if isinstance(self._carrier, HttpCarrier):
            await self._carrier.close()


class App:
    """All sources of a configuration, watched."""

    def __init__(self, clock: Clock, make_carrier: MakeCarrier = http_carrier) -> None:
        """Watch nothing yet; `clock` tells Unix seconds."""
        self.board = Board(clock)
        self._clock = clock
        self._make_carrier = make_carrier
        self.memory = Memory()
        self._budgets: dict[Hashable, Budget] = {}
        self._watches: dict[str, Watch] = {}
        self._log = structlog.get_logger()

    async def apply(self, settings: Settings) -> list[Watch]:
        """Watch these sources and no others; return the watches that are new.

        An unchanged source goes on without a gap, with its tokens and its limiter.
        """
        wanted = {source.name: source for source in settings.sources}
        for name, watch in list(self._watches.items()):
            if wanted.get(name) != watch.source:
                await watch.stop()
                del self._watches[name]
        for name in self.board.entries.keys() - wanted.keys():
            self._dismiss(name)
        self._grant(settings)
        new = [self._watch(source) for source in settings.sources if source.name not in self._watches]
        self._watches.update((watch.source.name, watch) for watch in new)
        return new

    async def stop(self) -> None:
        """Stop watching."""
        await asyncio.gather(*(watch.stop() for watch in self._watches.values()))
        self._watches.clear()

    def _watch(self, source: Source) -> Watch:
        budget = self._budgets[source.credential]
        before = self.board.entries.get(source.name)
        carrier = self._make_carrier(source)
        channel = Channel(
            carrier=carrier,
            limiter=budget.limiter,
            meter=before.meter if before else Meter(),
            tokens=TokenStore(),
            timeout=source.request_timeout,
            patience=source.poll_interval,
            clock=self._clock,
        )
        poller = Poller(source, channel, self.board, self.memory)
        return Watch(poller, Follower(source, channel, budget.purse, self.board), carrier)

    def _grant(self, settings: Settings) -> None:
        """Give each credential its budget; of the sources that share one, the strictest limit holds."""
        limits: dict[Hashable, RateLimit] = {}
        for source in settings.sources:
            key, limit = source.credential, source.rate_limit
            limits[key] = min(limits.get(key, limit), limit, key=lambda one: one.requests * one.share / one.per)
        for key, limit in limits.items():
            if (budget := self._budgets.get(key)) is None:
                self._budgets[key] = Budget(RateLimiter(limit), RateLimiter(part(limit, FOLLOWING_SHARE)))
            else:
                budget.limiter.change(limit)
                budget.purse.change(part(limit, FOLLOWING_SHARE))

    def _dismiss(self, name: str) -> None:
        for watched in self.board.entries[name].watched.values():
            self.memory.dismiss(name, watched, self._clock())
        self.board.close(name)

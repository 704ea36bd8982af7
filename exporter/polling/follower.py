"""Follows backups while they run, on their own endpoint, between two polls of their source."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import structlog

from exporter.errors import PollError
from exporter.knowledge.state import Watched
from exporter.metrics.board import Board
from exporter.model import Backup
from exporter.polling.guard import guarded
from exporter.polling.reader import Reader
from exporter.settings import Source
from exporter.transport.channel import Channel, Operation
from exporter.transport.limiter import RateLimiter
from exporter.transport.recollection import Recollection


class Follower:
    """Looks at one source's running backups at the progress interval, within a part of the request budget."""

    def __init__(self, source: Source, channel: Channel, purse: RateLimiter, board: Board) -> None:
        """Share the poller's channel; `purse` is the part of its budget that may be spent here."""
        self.source = source
        self._board = board
        self._channel, self._purse = channel, purse
        self._reader = Reader(source=source, api=self._api, attentive=self._api)
        self._log: Any = structlog.get_logger().bind(provider=source.provider_name, source=source.name)

    async def run(self) -> None:
        """Look at what runs, for ever."""
        while True:
            await asyncio.sleep(self.source.progress_interval)
            await self.look()

    async def look(self) -> None:
        """Look once at everything that runs."""
        for key, watched in list(self._board.entries[self.source.name].watched.items()):
            if watched.failure is None and watched.running():
                try:
                    await guarded(self._log, "following a backup", self._follow(key, watched))
                except PollError as error:  # the next poll will see it too, and says so on the resource
                    self._log.info("following.failed", resource=key, reason=error.reason, detail=str(error))

    async def _follow(self, key: str, watched: Watched) -> None:
        running = self.source.provider.running
        if running is None:
            reading = await self._reader.listing(watched)
            if reading is not None:
                self._put(key, lambda now: self._reader.listed(now, reading))
            return
        told: dict[str, Backup] = {}
        for backup in watched.running():
            if backup.id not in told:
                found: Iterable[Backup] = await running(self._api(), self.source.options, watched.resource, backup)
                told.update((one.id, one) for one in found)
        self._put(key, lambda now: self._reader.followed(now, told.values()))

    def _api(self, recollection: Recollection | None = None) -> Operation:
        return Operation(channel=self._channel, purse=self._purse, recollection=recollection)

    def _put(self, key: str, change: Callable[[Watched], Watched]) -> None:
        """Change what is known by now: a poll may have read the resource meanwhile, or found it gone."""
        entry = self._board.entries.get(self.source.name)
        if entry is not None and key in entry.watched:
            self._board.put(self.source.name, change(entry.watched[key]))

"""Polls one source in its rhythm: what there is, then each resource, and what came of it onto the board."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from exporter.errors import CapError, NotFoundError, PollError
from exporter.knowledge.directory import admitted
from exporter.knowledge.memory import Memory
from exporter.knowledge.state import SourceStatus, Watched
from exporter.metrics.board import Board
from exporter.model import Backup
from exporter.polling.budget import sustainable_interval
from exporter.polling.discoverer import Discoverer
from exporter.polling.guard import guarded
from exporter.polling.reader import Reader
from exporter.provider import Api
from exporter.settings import Source
from exporter.transport.channel import Channel, Operation

AT_ONCE = 8
"""How many resources of a source are read at the same time; the rate limiter decides how fast."""
POINTLESS = frozenset({"connection", "tls", "timeout", "unauthorized", "rate_limited"})
"""Where discovery fails for one of these, asking for each resource would only fail again, one by one."""


@dataclass(slots=True)
class Outcome:
    """What happened in one poll."""

    errors: dict[str, PollError] = field(default_factory=dict)
    """By resource id."""
    read: set[str] = field(default_factory=set)
    source_error: PollError | None = None
    limits: set[str] = field(default_factory=set)
    polling: int = 0
    """Requests that reading the resources cost."""
    discovery: int = 0
    """Requests that finding them cost, where all of that was done."""

    def reason(self, resources: Iterable[str]) -> str | None:
        """Return why the source is down, or None if it is up: one resource that was read is enough."""
        if self.source_error is not None:
            return self.source_error.reason
        ids = set(resources)
        if not ids or ids - self.errors.keys():
            return None
        return Counter(self.errors[key].reason for key in sorted(ids)).most_common(1)[0][0]


class Poller:
    """Polls one source."""

    def __init__(self, source: Source, channel: Channel, board: Board, memory: Memory) -> None:
        """Take the source's place on the board."""
        self.source = source
        self._channel, self._board, self._memory = channel, board, memory
        self._log: Any = structlog.get_logger().bind(provider=source.provider_name, source=source.name)
        self.reader = Reader(source=source, api=self._operation)
        self._discoverer = Discoverer(source, self._operation, self._log)
        self._discovery_cost = 0
        self._words: set[str] = set()
        board.open(source, channel.meter)

    async def run(self) -> None:
        """Poll at the interval in force, for ever; a poll that takes longer than that delays the next."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await guarded(self._log, "polling", self.poll())
            except PollError as error:
                self._board.note(self.source.name, self._noted(Outcome(), error.reason, loop.time() - began))
            await asyncio.sleep(max(0.0, began + self._status.interval - loop.time()))

    async def poll(self, progress: Callable[[str], None] = lambda _: None) -> None:
        """Poll once; `progress` is told the id of each resource that has been asked for."""
        began, outcome = asyncio.get_running_loop().time(), Outcome()
        await self._discover(outcome)
        before = self._spent
        if outcome.source_error is None or outcome.source_error.reason not in POINTLESS:
            await self._read_all(outcome, progress)
        outcome.polling = self._spent - before
        if self._just_vanished(outcome):
            self._discoverer.doubt()
            await self._discover(outcome)
        self._conclude(outcome, asyncio.get_running_loop().time() - began)

    async def _discover(self, outcome: Outcome) -> None:
        before = self._spent
        try:
            if await self._discoverer.refresh():
                outcome.discovery = self._spent - before
        except PollError as error:
            outcome.source_error = error
            self._discoverer.doubt()
            return
        known = self._watched
        resources, caps = admitted(set(known), self._discoverer.directory.resources())
        outcome.limits.update(cap.limit for cap in caps)
        self._limits_of(self._discoverer.directory.unreadable.values(), outcome)
        now = self._board.clock()
        for key in known.keys() - resources.keys():
            self._memory.dismiss(self.source.name, known[key], now)
        self._board.keep(self.source.name, resources)
        for key, resource in resources.items():
            seen = known.get(key)
            self._put(
                seen.rediscovered(resource, now)
                if seen is not None
                else self._memory.welcome(self.source.name, resource, now, sizes=self.source.provider.sizes)
            )
        self._board.note(self.source.name, replace(self._status, resources=len(resources)))

    async def _read_all(self, outcome: Outcome, progress: Callable[[str], None]) -> None:
        outcome.errors.update(self._discoverer.directory.failing())
        queue = iter([key for key in self._watched if key not in outcome.errors])

        async def work() -> None:
            for key in queue:
                if outcome.source_error is None or not outcome.source_error.shared:
                    await self._read(key, outcome)
                    progress(key)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())

    async def _read(self, key: str, outcome: Outcome) -> None:
        try:
            await guarded(self._log, "reading a resource", self._read_parts(key))
            outcome.read.add(key)
        except PollError as error:
            outcome.errors[key] = error
            if error.shared:
                outcome.source_error = error

    async def _read_parts(self, key: str) -> None:
        watched = self._watched[key]
        reading = await self.reader.listing(watched)
        self.learn(backup for page in reading.pages for backup in page.backups)
        if (current := self._watched.get(key)) is not None:
            self._put(self.reader.listed(current, reading))
        if self.reader.wants_facts(watched):
            facts = await self.reader.facts(watched)
            if (current := self._watched.get(key)) is not None:
                self._put(self.reader.informed(current, facts))

    def _conclude(self, outcome: Outcome, seconds: float) -> None:
        """Put what the poll came to on the board: how each resource fares, then the source."""
        if outcome.source_error is not None:
            missed = self._watched.keys() - outcome.read - outcome.errors.keys()
            outcome.errors.update(dict.fromkeys(missed, outcome.source_error))
        for key, watched in list(self._watched.items()):
            if key in outcome.errors:
                self._mark(watched, outcome.errors[key])
            elif key in outcome.read:
                self._put(replace(watched, up=True, failure=None))
        self._limits_of(outcome.errors.values(), outcome)
        reason = outcome.reason(self._watched)
        if reason is not None:
            self._discoverer.doubt()
        self._discovery_cost = outcome.discovery or self._discovery_cost
        self._board.note(self.source.name, self._noted(outcome, reason, seconds))
        self._tell(outcome, reason, seconds)

    def _mark(self, watched: Watched, error: PollError) -> None:
        self._channel.meter.resource_failures[error.reason] += 1
        if watched.failure != error.reason:
            self._log.warning("resource.failed", resource=watched.resource.id, reason=error.reason, detail=str(error))
        self._put(replace(watched, up=False, failure=error.reason))

    def _noted(self, outcome: Outcome, reason: str | None, seconds: float) -> SourceStatus:
        meter = self._channel.meter
        meter.polls += 1
        if reason is not None:
            meter.poll_failures[reason] += 1
        interval = sustainable_interval(
            self.source.poll_interval,
            self.source.rate_limit,
            poll=outcome.polling,
            discovery=self._discovery_cost,
            discovery_interval=self.source.discovery_interval,
        )
        return replace(
            self._status,
            up=reason is None,
            failure=reason,
            interval=interval,
            duration=seconds,
            last_success=self._board.clock() if reason is None else self._status.last_success,
            limits=frozenset(outcome.limits),
        )

    def _tell(self, outcome: Outcome, reason: str | None, seconds: float) -> None:
        facts = {"resources": len(self._watched), "failing": len(outcome.errors), "seconds": round(seconds, 3)}
        if reason is None:
            self._log.info("poll.done", **facts)
        else:
            detail = str(outcome.source_error or "every resource failed")
            self._log.warning("poll.failed", reason=reason, detail=detail, **facts)

    def _just_vanished(self, outcome: Outcome) -> bool:
        """Whether a resource was not found that was there before: then discovery has to look again at once."""
        return outcome.discovery == 0 and any(
            isinstance(error, NotFoundError) and key in self._watched and self._watched[key].failure != error.reason
            for key, error in outcome.errors.items()
        )

    def _limits_of(self, errors: Iterable[PollError], outcome: Outcome) -> None:
        outcome.limits.update(error.limit for error in errors if isinstance(error, CapError))

    def learn(self, backups: Iterable[Backup]) -> None:
        """Tell of status words that nobody knew, each once."""
        for backup in backups:
            if backup.unmapped is not None and backup.unmapped not in self._words:
                self._words.add(backup.unmapped)
                self._log.warning("status.unknown", word=backup.unmapped)

    @property
    def _watched(self) -> dict[str, Watched]:
        return self._board.entries[self.source.name].watched

    @property
    def _status(self) -> SourceStatus:
        return self._board.entries[self.source.name].status

    @property
    def _spent(self) -> int:
        return sum(self._channel.meter.requests.values())

    def _put(self, watched: Watched) -> None:
        self._board.put(self.source.name, watched)

    def _operation(self) -> Api:
        return Operation(channel=self._channel)

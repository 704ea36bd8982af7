"""Polls one source in its rhythm: what there is, then each resource, and what came of it onto the board."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from exporter.errors import CapError, ForbiddenError, MalformedError, NotFoundError, PollError, ServerError
from exporter.knowledge.directory import admitted, recalled
from exporter.knowledge.memory import Memory
from exporter.knowledge.state import SourceStatus, Watched
from exporter.metrics.board import Board
from exporter.model import Backup
from exporter.polling.budget import Spending
from exporter.polling.discoverer import Discoverer
from exporter.polling.guard import guarded
from exporter.polling.reader import Reader
from exporter.provider import Api
from exporter.settings import Source
from exporter.transport.channel import Channel, Operation
from exporter.transport.recollection import Recollection

LATEST_START = 2.0
"""Sources start within so many seconds, not in step."""
AT_ONCE = 8
"""How many resources of a source are read at the same time; the rate limiter decides how fast."""
SILENT = frozenset({"connection", "tls", "timeout"})
MOST_WORDS = 1000
"""How many status words that nobody knows are told of: a vendor that makes them up shall not fill memory and log."""
POINTLESS = SILENT | frozenset({"unauthorized", "rate_limited"})
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
    """Requests that reading the resources cost, but for what is read on the slow clock."""
    facts: int = 0
    """Requests that this cost."""
    discovery: int = 0
    """Requests that finding them cost, where all of that was done."""

    @property
    def hopeless(self) -> bool:
        """Whether asking on is pointless: the credential is refused, or nobody has answered for two rounds.

        So a poll ends after a few timeouts, however many resources there are.
        """
        if self.source_error is not None and self.source_error.shared:
            return True
        silent = not self.read and len(self.errors) >= 2 * AT_ONCE
        return silent and all(error.reason in SILENT for error in self.errors.values())

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
        self.reader = Reader(source=source, api=self._operation, attentive=self._operation)
        self._discoverer = Discoverer(source, self._operation, self._log)
        self._spending = Spending()
        self._words: set[str] = set()
        board.open(source, channel.meter)
        for watched in memory.recall(source.name):
            board.put(source.name, watched)
        if self._watched:
            self._discoverer.directory = recalled(watched.resource for watched in self._watched.values())
            board.note(source.name, replace(self._status, resources=len(self._watched)))

    async def run(self) -> None:
        """Poll at the interval in force, for ever; a poll that takes longer than that delays the next."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(random.uniform(0, min(LATEST_START, self.source.poll_interval / 10)))  # noqa: S311
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
        outcome.polling = self._spent - before - outcome.facts
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
            if seen is None:
                self._put(self._memory.welcome(self.source.name, resource, now, sizes=self.source.provider.sizes))
            elif seen.resource != resource:
                self._put(seen.rediscovered(resource, now))
        status = replace(self._status, resources=len(resources))
        self._board.note(self.source.name, status if status.polled else replace(status, interval=self._interval()))

    async def _read_all(self, outcome: Outcome, progress: Callable[[str], None]) -> None:
        outcome.errors.update(self._discoverer.directory.failing())
        queue = iter([key for key in self._watched if key not in outcome.errors])

        async def work() -> None:
            for key in queue:
                if not outcome.hopeless:
                    await self._read(key, outcome)
                    progress(key)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())

    async def _read(self, key: str, outcome: Outcome) -> None:
        try:
            await guarded(self._log, "reading a resource", self._read_parts(key, outcome))
            outcome.read.add(key)
        except PollError as error:
            outcome.errors[key] = error
            if error.shared:
                outcome.source_error = error

    async def _read_parts(self, key: str, outcome: Outcome) -> None:
        watched = self._watched[key]
        try:
            reading = await self.reader.listing(watched)
        except (ForbiddenError, MalformedError, ServerError):
            if watched.up is None:  # never listed: its schedule, and so its limit, can be known all the same
                with suppress(PollError):
                    await self._read_facts(key, outcome)
            raise
        if reading is not None:
            self.learn(backup for page in reading.pages for backup in page.backups)
        if (current := self._watched.get(key)) is not None:
            now = self.reader.unchanged(current) if reading is None else self.reader.listed(current, reading)
            if now is not current:
                self._put(now)
        await self._read_facts(key, outcome)

    async def _read_facts(self, key: str, outcome: Outcome) -> None:
        watched = self._watched.get(key)
        if watched is not None and self.reader.wants_facts(watched):
            operation = Operation(channel=self._channel)
            try:
                facts = await replace(self.reader, api=lambda: operation).facts(watched)
            finally:
                self._spending.facts[key] = len(operation.asked)
                outcome.facts += len(operation.asked)
            if (current := self._watched.get(key)) is not None:
                self._put(self.reader.informed(current, facts))

    def _conclude(self, outcome: Outcome, seconds: float) -> None:
        """Put what the poll came to on the board: how each resource fares, then the source."""
        if outcome.source_error is None and outcome.hopeless:
            outcome.source_error = next(iter(outcome.errors.values()))
        if outcome.source_error is not None:
            missed = self._watched.keys() - outcome.read - outcome.errors.keys()
            outcome.errors.update(dict.fromkeys(missed, outcome.source_error))
        for key, watched in list(self._watched.items()):
            if key in outcome.errors:
                self._mark(watched, outcome.errors[key])
            elif key in outcome.read and not watched.up:
                self._put(replace(watched, up=True, failure=None))
        self._limits_of([*outcome.errors.values(), outcome.source_error], outcome)
        reason = outcome.reason(self._watched)
        if reason is not None:
            self._discoverer.doubt()
            self._channel.refused.clear()  # what refused may have been the source, not single addresses
        self._spending.discovery = outcome.discovery or self._spending.discovery
        self._spending.poll = self._spending.poll if reason is not None else outcome.polling
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
        return replace(
            self._status,
            up=reason is None,
            failure=reason,
            interval=self._interval(),
            duration=seconds,
            last_success=self._board.clock() if reason is None else self._status.last_success,
            limits=frozenset(outcome.limits),
        )

    def _interval(self) -> float:
        """Return the interval that the budget carries, and say so when it becomes a longer one, or no longer is."""
        interval, configured = self._spending.interval(self.source, self._watched), self.source.poll_interval
        if (interval > configured) is not (self._status.interval > configured):
            tell = self._log.warning if interval > configured else self._log.info
            event = "poll.interval_stretched" if interval > configured else "poll.interval_as_configured"
            requests = self._spending.expected(self._watched)
            tell(event, seconds=round(interval), configured=configured, requests=requests)
        return interval

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

    def _limits_of(self, errors: Iterable[PollError | None], outcome: Outcome) -> None:
        outcome.limits.update(error.limit for error in errors if isinstance(error, CapError))

    def learn(self, backups: Iterable[Backup]) -> None:
        """Tell of status words that nobody knew, each once."""
        for backup in backups:
            if backup.unmapped is None or backup.unmapped in self._words:
                continue
            if len(self._words) < MOST_WORDS:
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

    def _operation(self, recollection: Recollection | None = None) -> Api:
        return Operation(channel=self._channel, recollection=recollection)

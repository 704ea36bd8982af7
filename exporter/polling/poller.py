"""Polls one source in its rhythm: what there is, then each resource, and what came of it onto the board."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import structlog

from exporter.client.change_detector import ChangeDetector
from exporter.client.client import Client, Cost, Session
from exporter.errors import CapError, ForbiddenError, MalformedError, NotFoundError, PollError, ServerError
from exporter.model import Backup
from exporter.polling.budget import RequestCosts
from exporter.polling.discovery import Discovery
from exporter.polling.guard import guard
from exporter.polling.reader import Reader
from exporter.settings import Source
from exporter.state.archive import Archive
from exporter.state.inventory import apply_caps, from_resources
from exporter.state.observe import observe_discovery
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.store import Store

MAX_START_DELAY = 2.0
"""Sources start within so many seconds, not in step."""
CONCURRENCY = 8
"""How many resources of a source are read at the same time; the rate limiter decides how fast."""
UNREACHABLE_REASONS = frozenset({"connection", "tls", "timeout"})
MAX_UNKNOWN_STATUSES = 1000
"""How many status words that nobody knows are told of: a vendor that makes them up shall not fill memory and log."""
LIGHT_BYTES, MAX_SOURCE_BYTES = 2**20, 256 * 2**20
"""Bytes that a listing may take whatever the others do, and that all of a source may take."""
ABORT_REASONS = UNREACHABLE_REASONS | frozenset({"unauthorized", "rate_limited"})
"""Where discovery fails for one of these, asking for each resource would only fail again, one by one."""


@dataclass(slots=True)
class PollResult:
    """What happened in one poll."""

    errors: dict[str, PollError] = field(default_factory=dict)
    """By resource id."""
    read: set[str] = field(default_factory=set)
    source_error: PollError | None = None
    limits: set[str] = field(default_factory=set)
    reading: Cost = field(default_factory=Cost)
    """What reading the listings cost."""
    discovery: Cost | None = None
    """What discovery cost; None unless all of it was done."""
    finished: bool = False
    """Whether it came to its end, well or badly."""

    @property
    def should_abort(self) -> bool:
        """Whether asking on is pointless: the credential is refused, or nobody has answered for two rounds.

        So a poll ends after a few timeouts, however many resources there are.
        """
        if self.source_error is not None and self.source_error.source_wide:
            return True
        silent = not self.read and len(self.errors) >= 2 * CONCURRENCY
        return silent and all(error.reason in UNREACHABLE_REASONS for error in self.errors.values())

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

    def __init__(self, source: Source, client: Client, store: Store, archive: Archive) -> None:
        """Poll `source`, which the store has already; what it holds of it counts as discovered."""
        self.source = source
        self._client, self._store, self._archive = client, store, archive
        self._log: Any = structlog.get_logger().bind(provider=source.provider_name, source=source.name)
        known = from_resources(one.resource for one in self._resources.values())
        self._discovery = Discovery(source, self._log, known)
        self._costs = RequestCosts()
        self._unknown_statuses: set[str] = set()
        self._forms: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Poll at the interval in force, for ever; a poll that takes longer than that delays the next."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(random.uniform(0, min(MAX_START_DELAY, self.source.poll_interval / 10)))  # noqa: S311
        while True:
            began = loop.time()
            try:
                await guard(self._log, "polling", self.poll())
            except PollError as error:
                self._store.set_status(
                    self.source.name, self._next_status(PollResult(), error.reason, loop.time() - began)
                )
            await asyncio.sleep(max(0.0, began + self._status.interval - loop.time()))

    async def poll(self, progress: Callable[[str], None] = lambda _: None) -> None:
        """Poll once; call `progress` with the id of each resource that has been read, or could not be."""
        began, result = asyncio.get_running_loop().time(), PollResult()
        await self._discover(result)
        await self._read_resources(result, progress)
        await self._discover_again_if_one_is_lost(result)
        self._fail_what_was_not_read(result)
        self._put_results(result)
        result.finished = True
        self._set_source_status(result, asyncio.get_running_loop().time() - began)

    async def _discover(self, result: PollResult) -> None:
        cost = Cost()
        try:
            if await self._discovery.refresh(partial(Session, client=self._client, cost=cost)):
                result.discovery = cost
        except PollError as error:
            result.source_error = error
            self._discovery.invalidate()
        else:
            self._put_inventory(result)

    def _put_inventory(self, result: PollResult) -> None:
        """Add, update and archive resources as discovery found them."""
        known = self._resources
        resources, caps = apply_caps(set(known), self._discovery.inventory.resources())
        result.limits.update(cap.limit for cap in caps)
        self._collect_limits(self._discovery.inventory.unreadable.values(), result)
        now, inventory = self._store.now(), self._discovery.inventory
        gone = known.keys() - resources.keys()
        for key in gone:
            self._archive.add(self.source.name, known[key], now)
        self._store.retain(self.source.name, resources, disappeared={key for key in gone if not inventory.lists(key)})
        for key, resource in resources.items():
            seen = known.get(key)
            if seen is None:
                self._put(self._archive.restore(self.source.name, resource, now, sizes=self.source.provider.sizes))
            elif seen.resource != resource:
                self._put(seen.update_resource(resource, now))
        status = replace(self._observe_discovery(), resources=len(resources))
        self._store.set_status(
            self.source.name, status if status.polled else replace(status, interval=self._interval())
        )

    def _observe_discovery(self) -> SourceStatus:
        """Return the status with how many resources the vendor lists."""
        inventory, status = self._discovery.inventory, self._status
        listed, matching = inventory.count_listed(), inventory.count_matching()
        observed = status.observed
        if matching or not inventory.unreadable:  # an empty listing says something only if it is complete
            views = self._store.entries[self.source.name].verdicts.views.values()
            awake = sum(not (view.policy.paused or view.status.paused) for view in views)
            awake += sum(one.awake for one in inventory.left_out.values())
            observed = observe_discovery(observed, awake, listed, self._store.now())
        return replace(status, listed_resources=listed, matching_resources=matching, observed=observed)

    async def _read_resources(self, result: PollResult, progress: Callable[[str], None]) -> None:
        if result.source_error is not None and result.source_error.reason in ABORT_REASONS:
            return
        result.errors.update(self._discovery.inventory.errors_by_resource())
        queue = iter([key for key in self._resources if key not in result.errors])

        def session(detector: ChangeDetector | None = None) -> Session:
            return Session(client=self._client, detector=detector, cost=result.reading)

        reader = Reader(source=self.source, api=session, listing_api=session, clock=self._store.clock)

        async def work() -> None:
            for key in queue:
                if not result.should_abort:
                    await self._read(reader, key, result)
                    progress(key)

        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENCY):
                group.create_task(work())

    async def _read(self, reader: Reader, key: str, result: PollResult) -> None:
        try:
            await guard(self._log, "reading a resource", self._read_resource(reader, key))
            result.read.add(key)
        except PollError as error:
            result.errors[key] = error
            if error.source_wide:
                result.source_error = error

    async def _read_resource(self, reader: Reader, key: str) -> None:
        resource_status = self._resources[key]
        try:
            reading = await reader.listing(resource_status)
        except (ForbiddenError, MalformedError, ServerError):
            if resource_status.up is None:  # never listed: its schedule, and so its limit, can be known all the same
                with suppress(PollError):
                    await self._read_details(reader, key)
            raise
        if reading is not None:
            self.log_unknown_statuses(backup for page in reading.pages for backup in page.backups)
            self._log_unread(key, (backup for page in reading.pages for backup in page.backups if backup.unread))
        now = await reader.put_together(lambda: self._resources.get(key), reading)
        if now is not None and now is not self._resources.get(key):
            self._weigh(now)
            self._put(now)
        await self._read_details(reader, key)

    async def _read_details(self, reader: Reader, key: str) -> None:
        resource_status = self._resources.get(key)
        if resource_status is not None and reader.needs_details(resource_status):
            session = Session(client=self._client)
            try:
                details = await replace(reader, api=lambda: session).details(resource_status)
            finally:
                session.close()
                self._costs.details[key] = session.cost.requests
            if (current := self._resources.get(key)) is not None:
                self._put(reader.with_details(current, details))

    async def _discover_again_if_one_is_lost(self, result: PollResult) -> None:
        """Discover at once if a resource that was there before is not found, unless that was just done."""
        lost = any(
            isinstance(error, NotFoundError) and key in self._resources and self._resources[key].failure != error.reason
            for key, error in result.errors.items()
        )
        if lost and result.discovery is None:
            self._discovery.invalidate()
            await self._discover(result)

    def _fail_what_was_not_read(self, result: PollResult) -> None:
        """Give each resource that was not read the error of the source, or of the poll that was given up."""
        if result.source_error is None and result.should_abort:
            result.source_error = next(iter(result.errors.values()))
        if result.source_error is not None:
            missed = self._resources.keys() - result.read - result.errors.keys()
            result.errors.update(dict.fromkeys(missed, result.source_error))
        self._collect_limits([*result.errors.values(), result.source_error], result)

    def _put_results(self, result: PollResult) -> None:
        """Mark each resource as up, or as failing and why."""
        for key, resource_status in list(self._resources.items()):
            if key in result.errors:
                self._set_failed(resource_status, result.errors[key])
            elif key in result.read and not resource_status.up:
                self._put(replace(resource_status, up=True, failure=None))

    def _set_source_status(self, result: PollResult, seconds: float) -> None:
        """Set whether the source is up and how often it can be polled, and log it."""
        reason = result.reason(self._resources)
        if result.discovery is not None:
            self._costs.discovery = result.discovery.requests
        if reason is None:
            self._costs.poll = result.reading.requests
        else:
            self._discovery.invalidate()
            self._client.forget_refusals()
        self._store.set_status(self.source.name, self._next_status(result, reason, seconds))
        self._log_result(result, reason, seconds)

    def _set_failed(self, resource_status: ResourceStatus, error: PollError) -> None:
        self._client.counters.resource_failures[error.reason] += 1
        if resource_status.failure != error.reason:
            self._log.warning(
                "resource.failed", resource=resource_status.resource.id, reason=error.reason, detail=str(error)
            )
        self._put(replace(resource_status, up=False, failure=error.reason))

    def _next_status(self, result: PollResult, reason: str | None, seconds: float) -> SourceStatus:
        counters = self._client.counters
        counters.polls += 1
        if reason is not None:
            counters.poll_failures[reason] += 1
        return replace(
            self._status,
            up=reason is None,
            failure=reason,
            interval=self._interval(),
            duration=seconds,
            last_success=self._store.now() if reason is None else self._status.last_success,
            polled_at=self._store.now() if result.finished else self._status.polled_at,
            limits=frozenset(result.limits),
            rate_limited_resources=sum(error.reason == "rate_limited" for error in result.errors.values()),
        )

    def _interval(self) -> float:
        """Return the interval that the budget carries, and say so when it becomes a longer one, or no longer is."""
        interval, configured = self._costs.interval(self.source, self._resources), self.source.poll_interval
        if (interval > configured) is not (self._status.interval > configured):
            log = self._log.warning if interval > configured else self._log.info
            event = "poll.interval_stretched" if interval > configured else "poll.interval_as_configured"
            requests = self._costs.poll_cost(self._resources)
            log(event, seconds=round(interval), configured=configured, requests=requests)
        return interval

    def _log_result(self, result: PollResult, reason: str | None, seconds: float) -> None:
        details = {"resources": len(self._resources), "failing": len(result.errors), "seconds": round(seconds, 3)}
        if reason is None:
            self._log.info("poll.done", **details)
        else:
            detail = str(result.source_error or "every resource failed")
            self._log.warning("poll.failed", reason=reason, detail=detail, **details)

    def _collect_limits(self, errors: Iterable[PollError | None], result: PollResult) -> None:
        result.limits.update(error.limit for error in errors if isinstance(error, CapError))

    def log_unknown_statuses(self, backups: Iterable[Backup]) -> None:
        """Tell of status words that nobody knew, each once."""
        for backup in backups:
            if backup.unmapped is None or backup.unmapped in self._unknown_statuses:
                continue
            if len(self._unknown_statuses) < MAX_UNKNOWN_STATUSES:
                self._unknown_statuses.add(backup.unmapped)
                self._log.warning("status.unknown", word=backup.unmapped)

    def _log_unread(self, key: str, backups: Iterable[Backup]) -> None:
        """Log what the vendor gives and nobody understands, each form once."""
        for field_, form in (one for backup in backups for one in backup.unread):
            if (field_, form) not in self._forms and len(self._forms) < MAX_UNKNOWN_STATUSES:
                self._forms.add((field_, form))
                self._log.warning("record.unreadable", resource=key, field=field_, form=form)

    @property
    def _resources(self) -> Mapping[str, ResourceStatus]:
        return self._store.entries[self.source.name].resources

    @property
    def _status(self) -> SourceStatus:
        return self._store.entries[self.source.name].status

    def _put(self, resource_status: ResourceStatus) -> None:
        self._store.put(self.source.name, resource_status)

    def _weigh(self, resource_status: ResourceStatus) -> None:
        """Refuse a listing with which the source would take more memory than any may."""
        weight = resource_status.listing.backups.weight() if resource_status.listing else 0
        if weight <= LIGHT_BYTES:
            return
        others = (known.listing for key, known in self._resources.items() if key != resource_status.resource.id)
        if weight + sum(listing.backups.weight() for listing in others if listing) > MAX_SOURCE_BYTES:
            text = f"the backups of all resources together take more than {MAX_SOURCE_BYTES // 2**20} MiB"
            raise CapError(text, limit="body")

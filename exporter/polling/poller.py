"""Polls one source at its interval: discovers the resources, reads each, and puts the results into the store."""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from exporter import workers
from exporter.client.change_detector import ChangeDetector
from exporter.client.client import Client, Cost
from exporter.client.session import Session
from exporter.errors import ForbiddenError, MalformedError, NotFoundError, PollError, ServerError
from exporter.log import bind_source
from exporter.model import Details
from exporter.polling.budget import RequestCosts, SharedBudget
from exporter.polling.discovery import Discovery
from exporter.polling.finish_times import FinishTimesReader
from exporter.polling.guard import guard
from exporter.polling.kinds import are_capped
from exporter.polling.memory_limit import require_room
from exporter.polling.reader import Reader
from exporter.polling.result import ABORT_REASONS, CONCURRENCY, PollResult
from exporter.polling.unknown_values import UnknownValues
from exporter.settings import Source
from exporter.state.inventory import alternate_scopes, apply_caps, from_resources
from exporter.state.observe import observe_discovery
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.store import Store

MAX_START_DELAY = 2.0
"""Seconds within which sources start, so that they do not poll at the same time."""
PUTS_PER_TURN = 100
"""Resources that are put at a time, before other tasks run."""
MAX_SHOWN = 20
"""How many of the resources that a cap refuses are shown."""
STEPS = 100
"""About how often the first poll shows its progress."""


class Poller:
    """Polls one source."""

    def __init__(self, source: Source, client: Client, store: Store, budget: SharedBudget) -> None:
        """Poll `source`, which the store has already; what it holds of it counts as discovered."""
        self.source = source
        self.budget = budget
        self._client, self._store = client, store
        self._log: Any = bind_source(source.provider_name, source.name)
        known = from_resources(one.resource for one in self._resources.values())
        self._discovery = Discovery(source, self._log, known)
        self.costs = RequestCosts()
        self.unknown_values = UnknownValues(source, self._log)
        self._ends = FinishTimesReader(source, self._log)

    async def run(self) -> None:
        """Poll at the interval in force, until cancelled; a poll that takes longer delays the next."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(random.uniform(0, min(MAX_START_DELAY, self.source.poll_interval / 10)))  # noqa: S311
        while True:
            began = loop.time()
            try:
                await guard(self._log, "polling", self.poll())
            except PollError as error:
                self._store.count_poll(self.source.name, error.reason)
                self._store.set_status(
                    self.source.name, self._make_status(PollResult(), error.reason, loop.time() - began)
                )
            await asyncio.sleep(max(0.0, began + self._status.interval - loop.time()))

    async def poll(self, progress: Callable[[str], None] = lambda _: None) -> None:
        """Poll once; call `progress` with the id of each resource that was read or could not be read."""
        began, result = asyncio.get_running_loop().time(), PollResult()
        await self._discover(result)
        await self._read_resources(result, progress)
        await self._read_ends(result)
        await self._discover_again_if_one_is_lost(result)
        self._fail_what_was_not_read(result)
        await self._put_results(result)
        result.finished = True
        self._set_source_status(result, asyncio.get_running_loop().time() - began)

    async def _discover(self, result: PollResult) -> None:
        cost = Cost()
        try:
            whole = await self._discovery.refresh(partial(Session, client=self._client, cost=cost))
        except PollError as error:
            result.reading.requests += cost.requests  # each poll pays for it until it succeeds
            result.source_error = error
            self._discovery.invalidate()
            self._store.set_status(
                self.source.name, replace(self._status, unreadable_scopes=self._discovery.unreadable)
            )
        else:
            if whole:
                result.discovery = cost
            else:
                result.reading.requests += cost.requests  # each poll asks again for what failed
            await self._put_inventory(result)

    async def _put_inventory(self, result: PollResult) -> None:
        """Add, update and archive resources as discovery found them."""
        known, inventory = self._resources, self._discovery.inventory
        size = sum(map(len, inventory.found.values()))
        resources, refused = await workers.run_off_loop(size, lambda: apply_caps(set(known), inventory.resources()))
        if (identity := self.source.provider.identity) is not None:
            refused += await workers.run_off_loop(size, inventory.clashes, identity)
        result.limits.update(one.limit for one in refused)
        result.add_limits(inventory.unreadable.values())
        gone = known.keys() - resources.keys()
        for key in gone:
            self.costs.forget(key)
        comparable = () if self._status.options_changed else gone
        disappeared = {key for key in comparable if not inventory.lists(key)}
        self._store.retain(self.source.name, resources, disappeared)
        for number, resource in enumerate(resources.values(), 1):
            if number % PUTS_PER_TURN == 0:
                await asyncio.sleep(0)
            self._store.discover(self.source.name, resource)
        refused_names = tuple((one.resource.name or one.resource.id, one.reason) for one in refused[:MAX_SHOWN])
        status = replace(
            self._observe_discovery(),
            resources=len(resources),
            refused_resources=refused_names,
            options_changed=self._status.options_changed and not inventory.is_whole,
            unreadable_scopes=self._discovery.unreadable,
        )
        self.unknown_values.log_discovery(refused, status)
        self._store.set_status(
            self.source.name, status if status.polled else replace(status, interval=self._plan_interval())
        )

    def _observe_discovery(self) -> SourceStatus:
        """Return the status with how many resources the vendor lists."""
        inventory, status = self._discovery.inventory, self._status
        listed, matching = inventory.count_listed(), inventory.count_matching()
        observed = status.observed
        if matching or inventory.is_whole:  # an empty listing says something only if it is complete
            views = self._store.entries[self.source.name].views.values()
            unpaused = sum(not (view.policy.paused or view.status.paused) for view in views)
            unpaused += sum(one.unpaused for one in inventory.unwatched.values())
            observed = observe_discovery(observed, unpaused, listed, self._store.now())
        return replace(status, listed_resources=listed, matching_resources=matching, observed=observed)

    async def _read_resources(self, result: PollResult, progress: Callable[[str], None]) -> None:
        if result.source_error is not None and result.source_error.reason in ABORT_REASONS:
            return
        result.errors.update(self._discovery.inventory.errors_by_resource())
        self._show_first_poll(result)
        queue = iter(alternate_scopes(one.resource for key, one in self._resources.items() if key not in result.errors))

        def session(detector: ChangeDetector | None = None) -> Session:
            return Session(client=self._client, detector=detector, cost=result.reading)

        reader = Reader(source=self.source, api=session, listing_api=session, clock=self._store.now)

        async def work() -> None:
            for key in queue:
                if not result.should_abort:
                    await self._read(reader, key, result)
                    self._show_first_poll(result)
                    progress(key)

        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENCY):
                group.create_task(work())

    def _show_first_poll(self, result: PollResult) -> None:
        """Show how many resources the first poll has tried to read; of many resources now and then."""
        tried, status = len(result.read) + len(result.errors), self._status
        is_step = tried % max(1, len(self._resources) // STEPS) == 0 or tried < status.tried_resources
        if is_step and not status.polled:
            self._store.set_status(self.source.name, replace(status, tried_resources=tried))

    async def _read_ends(self, result: PollResult) -> None:
        if self.source.provider.ends is not None and not result.should_abort:
            session = partial(Session, client=self._client, cost=result.reading)
            async for known in self._ends.read(session, self._resources, result.read, self._store.now()):
                self._put(known)

    async def _read(self, reader: Reader, key: str, result: PollResult) -> None:
        try:
            await guard(self._log, "reading a resource", self._read_resource(reader, key, result))
            result.add_read(key)
        except PollError as error:
            result.add_failure(key, error)

    async def _read_resource(self, reader: Reader, key: str, result: PollResult) -> None:
        resource_status = self._resources[key]
        try:
            reading = await reader.listing(resource_status)
        except (ForbiddenError, MalformedError, ServerError):
            if resource_status.up is None:  # never listed: its schedule, and so its limit, can be known all the same
                with suppress(PollError):
                    await self._read_details(reader, key, result)
            raise
        if reading is not None:
            self.unknown_values.log(key, reading.backups)
        updated = await reader.put_together(lambda: self._resources.get(key), reading)
        if updated is not None and updated is not self._resources.get(key):
            require_room(updated, self._resources)
            self._put(updated)
        await self._read_details(reader, key, result)

    async def _read_details(self, reader: Reader, key: str, result: PollResult) -> None:
        resource_status = self._resources.get(key)
        if resource_status is not None and reader.needs_details(resource_status):
            session = Session(client=self._client)
            details: Details | None = None
            try:
                details = await replace(reader, api=lambda: session).details(resource_status)
            finally:
                session.close()
                if details is None:
                    result.reading.requests += session.cost.requests  # each poll asks for them until they are read
                else:
                    self.costs.details[key] = session.cost.requests
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
        """Give each resource that was not read the error of the source, or of the aborted poll."""
        if result.source_error is None and result.should_abort:
            result.source_error = result.unanswered[0]
        if result.source_error is not None:
            missed = self._resources.keys() - result.read - result.errors.keys()
            result.errors.update(dict.fromkeys(missed, result.source_error))
        result.add_limits([*result.errors.values(), result.source_error])
        if capped := [key for key, one in self._resources.items() if are_capped(one)]:
            result.limits.add("labels")
            for key in capped:
                self.unknown_values.log_kinds(key)

    async def _put_results(self, result: PollResult) -> None:
        """Mark each resource as up, or as failing and why."""
        for number, key in enumerate(list(self._resources), 1):
            if (resource_status := self._resources.get(key)) is None:
                continue
            if key in result.errors:
                self._set_failed(resource_status, result.errors[key])
            elif key in result.read and not resource_status.up:
                self._put(replace(resource_status, up=True, failure=None))
            if number % PUTS_PER_TURN == 0:
                await asyncio.sleep(0)

    def _set_source_status(self, result: PollResult, seconds: float) -> None:
        """Set whether the source is up and how often it can be polled, and log it."""
        reason = result.reason(self._resources)
        self.costs.record(result, self._resources, failed=reason is not None)
        if reason is not None:
            self._discovery.invalidate()
            self._client.forget_refusals()
        self._store.count_poll(self.source.name, reason)
        self._store.set_status(self.source.name, self._make_status(result, reason, seconds))
        self._log_result(result, reason, seconds)

    def _set_failed(self, resource_status: ResourceStatus, error: PollError) -> None:
        self._store.count_resource_failure(self.source.name, error.reason)
        if resource_status.failure != error.reason:
            self._log.warning(
                "resource.failed", resource=resource_status.resource.id, reason=error.reason, detail=str(error)
            )
        if (resource_status.up, resource_status.failure) != (False, error.reason):
            self._put(replace(resource_status, up=False, failure=error.reason))

    def _make_status(self, result: PollResult, reason: str | None, seconds: float) -> SourceStatus:
        now = self._store.now()
        return replace(
            self._status,
            up=reason is None,
            failure=reason,
            interval=self._plan_interval(),
            duration=seconds,
            last_success=now if reason is None else self._status.last_success,
            polled_at=now if result.finished else self._status.polled_at,
            limits=frozenset(result.limits),
            rate_limited_resources=sum(error.reason == "rate_limited" for error in result.errors.values()),
        )

    def _plan_interval(self) -> float:
        """Return the interval that the budget allows, and log when it is stretched, or no longer is."""
        interval, configured = self.costs.interval(self.source, self.budget, self._resources), self.source.poll_interval
        if (interval > configured) is not (self._status.interval > configured):
            log = self._log.warning if interval > configured else self._log.info
            event = "poll.interval_stretched" if interval > configured else "poll.interval_as_configured"
            requests = self.costs.poll_cost(self._resources)
            log(event, seconds=round(interval), configured=configured, requests=requests)
        return interval

    def _log_result(self, result: PollResult, reason: str | None, seconds: float) -> None:
        details = {"resources": len(self._resources), "failing": len(result.errors), "seconds": round(seconds, 3)}
        if reason is None:
            self._log.info("poll.done", **details)
        else:
            detail = str(result.source_error or "every resource failed")
            self._log.warning("poll.failed", reason=reason, detail=detail, **details)

    @property
    def _resources(self) -> Mapping[str, ResourceStatus]:
        return self._store.entries[self.source.name].resources

    @property
    def _status(self) -> SourceStatus:
        return self._store.entries[self.source.name].status

    def _put(self, resource_status: ResourceStatus) -> None:
        self._store.put(self.source.name, resource_status)

"""Checks regularly that each resource's newest completed backup can be fetched."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from math import inf
from typing import Any, Protocol

from exporter.client.session import Session
from exporter.errors import DeadlineError, PollError
from exporter.human import duration
from exporter.log import bind_source
from exporter.polling.budget import RequestCosts
from exporter.polling.guard import guard
from exporter.provider import Download
from exporter.settings import Source, VerifyDownloads
from exporter.state.download_check import RETRY_AFTER, DownloadCheck
from exporter.state.resource import FUTURE_TOLERANCE, ResourceStatus
from exporter.state.store import Store

PAUSE = 10.0
"""Seconds between two looks at what is due."""
CONCURRENCY = 4
"""How many downloads are checked at the same time."""
LOOKS_PER_TURN = 100
"""Resources that are put in line at a time, before other tasks run."""
SLOWEST = 1e6
"""Bytes a second; a slower download of a whole file is given up, unless the configured speed is lower still."""
SHORTEST = 600.0
"""Seconds that the download of a whole file of known size may always take."""


class Fetcher(Protocol):
    """What fetches from a link."""

    async def check(self, download: Download, size: float | None) -> None:
        """Raise a PollError unless the file can be fetched and is what the vendor reports."""
        ...


class DownloadVerifier:
    """Checks the downloads of one source."""

    def __init__(
        self,
        source: Source,
        rules: VerifyDownloads,
        api: Callable[[], Session],
        fetcher: Fetcher,
        store: Store,
        slots: asyncio.Semaphore,
        costs: RequestCosts,
    ) -> None:
        """Check nothing yet; `api` gives a new operation for each link, `slots` are those of all sources together.

        What asking for links costs is added to `costs`, which are the poller's.
        """
        self.source = source
        self._costs = costs
        self._rules, self._api, self._fetcher, self._store, self._slots = rules, api, fetcher, store, slots
        self._due = deque[str]()
        """The resources whose checks are due, in line."""
        self._running = set[str]()
        """The resources whose checks run or wait for a slot."""
        self._nothing_in: dict[str, tuple[float, Mapping[str, float]]] = {}
        """By resource, when it had nothing that can be fetched, and when its newest backups had started then."""
        self._resting_until = 0.0
        """When, on the loop's clock, the API may be asked again after an error of the whole source."""
        self._log: Any = bind_source(source.provider_name, source.name)

    async def run(self) -> None:
        """Check what is due, until cancelled; a slow download delays no other while there are free slots."""
        workers = set[asyncio.Task[None]]()
        async with asyncio.TaskGroup() as group:
            while True:
                # those at the end of a line would wait behind those that are due again
                if not self._due and asyncio.get_running_loop().time() >= self._resting_until:
                    await self._find_due()
                for _ in range(min(CONCURRENCY - len(workers), len(self._due))):
                    workers.add(worker := group.create_task(self._work()))
                    worker.add_done_callback(workers.discard)
                await asyncio.sleep(PAUSE)

    async def _find_due(self) -> None:
        """Put in line every resource whose check is due and does not run."""
        statuses = self._resources_of
        self._nothing_in = {key: then for key, then in self._nothing_in.items() if key in statuses}
        due = [key for key, one in statuses.items() if key not in self._running and self._is_due(one)]
        for number, key in enumerate(due):
            if number % LOOKS_PER_TURN == LOOKS_PER_TURN - 1:
                await asyncio.sleep(0)
            resource_status = self._resources_of.get(key)
            if resource_status is not None and resource_status.download_check is None:
                # the counters begin at zero, before the first check
                self._store.put(self.source.name, replace(resource_status, download_check=DownloadCheck()))
        self._due = deque(due)

    async def _work(self) -> None:
        """Check what is in line until nothing is."""
        while self._due:
            key = self._due.popleft()
            self._running.add(key)
            try:
                async with self._slots:
                    await self._check(key)
                await asyncio.sleep(0)  # what has nothing to fetch waits for no answer
            finally:
                self._running.discard(key)

    def _is_due(self, resource_status: ResourceStatus) -> bool:
        """Return whether a resource is to be checked: while it is up, first once its whole listing has been read."""
        if self.source.provider.download is None or resource_status.fully_listed_at is None or not resource_status.up:
            return False
        now, check = self._store.now(), resource_status.download_check or DownloadCheck()
        looked_at, newest = self._nothing_in.get(resource_status.resource.id, (-inf, {}))
        if newest == _newest_starts(resource_status) and 0 <= now - looked_at < self._rules.interval:
            return False
        return check.is_due(now, self._rules.interval)

    async def _check(self, key: str) -> None:
        resource_status = self._resources_of.get(key)
        if resource_status is None or not resource_status.up:
            return
        loop = asyncio.get_running_loop()
        began, failure = loop.time(), None
        try:
            checked = await guard(self._log, "checking a download", self._prove(resource_status))
        except PollError as error:
            if error.source_wide:  # the API refuses the credential: that says nothing of the download
                self._due.clear()
                self._resting_until = loop.time() + RETRY_AFTER
                return
            checked, failure = True, error
        if checked:
            self._nothing_in.pop(key, None)
            self._record(key, loop.time() - began, failure)
        else:
            self._record_nothing(key, resource_status)

    async def _prove(self, resource_status: ResourceStatus) -> bool:
        """Fetch the newest backup that can be fetched; return whether there is one."""
        download = self.source.provider.download
        assert download is not None  # noqa: S101 - _is_due has asked
        listing = resource_status.listing
        until = self._store.now() + FUTURE_TOLERANCE
        for backup in () if listing is None else listing.backups.newest_successes(until):
            with closing(self._api()) as session:
                try:
                    found = await download(session, self.source.options, resource_status.resource, backup)
                finally:
                    self._costs.links[resource_status.resource.id] = session.cost.requests
            if found is not None:
                try:
                    async with asyncio.timeout(seconds := longest(self._rules, backup.size)):
                        await self._fetcher.check(found, backup.size)
                except TimeoutError:
                    raise DeadlineError(f"the download takes longer than {duration(seconds)}") from None
                return True
        return False

    def _record_nothing(self, key: str, looked_at: ResourceStatus) -> None:
        """Remember that a resource has nothing to fetch, which also ends what its last check found."""
        self._nothing_in[key] = self._store.now(), _newest_starts(looked_at)
        resource_status = self._resources_of.get(key)
        if resource_status is not None and (before := resource_status.download_check) and before.at is not None:
            check = DownloadCheck(failures=before.failures)
            self._store.put(self.source.name, replace(resource_status, download_check=check))

    def _record(self, key: str, seconds: float, failure: PollError | None) -> None:
        resource_status = self._resources_of.get(key)
        if resource_status is None:
            return
        now, before = self._store.now(), resource_status.download_check or DownloadCheck()
        if failure is None:
            check = before.succeed(now, seconds)
        else:
            check = before.fail(now, seconds, failure.reason)
            if before.reason != failure.reason:
                self._log.warning("download.failed", resource=key, reason=failure.reason, detail=str(failure))
        if failure is None and before.success is False:
            self._log.info("download.succeeded", resource=key)
        self._store.put(self.source.name, replace(resource_status, download_check=check))

    @property
    def _resources_of(self) -> Mapping[str, ResourceStatus]:
        return self._store.entries[self.source.name].resources


def longest(rules: VerifyDownloads, size: float | None) -> float:
    """Return how many seconds a check may take: the interval, unless the backup's size says less or more.

    A whole file may take twice as long as at the configured speed, and need not take longer than at SLOWEST.
    """
    if rules.method != "full" or size is None:
        return rules.interval
    return max(SHORTEST, 2 * size / rules.bytes_per_second, min(rules.interval, size / SLOWEST))


def _newest_starts(resource_status: ResourceStatus) -> Mapping[str, float]:
    return {} if resource_status.summary is None else resource_status.summary.last_success_by_kind

"""Follows backups while they run, on their own endpoint, between two polls of their source."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

from exporter.client.change_detector import ChangeDetector
from exporter.client.client import Client
from exporter.client.rate_limiter import RateLimiter
from exporter.client.session import Session
from exporter.errors import PollError
from exporter.log import bind_source
from exporter.model import Backup
from exporter.polling.guard import guard
from exporter.polling.memory_limit import require_room
from exporter.polling.reader import Reader, apply_changes
from exporter.polling.unknown_values import UnknownValues
from exporter.settings import Source
from exporter.state.resource import ResourceStatus
from exporter.state.store import Store


class ProgressPoller:
    """Polls one source's running backups at the progress interval, within a part of the request budget."""

    def __init__(
        self, source: Source, client: Client, progress_limiter: RateLimiter, store: Store, unknown_values: UnknownValues
    ) -> None:
        """Share the poller's client and `unknown_values`; spend from `progress_limiter`, a part of its budget."""
        self.source = source
        self._unknown_values = unknown_values
        self._store = store
        self.progress_limiter = progress_limiter
        self._client = client
        self._reader = Reader(source=source, api=self._api, listing_api=self._api, clock=store.now)
        self._log: Any = bind_source(source.provider_name, source.name)

    async def run(self) -> None:
        """Poll what runs, until cancelled."""
        while True:
            await asyncio.sleep(self.source.progress_interval)
            await self.poll()

    async def poll(self) -> None:
        """Poll everything that runs once."""
        for key, resource_status in list(self._store.entries[self.source.name].resources.items()):
            if resource_status.failure is None and resource_status.running_backups():
                try:
                    await guard(self._log, "following a backup", self._poll_resource(key, resource_status))
                except PollError as error:  # the next poll meets it too, and reports it on the resource
                    self._log.info("following.failed", resource=key, reason=error.reason, detail=str(error))

    async def _poll_resource(self, key: str, resource_status: ResourceStatus) -> None:
        refresh = self.source.provider.refresh
        if refresh is None:
            reading = await self._reader.listing(resource_status)
            if reading is not None:
                self._unknown_values.log(key, reading.backups)
                at = self._reader.time()
                await self._put(key, lambda current: self._reader.apply_listing(current, reading, at))
            return
        found: dict[str, Backup] = {}
        for backup in resource_status.running_backups():
            if backup.id not in found:
                with closing(self._api()) as api:
                    refreshed: Iterable[Backup] = await refresh(
                        api, self.source.options, resource_status.resource, backup
                    )
                found.update((one.id, one) for one in refreshed)
        self._unknown_values.log(key, found.values())
        at = self._reader.time()
        await self._put(key, lambda current: self._reader.apply_progress(current, found.values(), at))

    def _api(self, detector: ChangeDetector | None = None) -> Session:
        return Session(client=self._client, progress_limiter=self.progress_limiter, detector=detector)

    async def _put(self, key: str, change: Callable[[ResourceStatus], ResourceStatus]) -> None:
        """Change what is known now: a poll may have read the resource meanwhile, or found it gone."""

        def current() -> ResourceStatus | None:
            entry = self._store.entries.get(self.source.name)
            return None if entry is None else entry.resources.get(key)

        resource_status = await apply_changes(current, change, lambda it: len(it.listing.backups) if it.listing else 0)
        if resource_status is not None:
            require_room(resource_status, self._store.entries[self.source.name].resources)
            self._store.put(self.source.name, resource_status)

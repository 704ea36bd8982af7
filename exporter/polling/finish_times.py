"""Reads when backups ended, for vendors that report it outside their listings: once per scope and poll."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import closing
from typing import Any

from exporter.client.session import Session
from exporter.errors import PollError
from exporter.model import Resource
from exporter.polling.guard import guard
from exporter.polling.result import ABORT_REASONS
from exporter.provider import Api
from exporter.settings import Source
from exporter.state.resource import ResourceStatus


class FinishTimesReader:
    """Reads when one source's backups ended; without that a duration is unknown, and nothing else."""

    def __init__(self, source: Source, log: Any) -> None:
        """Read nothing yet."""
        self._source, self._log = source, log
        self._failing: dict[str, str] = {}

    async def read(
        self, api: Callable[[], Session], known: Mapping[str, ResourceStatus], read: Collection[str], now: float
    ) -> AsyncIterator[ResourceStatus]:
        """Yield each of the `known` resources that changes, asking for those that have just been `read`.

        `api` returns a new session for each scope, since the caps on pages and bytes are for one reading.
        """
        scopes = {one.resource.scope for one in known.values()}
        self._failing = {scope: reason for scope, reason in self._failing.items() if scope in scopes}
        by_scope: dict[str, list[Resource]] = {}
        for key in sorted(known.keys() & read):
            by_scope.setdefault(known[key].resource.scope, []).append(known[key].resource)
        for scope, resources in by_scope.items():
            try:
                with closing(api()) as session:
                    ends = await self._ends_of(session, resources)
            except PollError as error:
                self._log_failure(scope, error)
                if error.reason in ABORT_REASONS:
                    return
                continue
            self._failing.pop(scope, None)
            for before in (known[one.id] for one in resources if one.id in known):
                after = before.with_ends(ends, sizes=self._source.provider.sizes, now=now)
                if after is not before:
                    yield after

    async def _ends_of(self, api: Api, resources: list[Resource]) -> Mapping[str, float]:
        ends = self._source.provider.ends
        if ends is None:
            return {}
        return await guard(self._log, "reading ends", ends(api, self._source.options, resources))

    def _log_failure(self, scope: str, error: PollError) -> None:
        """Log a failure once, and again when its reason changes."""
        if self._failing.get(scope) != error.reason:
            self._failing[scope] = error.reason
            self._log.warning("ends.failed", scope=scope, reason=error.reason, detail=str(error))

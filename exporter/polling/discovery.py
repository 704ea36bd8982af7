"""Finds out what there is to back up at one source, as often as needed and no more."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from exporter.model import Resource, Scope
from exporter.polling.guard import guard
from exporter.provider import Api
from exporter.settings import Source
from exporter.state.inventory import Inventory, discover, retry_failed


class Discovery:
    """Keeps one source's directory fresh."""

    def __init__(self, source: Source, api: Callable[[], Api], log: Any, known: Inventory) -> None:
        """Start from what is `known`; `api` returns a new session for each listing."""
        self.source = source
        self.inventory = known
        self._api = api
        self._log = log
        self._read_at: float | None = None

    @property
    def due(self) -> bool:
        """Whether the whole directory has to be read again."""
        if self._read_at is None:
            return True
        return asyncio.get_running_loop().time() - self._read_at >= self.source.discovery_interval

    def invalidate(self) -> None:
        """Have the whole directory read at the next occasion."""
        self._read_at = None

    async def refresh(self) -> bool:
        """Read what is due: everything, or the scopes that could not be read; return whether it was everything.

        A PollError means that nothing has been replaced.
        """
        if not self.due:
            if self.inventory.unreadable:
                self.inventory = await retry_failed(self.inventory, self.source, self._list)
            return False
        provider, options = self.source.provider, self.source.options
        began = asyncio.get_running_loop().time()
        scopes = await guard(self._log, "discovering", provider.scopes(self._api(), options))
        self.inventory = await discover(self.inventory, self.source, scopes, self._list)
        self._read_at = began
        return True

    async def _list(self, scope: Scope) -> Sequence[Resource]:
        listing = self.source.provider.resources(self._api(), self.source.options, scope)
        return await guard(self._log, "listing resources", listing)

"""Discovers the resources of one source, as often as needed and no more."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from exporter import workers
from exporter.client.session import Session
from exporter.errors import ForbiddenError, PollError
from exporter.model import Resource, Scope
from exporter.polling.guard import guard
from exporter.settings import Source
from exporter.state.inventory import ALL_WATCHED, Inventory, Unwatched, resources_within, select_resources
from exporter.state.resource import UnreadableScope

ListScope = Callable[[Scope], Awaitable[Sequence[Resource]]]
ListInner = Callable[[Scope], Awaitable[Sequence[Scope]]]


class Discovery:
    """Keeps one source's inventory fresh."""

    def __init__(self, source: Source, log: Any, known: Inventory) -> None:
        """Start from what is `known`."""
        self.source = source
        self.inventory = known
        self._unreadable: dict[str, UnreadableScope] | None = None
        self._log = log
        self._read_at: float | None = None

    @property
    def due(self) -> bool:
        """Whether the whole inventory has to be read again."""
        if self._read_at is None:
            return True
        return asyncio.get_running_loop().time() - self._read_at >= self.source.discovery_interval

    @property
    def unreadable(self) -> tuple[UnreadableScope, ...] | None:
        """The scopes whose resources could not be listed when that was last tried; None: no scope is known yet."""
        return None if self._unreadable is None else tuple(self._unreadable.values())

    def _set_unreadable(self, scope: Scope, error: PollError | None) -> None:
        unreadable = self._unreadable = self._unreadable or {}
        if error is None:
            unreadable.pop(scope.id, None)
        elif not error.source_wide:
            name = scope.name or scope.id
            unreadable[scope.id] = UnreadableScope(id=scope.id, name=name, reason=error.reason, detail=str(error))

    def invalidate(self) -> None:
        """Have the whole inventory read at the next poll."""
        self._read_at = None

    async def refresh(self, api: Callable[[], Session]) -> bool:
        """Read what is due: everything, or the scopes that could not be read; return whether it was everything.

        `api` returns a new session for each listing. A PollError means that nothing has been replaced.
        """
        provider, options = self.source.provider, self.source.options

        async def list_inner(scope: Scope) -> Sequence[Scope]:
            assert provider.inner_scopes is not None  # noqa: S101 - no other provider has such scopes
            with closing(api()) as session:
                return await guard(self._log, "listing scopes", provider.inner_scopes(session, options, scope))

        async def read_scope(scope: Scope) -> Sequence[Resource]:
            if scope.inner:
                return [one for part in await list_inner(scope) for one in await read_scope(part)]
            with closing(api()) as session:
                return await guard(self._log, "listing resources", provider.resources(session, options, scope))

        async def list_scope(scope: Scope) -> Sequence[Resource]:
            try:
                found = await read_scope(scope)
            except PollError as error:
                self._set_unreadable(scope, error)
                raise
            self._set_unreadable(scope, None)
            return found

        if not self.due:
            if self.inventory.unreadable:
                self.inventory = await retry_failed(self.inventory, self.source, list_scope)
            return False
        began = asyncio.get_running_loop().time()
        with closing(api()) as session:
            scopes = await guard(self._log, "discovering", provider.scopes(session, options))
        scopes = await expand(scopes, list_inner)
        known = {scope.id for scope in scopes}
        self._unreadable = {key: scope for key, scope in (self._unreadable or {}).items() if key in known}
        self.inventory = await discover(self.inventory, self.source, scopes, list_scope)
        self._read_at = began
        return True


async def expand(scopes: Sequence[Scope], list_inner: ListInner) -> list[Scope]:
    """Return the scopes with those that are divided further replaced by their parts.

    One whose parts cannot be listed stays as it is: reading its resources fails, and what is below is left as it was.
    """
    found: list[Scope] = []
    for scope in scopes:
        if not scope.inner:
            found.append(scope)
            continue
        try:
            found += await expand(await list_inner(scope), list_inner)
        except PollError as error:
            if error.source_wide:
                raise
            found.append(scope)
    return found


async def discover(before: Inventory, source: Source, scopes: Sequence[Scope], list_scope: ListScope) -> Inventory:
    """Return the inventory after listing `scopes`, which are all there are.

    A scope that cannot be read leaves its resources as they were. If none of them can, or the credential itself is
    refused, the first failure is raised and nothing is replaced. An optional scope fails by itself alone, and makes up
    for the others only where it has resources.
    """
    found, unreadable, unwatched = await _list_scopes(before, source, scopes, list_scope)
    failed = [scope.id for scope in scopes if scope.id in unreadable and not scope.optional]
    readable = [scope for scope in scopes if scope.id not in unreadable]
    if failed and not any(found[scope.id] or not scope.optional for scope in readable):
        raise unreadable[failed[0]]
    return Inventory(
        scopes=MappingProxyType({scope.id: scope for scope in scopes}),
        found=MappingProxyType(found),
        unreadable=MappingProxyType(unreadable),
        unwatched=MappingProxyType(unwatched),
    )


async def retry_failed(before: Inventory, source: Source, list_scope: ListScope) -> Inventory:
    """Return the inventory after asking again for the scopes that could not be read.

    A right to an optional scope that is missing stays missing for most accounts: that is left to the next discovery.
    """
    unreadable = {key: error for key, error in before.unreadable.items() if _is_denied(before.scopes[key], error)}
    failed = [before.scopes[key] for key in before.unreadable if key not in unreadable]
    found, failures, unwatched = await _list_scopes(before, source, failed, list_scope)
    return replace(
        before,
        found=MappingProxyType({**before.found, **found}),
        unreadable=MappingProxyType({**unreadable, **failures}),
        unwatched=MappingProxyType({**before.unwatched, **unwatched}),
    )


def _is_denied(scope: Scope, error: PollError) -> bool:
    return scope.optional and isinstance(error, ForbiddenError)


async def _list_scopes(
    before: Inventory, source: Source, scopes: Sequence[Scope], list_scope: ListScope
) -> tuple[dict[str, tuple[Resource, ...]], dict[str, PollError], dict[str, Unwatched]]:
    """List each scope; return what is found, as before where it cannot be read, what kept it from being read.

    And what is left out of each.
    """
    found: dict[str, tuple[Resource, ...]] = {}
    unreadable: dict[str, PollError] = {}
    unwatched: dict[str, Unwatched] = {}
    for scope in scopes:
        try:
            fresh = await list_scope(scope)
        except PollError as error:
            if error.source_wide:
                raise
            unreadable[scope.id] = error
            found[scope.id] = resources_within(before, scope)
            unwatched[scope.id] = before.unwatched.get(scope.id, ALL_WATCHED)
        else:
            known = before.found.get(scope.id, ())
            found[scope.id], unwatched[scope.id] = await workers.run_off_loop(
                len(fresh), select_resources, known, fresh, scope, source
            )
    return found, unreadable, unwatched

"""Discovers the resources of one source, as often as needed and no more."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Container, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar
from zlib import crc32

from exporter import workers
from exporter.client.session import Session
from exporter.errors import PollError
from exporter.model import Resource, Scope
from exporter.polling.guard import guard
from exporter.polling.result import CONCURRENCY, UNREACHABLE_REASONS
from exporter.settings import Source
from exporter.state.inventory import (
    ALL_WATCHED,
    Inventory,
    UnwatchedResources,
    is_denied,
    resources_within,
    select_resources,
)
from exporter.state.resource import UnreadableScope

ListScope = Callable[[Scope], Awaitable[Sequence[Resource]]]
ListInner = Callable[[Scope], Awaitable[Sequence[Scope]]]
Report = Callable[[Scope, PollError | None], None]
"""Takes what keeps a scope from being read, or None if it was read."""

T = TypeVar("T")


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
        list_scope = partial(self._list_scope, api)
        if not self.due:
            if self.inventory.unreadable:
                self.inventory = await retry_failed(self.inventory, self.source, list_scope, self._set_unreadable)
            return False
        began = asyncio.get_running_loop().time()
        with closing(api()) as session:
            scopes = await guard(self._log, "discovering", self.source.provider.scopes(session, self.source.options))
        scopes = await expand(scopes, partial(self._list_inner, api), self._unreadable or {})
        known = {scope.id for scope in scopes}
        self._unreadable = {key: scope for key, scope in (self._unreadable or {}).items() if key in known}
        self.inventory = await discover(self.inventory, self.source, scopes, list_scope, self._set_unreadable)
        self._read_at = began
        return True

    async def _list_inner(self, api: Callable[[], Session], scope: Scope) -> Sequence[Scope]:
        provider = self.source.provider
        assert provider.inner_scopes is not None  # noqa: S101 - no other provider has such scopes
        with closing(api()) as session:
            return await guard(self._log, "listing scopes", provider.inner_scopes(session, self.source.options, scope))

    async def _list_scope(self, api: Callable[[], Session], scope: Scope) -> Sequence[Resource]:
        """Return the resources of a scope, and of the parts of one that is divided, each with its part."""
        provider = self.source.provider
        if scope.inner:
            parts = await self._list_inner(api, scope)
            listed = [(part, one) for part in parts for one in await self._list_scope(api, part)]
            return [replace(one, scope=one.scope or part.id) for part, one in listed]
        with closing(api()) as session:
            return await guard(self._log, "listing resources", provider.resources(session, self.source.options, scope))


async def expand(scopes: Sequence[Scope], list_inner: ListInner, last: Container[str] = frozenset()) -> Sequence[Scope]:
    """Return the scopes with those that are divided further replaced by their parts; ask for `last` at the end.

    One whose parts cannot be listed stays as it is: reading its resources fails, and what is below is left as it was.
    """
    failed = set[str]()
    while divided := [scope for scope in scopes if scope.inner and scope.id not in failed]:
        answers = await ask_each(spread(divided, last), list_inner)
        failed.update(key for key, answer in answers.items() if isinstance(answer, PollError))
        parts = {key: answer for key, answer in answers.items() if not isinstance(answer, PollError)}
        scopes = [one for scope in scopes for one in parts.get(scope.id, (scope,))]
    return scopes


def spread(scopes: Sequence[Scope], last: Container[str]) -> Sequence[Scope]:
    """Return the scopes in the order to ask for them: neighbours apart, since they may fail together, and `last` last.

    So those that get no answer are seldom so many in a row that others are left out for them; of few none is left out.
    """
    if len(scopes) <= 2 * CONCURRENCY:
        return scopes
    return sorted(scopes, key=lambda scope: (scope.id in last, crc32(scope.id.encode(errors="replace"))))


async def ask_each(scopes: Iterable[Scope], ask: Callable[[Scope], Awaitable[T]]) -> dict[str, T | PollError]:
    """Ask for each scope, CONCURRENCY at a time, and return the answers or failures by scope.

    After one that hits the rate limit, or as many in a row without an answer as two rounds of requests are, no more
    are asked for: what is left has that failure, and comes first. So it takes a few timeouts, however many there are.
    """
    waiting, answers = deque(scopes), dict[str, T | PollError]()
    unanswered, stop = 0, list[PollError]()

    async def work() -> None:
        nonlocal unanswered
        while waiting and not stop:
            scope = waiting.popleft()
            try:
                answers[scope.id] = await ask(scope)
                unanswered = 0
            except PollError as error:
                answers[scope.id] = error
                unanswered = unanswered + 1 if error.reason in UNREACHABLE_REASONS else 0
                if error.source_wide or error.reason == "rate_limited" or unanswered >= 2 * CONCURRENCY:
                    stop.append(error)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(work())
    if wide := [error for error in stop if error.source_wide]:
        raise wide[0]
    return {**{scope.id: stop[0] for scope in waiting}, **answers}


def ignore(_scope: Scope, _error: PollError | None) -> None:
    """Report nothing."""


async def discover(
    before: Inventory, source: Source, scopes: Sequence[Scope], list_scope: ListScope, report: Report = ignore
) -> Inventory:
    """Return the inventory after listing `scopes`, which are all there are.

    A scope that cannot be read leaves its resources as they were. If none of them can, or the credential itself is
    refused, the first failure is raised and nothing is replaced. An optional scope fails by itself alone, and makes up
    for the others only where it has resources.
    """
    order = spread(scopes, before.unreadable)
    found, unreadable, unwatched = await _list_scopes(before, source, order, list_scope, report)
    failed = [scope.id for scope in scopes if scope.id in unreadable and not scope.optional]
    readable = [scope for scope in scopes if scope.id not in unreadable]
    if failed and not any(found[scope.id] or not scope.optional for scope in readable):
        raise unreadable[failed[0]]
    return Inventory(
        scopes=MappingProxyType({scope.id: scope for scope in scopes}),
        found=MappingProxyType({scope.id: found[scope.id] for scope in scopes}),
        unreadable=MappingProxyType(unreadable),
        unwatched=MappingProxyType(unwatched),
    )


async def retry_failed(before: Inventory, source: Source, list_scope: ListScope, report: Report = ignore) -> Inventory:
    """Return the inventory after asking again for the scopes that could not be read.

    A right to an optional scope that is missing stays missing for most accounts: that is left to the next discovery.
    """
    unreadable = {key: error for key, error in before.unreadable.items() if is_denied(before.scopes[key], error)}
    failed = [before.scopes[key] for key in before.unreadable if key not in unreadable]
    found, failures, unwatched = await _list_scopes(before, source, failed, list_scope, report)
    return replace(
        before,
        found=MappingProxyType({**before.found, **found}),
        unreadable=MappingProxyType({**unreadable, **failures}),
        unwatched=MappingProxyType({**before.unwatched, **unwatched}),
    )


async def _list_scopes(
    before: Inventory, source: Source, scopes: Sequence[Scope], list_scope: ListScope, report: Report
) -> tuple[dict[str, tuple[Resource, ...]], dict[str, PollError], dict[str, UnwatchedResources]]:
    """List each scope; return what is found, as before where it cannot be read, what kept it from being read.

    And what is left out of each.
    """

    async def select(scope: Scope) -> tuple[tuple[Resource, ...], UnwatchedResources]:
        fresh, known = await list_scope(scope), before.found.get(scope.id, ())
        return await workers.run_off_loop(len(fresh), select_resources, known, fresh, scope, source)

    answers = await ask_each(scopes, select)
    unreadable = {key: answer for key, answer in answers.items() if isinstance(answer, PollError)}
    found, unwatched = dict[str, tuple[Resource, ...]](), dict[str, UnwatchedResources]()
    for scope in scopes:
        answer = answers[scope.id]
        report(scope, unreadable.get(scope.id))
        if isinstance(answer, PollError):
            found[scope.id] = resources_within(before, scope)
            unwatched[scope.id] = before.unwatched.get(scope.id, ALL_WATCHED)
        else:
            found[scope.id], unwatched[scope.id] = answer
    return found, unreadable, unwatched

"""Scopes within scopes: where one is not divided, and later a part of it is not listed, all resources stay known."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from exporter.errors import PollError, ServerError
from exporter.log import bind_source
from exporter.model import Resource, Scope
from exporter.polling.discovery import Discovery
from exporter.state.inventory import Inventory, from_resources
from tests.polling.test_discovery import source, thing

PARTS = {"": ("o", "z"), "o": ("o/f", "o/g"), "o/f": ("o/f/p", "o/f/q"), "o/g": ("o/g/r",)}
RESOURCES = {"o/f/p": "a", "o/f/q": "b", "o/g/r": "c", "z": "d"}
ALL = set(RESOURCES.values())
BROKEN = ServerError("HTTP 500")


class Api:
    """Holds nothing: the account answers without requests."""

    def close(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class Account:
    """An account whose scopes are divided twice, and what of it gives no answer."""

    failing: set[str] = field(default_factory=set)

    def parts(self, key: str) -> list[Scope]:
        if key in self.failing:
            raise BROKEN
        return [Scope(id=part, inner=part in PARTS) for part in PARTS[key]]

    async def scopes(self, _api: Any, _options: Any) -> Sequence[Scope]:
        return self.parts("")

    async def inner_scopes(self, _api: Any, _options: Any, scope: Scope) -> Sequence[Scope]:
        return self.parts(scope.id)

    async def resources(self, _api: Any, _options: Any, scope: Scope) -> Sequence[Resource]:
        if scope.id in self.failing:
            raise BROKEN
        return [thing(RESOURCES[scope.id])]

    def discovery(self, known: Inventory) -> Discovery:
        one = source()
        provider = replace(one.provider, scopes=self.scopes, inner_scopes=self.inner_scopes, resources=self.resources)
        return Discovery(replace(one, provider=provider), bind_source("stub", "stub"), known)


async def discover(account: Account, found: Discovery, *failing: str) -> dict[str, PollError]:
    """Read the whole inventory while some scopes fail; return what cannot be read."""
    account.failing = set(failing)
    found.invalidate()
    assert await found.refresh(Api)  # type: ignore[arg-type]
    return found.inventory.errors_by_resource()


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("retried", [False, True])
@pytest.mark.parametrize(
    ("first", "second", "down"),
    [
        ("o", "o/f/p", {"a"}),
        ("o", "o/f", {"a", "b"}),
        ("o", "o", {"a", "b", "c"}),
        ("o/f", "o/f/q", {"b"}),
        ("o/f", "o", {"a", "b", "c"}),
        ("o/f", "o/g/r", {"c"}),
    ],
)
async def test_a_part_that_fails_after_a_division_that_failed_keeps_its_resources(
    first: str, second: str, down: set[str], retried: bool, restarted: bool
) -> None:
    account = Account()
    found = account.discovery(Inventory())
    assert await discover(account, found) == {}
    assert set(await discover(account, found, first)) == {one for key, one in RESOURCES.items() if f"{first}/" in key}
    if retried:
        account.failing = set()
        assert not await found.refresh(Api)  # type: ignore[arg-type]
        assert found.inventory.errors_by_resource() == {}
    if restarted:
        found = account.discovery(from_resources(found.inventory.resources().values()))

    assert await discover(account, found, second) == dict.fromkeys(down, BROKEN)
    assert set(found.inventory.resources()) == ALL
    assert await discover(account, found) == {}
    assert {one.scope: key for key, one in found.inventory.resources().items()} == RESOURCES

"""What becomes of a discovery whose lists get no answer, or hit the rate limit; in virtual time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from exporter.errors import ConnectionFailedError, DeadlineError, PollError, RateLimitedError, ServerError, TlsError
from exporter.model import Resource, Scope
from exporter.polling.discovery import discover, expand, retry_failed, spread
from exporter.polling.result import CONCURRENCY
from exporter.provider import Api
from exporter.state.inventory import Inventory
from tests.polling.stub_provider import STUB, Options, Vendor, resources, scopes, source, watching
from tests.virtual_time import now, virtually

pytestmark = pytest.mark.integration

TIMEOUT = 20.0
ALL = [Scope(id=f"s{number:03}") for number in range(300)]
STOPPED = 2 * CONCURRENCY


@dataclass(slots=True)
class Lists:
    """Lists scopes, of which some fail after a while, and remembers which were asked for."""

    failing: dict[str, PollError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope) -> Sequence[Resource]:
        self.asked.append(scope.id)
        if (error := self.failing.get(scope.id)) is not None:
            await asyncio.sleep(TIMEOUT)
            raise error
        await asyncio.sleep(0.1)
        return [Resource(id=f"r-{scope.id}", name=scope.id, kind="stub")]


def failing(error: PollError, scopes: Sequence[Scope] = ALL) -> dict[str, PollError]:
    return {scope.id: error for scope in scopes}


@virtually
async def test_lists_are_read_several_at_a_time() -> None:
    found = await discover(Inventory(), source(), ALL, Lists())
    assert list(found.resources()) == [f"r-{scope.id}" for scope in ALL]
    assert now() == pytest.approx(0.1 * -(-len(ALL) // CONCURRENCY))


@pytest.mark.parametrize("error", [DeadlineError("slow"), ConnectionFailedError("none"), TlsError("untrusted")])
@virtually
async def test_where_no_list_is_answered_a_discovery_ends_after_a_few_timeouts(error: PollError) -> None:
    before = await discover(Inventory(), source(), ALL, Lists())
    lists, began, reported = Lists(failing(error)), now(), dict[str, PollError | None]()
    with pytest.raises(type(error), match=str(error)):
        await discover(before, source(), ALL, lists, lambda scope, why: reported.update({scope.id: why}))
    assert len(lists.asked) < STOPPED + CONCURRENCY
    assert now() - began <= 3 * TIMEOUT + 1
    assert reported == failing(error)


@virtually
async def test_what_is_not_asked_for_keeps_its_resources_and_gets_the_error() -> None:
    before = await discover(Inventory(), source(), ALL, Lists())
    slow = DeadlineError("slow")
    answered, *others = spread(ALL, ())
    lists = Lists(failing(slow, others))
    after = await discover(before, source(), ALL, lists)
    assert answered.id in lists.asked
    assert len(lists.asked) <= STOPPED + CONCURRENCY + 1
    assert after.found == before.found
    assert dict(after.unreadable) == failing(slow, others)


@virtually
async def test_lists_that_hang_leave_out_no_other_that_is_answered() -> None:
    lists = Lists(failing(DeadlineError("slow"), ALL[:45]))
    inventory = await discover(Inventory(), source(), ALL, lists)
    for _ in range(3):
        inventory = await retry_failed(inventory, source(), lists)
    assert inventory.unreadable.keys() == lists.failing.keys()
    again = await discover(inventory, source(), ALL, lists)
    assert again.unreadable.keys() == lists.failing.keys()


@virtually
async def test_asking_again_for_what_failed_takes_a_few_timeouts_and_reaches_all_in_turn() -> None:
    lists = Lists()
    before = await discover(Inventory(), source(), ALL, lists)
    lists.failing = failing(DeadlineError("slow"), ALL[:45])
    inventory = replace(before, unreadable=lists.failing)
    asked = set[str]()
    for _ in range(3):
        began = now()
        lists.asked.clear()
        inventory = await retry_failed(inventory, source(), lists)
        asked.update(lists.asked)
        assert now() - began <= 3 * TIMEOUT + 1
        assert inventory.found == before.found
    assert len(asked) == 45


@virtually
async def test_one_that_hits_the_rate_limit_ends_a_discovery() -> None:
    busy = RateLimitedError("too many")
    lists = Lists(failing(busy, ALL[100:]))
    inventory = await discover(await discover(Inventory(), source(), ALL[:100], lists), source(), ALL, lists)
    assert len(lists.asked) < 2 * 100 + 2 * CONCURRENCY
    assert inventory.unreadable.keys() >= lists.failing.keys()


@virtually
async def test_bad_answers_are_answers() -> None:
    lists = Lists(failing(ServerError("HTTP 500"), ALL[1:]))
    await discover(Inventory(), source(), ALL, lists)
    assert len(lists.asked) == len(ALL)


@virtually
async def test_dividing_scopes_ends_after_a_few_timeouts_and_keeps_their_order() -> None:
    divided = [replace(scope, inner=True) for scope in ALL]
    asked = list[str]()

    async def hang(scope: Scope) -> Sequence[Scope]:
        asked.append(scope.id)
        await asyncio.sleep(TIMEOUT)
        raise DeadlineError("slow")

    async def divide(scope: Scope) -> Sequence[Scope]:
        return [Scope(id=f"{scope.id}-{part}") for part in "ab"]

    assert await expand(divided, hang) == divided
    assert len(asked) < STOPPED + CONCURRENCY
    parts = await expand([divided[0], ALL[1], divided[2]], divide)
    assert [one.id for one in parts] == ["s000-a", "s000-b", "s001", "s002-a", "s002-b"]


@pytest.mark.usefixtures("in_step")
@virtually
async def test_healthy_resources_stay_up_while_the_lists_of_others_hang() -> None:
    """Each poll used to wait for every list that hangs before it read anything, until all data was stale."""
    vendor = Vendor({f"s{number}": [f"r{number}"] for number in range(300)})
    hanging: set[str] = set()

    async def slow_resources(api: Api, options: Options, scope: Scope) -> Sequence[Resource]:
        if scope.id in hanging:
            await asyncio.sleep(TIMEOUT)
            raise DeadlineError("slow")
        return await resources(api, options, scope)

    provider: Any = replace(STUB, scopes=scopes, resources=slow_resources)
    async with watching(vendor, source(provider=provider, discovery_interval=1800.0)) as seen:
        await asyncio.sleep(1000)
        hanging.update(f"s{number}" for number in range(45))
        for _ in range(60):
            await asyncio.sleep(60)
            seen.app.store.refresh_verdicts()
            views = seen.entry().views
            assert all(views[f"r{number}"].up for number in range(45, 300))
        assert seen.reason() is None
        assert set(seen.failures().values()) == {None, "timeout"}

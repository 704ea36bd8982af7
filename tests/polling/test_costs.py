"""The interval in force carries every request that polls make, also those for what fails."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from exporter.model import Scope
from exporter.provider import Api, RateLimit
from tests.polling.stub_provider import STUB, Options, Vendor, Watching, scopes, source, watching
from tests.virtual_time import virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

POLL = 300.0
HOUR = 3600.0
LIMIT = RateLimit(requests=60, per=600)
"""Of which polls plan with nine tenths: 27 requests in five minutes."""


def many_scopes() -> Vendor:
    return Vendor({f"s{number}": [f"r{number}"] for number in range(40)})


async def settle(vendor: Vendor, seen: Watching) -> float:
    """Wait for a few polls, and return how many requests the vendor gets in a poll interval."""
    await asyncio.sleep(HOUR)
    before, polls = len(vendor.asked), seen.entry().counters.polls
    await asyncio.sleep(2 * HOUR)
    return (len(vendor.asked) - before) / (seen.entry().counters.polls - polls)


async def check_interval(vendor: Vendor, seen: Watching) -> None:
    """Check that polls keep to their interval, and that it is as long as their requests demand."""
    cost = await settle(vendor, seen)
    status = seen.entry().status
    assert cost > 30
    assert status.duration is not None
    assert status.duration < status.interval
    assert status.interval > cost / (0.9 * LIMIT.requests / LIMIT.per) * 0.8


@virtually
async def test_scopes_that_are_asked_for_again_count() -> None:
    vendor = many_scopes()
    vendor.trouble = {f"/scopes/s{number}": 403 for number in range(1, 40)}
    async with watching(vendor, source(rate_limit=LIMIT)) as seen:
        await check_interval(vendor, seen)
        vendor.trouble.clear()
        vendor.scopes = {"s0": ["r0"]}
        await asyncio.sleep(1.5 * HOUR)
        assert seen.entry().status.interval == POLL


@virtually
async def test_details_that_are_asked_for_again_count() -> None:
    vendor = Vendor({"one": [f"r{number}" for number in range(20)]})
    vendor.trouble = {f"/facts/r{number}": 403 for number in range(1, 20)}
    async with watching(vendor, source(rate_limit=LIMIT)) as seen:
        await check_interval(vendor, seen)


@virtually
async def test_a_discovery_that_is_done_again_while_the_source_is_down_counts() -> None:
    vendor = many_scopes()
    vendor.trouble = {f"/backups/r{number}/0": 500 for number in range(40)}
    async with watching(vendor, source(rate_limit=LIMIT)) as seen:
        await check_interval(vendor, seen)
        assert seen.reason() == "server_error"


@virtually
async def test_an_optional_scope_that_is_forbidden_is_left_to_the_next_discovery() -> None:
    async def optional(api: Api, options: Options) -> Sequence[Scope]:
        return [replace(one, optional=one.id != "s0") for one in await scopes(api, options)]

    vendor = many_scopes()
    vendor.trouble = {f"/scopes/s{number}": 403 for number in range(1, 40)}
    vendor.trouble["/scopes/s39"] = 500
    async with watching(vendor, source(provider=replace(STUB, scopes=optional), rate_limit=LIMIT)) as seen:
        await asyncio.sleep(HOUR - 60)
        assert seen.entry().status.interval == POLL
        assert len(vendor.times("/scopes/s1")) == 1
        assert len(vendor.times("/scopes/s39")) == 12
        assert len(seen.entry().status.unreadable_scopes or ()) == 39
        del vendor.trouble["/scopes/s1"]
        await asyncio.sleep(POLL)
        assert set(seen.failures()) == {"r0", "r1"}
        assert len(seen.entry().status.unreadable_scopes or ()) == 38

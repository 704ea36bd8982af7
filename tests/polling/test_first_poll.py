"""What the page says of a source while its first poll goes on."""

import asyncio
import re

import pytest

from exporter.web.source_rows import FEWEST_FOR_FORECAST, make_source_rows
from tests.polling.stub_provider import Vendor, Watching, source, watching
from tests.virtual_time import virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

ANSWER = 60.0
ROUND = 2 * ANSWER
"""What reading eight resources at the same time takes: a page of backups, then the schedule."""


def sentence(seen: Watching) -> str:
    """Return the first of what the page says of the source."""
    (row,) = make_source_rows(seen.app.store, seen.app.store.now())
    return next(iter(row.sentences), "")


def slow_vendor(count: int) -> Vendor:
    return Vendor({"one": [f"r{number}" for number in range(count)]}, seconds=ANSWER)


@virtually
async def test_it_says_how_many_resources_are_read_and_when_all_will_be() -> None:
    vendor = slow_vendor(40)
    async with watching(vendor, source(request_timeout=1000.0)) as seen:
        await asyncio.sleep(1)
        assert sentence(seen) == "Looking for resources for the first time."
        await asyncio.sleep(2 * ANSWER)
        assert sentence(seen) == "Reading for the first time: 0 of 40 resources."
        await asyncio.sleep(ROUND)
        assert sentence(seen) == "Reading for the first time: 8 of 40 resources."
        await asyncio.sleep(2 * ROUND)
        # 24 took 481 s, so that all take some 802 s
        assert FEWEST_FOR_FORECAST == 20
        assert sentence(seen) == "Reading for the first time: 24 of 40 resources, done at about 12:13 UTC."
        await asyncio.sleep(2 * ROUND)
        assert sentence(seen) == ""
        assert seen.failures() == {f"r{number}": None for number in range(40)}


@virtually
async def test_a_resource_that_cannot_be_read_counts_as_tried() -> None:
    vendor = slow_vendor(12)
    vendor.scopes["two"] = ["s"]
    vendor.trouble = {f"/backups/r{number}/0": 403 for number in range(12)}
    async with watching(vendor, source(request_timeout=1000.0)) as seen:
        await asyncio.sleep(3 * ANSWER + ROUND + 1)
        assert sentence(seen) == "Reading for the first time: 8 of 13 resources."


@pytest.mark.slow
@virtually
async def test_of_many_resources_the_count_moves_on_as_well() -> None:
    vendor = slow_vendor(300)
    async with watching(vendor, source(request_timeout=1000.0)) as seen:
        await asyncio.sleep(2 * ANSWER + 20 * ROUND + 1)
        found = re.search(r"([0-9]+) of 300 resources", sentence(seen))
        assert found is not None
        assert 156 < int(found[1]) <= 160

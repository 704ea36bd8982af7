"""A resource whose listing fails from the start still has a schedule, so that the lack of backups can be noticed."""

import asyncio

import pytest

from tests.polling.stub_provider import Vendor, source, watching
from tests.virtual_time import virtually

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("trouble", [403, 500, {"rows": None}])
@virtually
async def test_the_schedule_is_known_although_the_listing_fails(trouble: object) -> None:
    vendor = Vendor(scopes={"s": ["a", "b"]}, trouble={"/backups/a/0": trouble})
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1000)
        resource_status = seen.entry().resources["a"]
        assert (resource_status.up, resource_status.summary) == (False, None)
        assert resource_status.details is not None
        assert resource_status.details.interval == 3600
        assert len(vendor.times("/facts/a")) == 1


@virtually
async def test_the_listings_failure_is_the_one_that_is_told() -> None:
    vendor = Vendor(scopes={"s": ["a", "b"]}, trouble={"/backups/a/0": 403, "/facts/a": 500})
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1000)
        assert seen.failures() == {"a": "forbidden", "b": None}
        assert len(vendor.times("/facts/a")) == 1

"""What is read once an hour does not stretch the interval of what is read every few minutes."""

import asyncio

import pytest

from exporter.provider import RateLimit
from tests.polling.stub_provider import Vendor, source, watching
from tests.virtual_time import virtually

pytestmark = pytest.mark.integration


@virtually
async def test_schedules_read_in_the_first_poll_do_not_delay_the_second() -> None:
    vendor = Vendor({"one": [f"r{number}" for number in range(60)]})
    hourly = source(rate_limit=RateLimit(requests=1000, per=3600.0), poll_interval=300.0, discovery_interval=3600.0)
    async with watching(vendor, hourly) as seen:
        await asyncio.sleep(310)
        assert seen.entry().status.interval == 300
        assert len(vendor.times("/backups/r0/0")) == 2


@virtually
async def test_schedules_are_a_part_of_the_budget_all_the_same() -> None:
    vendor = Vendor({"one": [f"r{number}" for number in range(60)]})
    often = source(rate_limit=RateLimit(requests=1000, per=3600.0), poll_interval=300.0, discovery_interval=300.0)
    async with watching(vendor, often) as seen:
        await asyncio.sleep(310)
        assert seen.entry().status.interval > 600

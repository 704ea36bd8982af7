"""The verdict under a clock that jumps."""

import asyncio

import pytest

from tests.polling.scrape import problems, scrape, value
from tests.polling.stub_provider import Vendor, row, source, watching
from tests.virtual_time import START, virtually, wall_clock

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

POLL, HOUR, DAY = 300.0, 3600.0, 86400.0


class JumpyClock:
    """The wall clock, but set wrong by some seconds."""

    def __init__(self) -> None:
        self.wrong = 0.0

    def __call__(self) -> float:
        return wall_clock() + self.wrong


@pytest.mark.parametrize("jump", [DAY, -DAY])
@virtually
async def test_a_clock_that_jumps_and_back_makes_no_problem(jump: float) -> None:
    clock = JumpyClock()
    vendor = Vendor({"one": ["a", "b"]})
    vendor.backups["a"] = [[row("a-2", "running", started=START - 60), row("a-1", started=START - 120)]]
    async with watching(vendor, source(max_age=HOUR, max_duration=HOUR), clock=clock) as seen:
        await asyncio.sleep(1)
        clock.wrong = jump
        found = set()
        for _ in range(10):
            await asyncio.sleep(60)
            found |= problems(seen)
        assert value(seen, "backup_exporter_time_seconds") == [pytest.approx(START + 601 + jump, abs=2)]
        clock.wrong = 0.0
        for _ in range(10):
            await asyncio.sleep(60)
            found |= problems(seen)
        assert found == set()
        await asyncio.sleep(HOUR)
        assert problems(seen) == {"a: too_old", "b: too_old", "a: stuck"}


@pytest.mark.parametrize("jump", [DAY, -DAY])
@virtually
async def test_what_a_clock_that_jumps_sees_in_the_past_or_the_future_is_not_believed(jump: float) -> None:
    clock = JumpyClock()
    vendor = Vendor({"one": ["a"]})
    async with watching(vendor, source(max_age=9 * DAY, discovery_interval=POLL), clock=clock) as seen:
        await asyncio.sleep(1)
        clock.wrong = jump
        vendor.backups["a"] = [[row("a-3", started=START + HOUR), row("a-2", started=START + 30)]]
        await asyncio.sleep(POLL)
        assert value(seen, "backup_last_success_timestamp_seconds") == [START + 30]
        assert problems(seen) == {"a: time_in_future"}
        clock.wrong = 0.0
        await asyncio.sleep(HOUR)
        assert value(seen, "backup_last_success_timestamp_seconds") == [START + HOUR]
        assert problems(seen) == set()


@virtually
async def test_a_clock_that_stays_where_it_jumped_to_is_believed() -> None:
    clock = JumpyClock()
    async with watching(Vendor({"one": ["a"]}), source(max_age=HOUR), clock=clock) as seen:
        await asyncio.sleep(1)
        clock.wrong = DAY
        scrape(seen)
        await asyncio.sleep(901)
        assert problems(seen) == {"a: too_old"}

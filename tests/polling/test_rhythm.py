"""When a source is asked, and for what."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from exporter.model import Status
from exporter.polling import poller
from exporter.provider import RateLimit
from tests.polling.stub_provider import STUB, Vendor, row, source, watching
from tests.virtual_time import START, now, virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

POLL = 300.0
HOUR = 3600.0
MAX_START_DELAY = poller.MAX_START_DELAY


@virtually
async def test_the_first_poll_of_every_source_starts_within_5_seconds_but_not_of_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(poller, "MAX_START_DELAY", MAX_START_DELAY)
    vendors = {f"source {number}": Vendor({"one": ["a"]}, seconds=30) for number in range(40)}
    async with watching(vendors, *(source(name) for name in vendors)):
        await asyncio.sleep(5)
        starts = {round(vendor.asked[0][0], 3) for vendor in vendors.values()}
    assert len(starts) > 20


@virtually
async def test_a_source_that_is_polled_every_second_does_not_begin_later_than_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(poller, "MAX_START_DELAY", MAX_START_DELAY)
    vendors = {f"source {number}": Vendor({"one": ["a"]}) for number in range(40)}
    async with watching(vendors, *(source(name, poll_interval=1.0) for name in vendors)):
        await asyncio.sleep(0.2)
        assert all(vendor.asked for vendor in vendors.values())


@virtually
async def test_polls_follow_each_other_from_start_to_start() -> None:
    vendor = Vendor({"one": ["a"]}, seconds=15)
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(4 * POLL)
        assert seen.entry().status.duration == pytest.approx(15)
        # the first one begins with a discovery of two requests
        assert vendor.times("/backups/a/0") == pytest.approx([30, 300, 600, 900])


@virtually
async def test_a_poll_that_takes_longer_than_the_interval_delays_the_next_and_never_overlaps_it() -> None:
    vendor = Vendor({"one": ["a"]}, seconds=10)
    async with watching(vendor, source(poll_interval=4.0)) as seen:
        await asyncio.sleep(100)
        starts = vendor.times("/backups/a/0")
        assert starts == pytest.approx([20, 40, 50, 60, 70, 80, 90])  # the facts come after the first
        assert seen.entry().status.configured_interval == 4


@virtually
async def test_an_interval_that_the_budget_cannot_carry_is_stretched_and_told() -> None:
    vendor = Vendor({"one": [f"r{number}" for number in range(18)]})
    limited = source(rate_limit=RateLimit(requests=10, per=100), poll_interval=100.0, discovery_interval=1e6)
    async with watching(vendor, limited) as seen:
        await asyncio.sleep(10_000)
        assert seen.entry().status.configured_interval == 100
        assert seen.entry().status.interval == pytest.approx(18 / (0.1 * 0.9), rel=0.001)
        starts = vendor.times("/backups/r0/0")
        gaps = [later - earlier for earlier, later in pairwise(starts)]
        assert gaps[2:] == pytest.approx([200] * len(gaps[2:]), abs=2)
        assert seen.reason() is None


@virtually
async def test_a_stretched_interval_is_told_as_soon_as_the_resources_are_known_and_logged_once() -> None:
    vendor = Vendor({"one": [f"r{number}" for number in range(180)]})
    limited = source(rate_limit=RateLimit(requests=10, per=100), poll_interval=100.0, discovery_interval=1e6)
    with capture_logs() as logs:
        async with watching(vendor, limited) as seen:
            await asyncio.sleep(20)
            assert seen.entry().status.up is None  # the first poll takes half an hour
            assert seen.entry().status.interval == pytest.approx(2000, rel=0.001)
            await asyncio.sleep(10_000)
            vendor.scopes["one"] = ["r0"]
            vendor.trouble["/backups/r7/0"] = 404  # has discovery look again
            await asyncio.sleep(10_000)
    logged = [(one["event"], one["log_level"], one["seconds"]) for one in logs if "interval" in one["event"]]
    assert logged == [("poll.interval_stretched", "warning", 2000), ("poll.interval_as_configured", "info", 100)]


@virtually
async def test_a_stretched_interval_shrinks_again_when_there_is_less_to_read() -> None:
    vendor = Vendor({"one": [f"r{number}" for number in range(18)]})
    limited = source(rate_limit=RateLimit(requests=10, per=100), poll_interval=100.0, discovery_interval=1000.0)
    async with watching(vendor, limited) as seen:
        await asyncio.sleep(1000)
        assert seen.entry().status.interval > 200
        vendor.scopes["one"] = ["r0"]
        await asyncio.sleep(2000)
        assert seen.entry().status.interval == 100


@virtually
async def test_resources_are_discovered_and_their_facts_read_on_the_slow_clock() -> None:
    vendor = Vendor({"one": ["a"]})
    async with watching(vendor, source()):
        await asyncio.sleep(2 * HOUR + 1)
    for path in ("/scopes", "/scopes/one", "/facts/a"):
        assert vendor.times(path) == pytest.approx([0, HOUR, 2 * HOUR]), path
    assert len(vendor.times("/backups/a/0")) == 25


@virtually
async def test_a_resource_that_appears_is_there_with_the_next_discovery_and_read_at_once() -> None:
    vendor = Vendor({"one": ["a"]})
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1)
        vendor.scopes["one"].append("b")
        await asyncio.sleep(HOUR)
        assert seen.failures() == {"a": None, "b": None}
        assert seen.entry().resources["b"].first_seen == START + HOUR
        assert seen.entry().status.resources == 2


def three_pages() -> Vendor:
    """Return a vendor with a resource whose listing has three pages."""
    pages = [[row(f"{page}-{n}", started=START - 100 * page - n) for n in range(5)] for page in range(3)]
    return Vendor({"one": ["a"]}, backups={"a": pages})


@virtually
async def test_between_two_discoveries_only_as_many_pages_are_read_as_can_have_changed() -> None:
    vendor = three_pages()
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(HOUR + 1)
        assert len(vendor.times("/backups/a/0")) == 13
        assert vendor.times("/backups/a/1") == vendor.times("/backups/a/2") == pytest.approx([0, HOUR])
        summary = seen.entry().resources["a"].summary
        assert summary is not None
        assert summary.counts[Status.COMPLETED] == 15


@virtually
async def test_a_backup_that_the_vendor_drops_from_a_later_page_is_gone_with_the_next_whole_listing() -> None:
    vendor = three_pages()
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1)
        del vendor.backups["a"][2]
        counts, oldest = [], None
        for _ in range(12):
            await asyncio.sleep(POLL)
            summary = seen.entry().resources["a"].summary
            assert summary is not None
            counts.append(summary.counts[Status.COMPLETED])
            oldest = summary.oldest_success
        assert counts == [15] * 11 + [10]
        assert oldest == START - 104


@virtually
async def test_as_many_pages_are_read_as_a_running_backup_is_away() -> None:
    vendor = three_pages()
    vendor.backups["a"][1][0] = row("1-0", "running", START - 100)
    async with watching(vendor, source(progress_interval=1e6)) as seen:
        await asyncio.sleep(POLL + 1)
        assert len(vendor.times("/backups/a/1")) == 2
        assert len(vendor.times("/backups/a/2")) == 1
        vendor.backups["a"][1][0] = row("1-0", "done", START - 100, finished=START + 400)
        await asyncio.sleep(2 * POLL)
        assert len(vendor.times("/backups/a/1")) == 3
        summary = seen.entry().resources["a"].summary
        assert summary is not None
        assert summary.running == 0


@virtually
async def test_where_the_vendor_has_no_order_every_page_is_read_in_every_poll() -> None:
    vendor = three_pages()
    async with watching(vendor, source(provider=replace(STUB, newest_first=False))):
        await asyncio.sleep(4 * POLL + 1)
    assert len(vendor.times("/backups/a/2")) == 5


@virtually
async def test_it_recovers_by_itself_with_the_next_good_poll_and_keeps_its_beat() -> None:
    vendor = Vendor({"one": ["a"]})
    vendor.trouble["/scopes"] = 503
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(2 * POLL + 1)
        assert seen.reason() == "server_error"
        vendor.trouble.clear()
        await asyncio.sleep(POLL)
        assert (seen.reason(), seen.failures()) == (None, {"a": None})
        assert vendor.times("/backups/a/0") == pytest.approx([3 * POLL])
        assert seen.entry().counters.polls == 4
        assert now() == pytest.approx(3 * POLL + 1)


@virtually
async def test_a_vendor_that_hangs_delays_only_its_own_source() -> None:
    vendors = {"hanging": Vendor({"one": ["a"]}, seconds=1e5), "well": Vendor({"one": ["a"]})}
    async with watching(vendors, *(source(name) for name in vendors)) as seen:
        await asyncio.sleep(POLL + 1)
        assert (seen.reason("hanging"), seen.reason("well")) == ("timeout", None)
        assert len(vendors["well"].times("/backups/a/0")) == 2

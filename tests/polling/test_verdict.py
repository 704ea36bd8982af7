"""The verdict in the exposition, as polls, scrapes and time go by."""

import asyncio
import re
from typing import Any

import pytest

from exporter.app import App
from exporter.errors import ConnectionFailedError
from exporter.settings import Override, Settings
from exporter.shard import Shard
from tests.polling.scrape import problems, scrape, value
from tests.polling.stub_provider import Vendor, Watching, row, source, watching, with_optional_scope
from tests.virtual_time import START, virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

POLL, HOUR, DAY = 300.0, 3600.0, 86400.0


def running(percent: float) -> dict[str, object]:
    return {"rows": [row("x-1", "running", started=START - 60, progress=percent)], "more": False}


@virtually
async def test_a_limit_that_passes_between_two_polls_shows_at_the_next_scrape() -> None:
    async with watching(Vendor({"one": ["a"]}), source(max_age=1000.0)) as seen:
        await asyncio.sleep(1000)
        assert problems(seen) == set()
        assert value(seen, "backup_resource_worst_severity") == [0]
        await asyncio.sleep(1)
        assert problems(seen) == {"a: too_old"}
        assert value(seen, "backup_resource_worst_severity") == [2]
        await asyncio.sleep(1000)
        assert value(seen, "backup_resource_problem", severity="critical") == [1]
        assert value(seen, "backup_exporter_resources", state="critical") == [1]
        assert value(seen, "backup_exporter_resources", state="fine") == [0]
        assert value(seen, "backup_exporter_time_seconds") == [START + 2001]


@virtually
async def test_a_resource_that_is_gone_keeps_its_problem_alone_for_a_day() -> None:
    vendor = Vendor({"one": ["a", "b"]})
    vendor.backups["a"] = [[row("a-1", "failed", started=START - 60), row("a-0", started=START - 90)]]
    async with watching(vendor, source(max_age=9 * DAY, discovery_interval=POLL, labels=(("squad", "x"),))) as seen:
        await asyncio.sleep(1)
        assert problems(seen) == {"a: last_run_failed"}
        vendor.scopes["one"] = ["b"]
        await asyncio.sleep(POLL)
        lines = [line for line in scrape(seen).splitlines() if 'resource="a"' in line]
        assert lines == [
            'backup_resource_problem{provider="stub",source="stub",resource="a",squad="x",resource_name="a",'
            'problem="disappeared",severity="warning"} 1'
        ]
        await asyncio.sleep(DAY - 2)
        assert problems(seen) == {"a: disappeared"}
        await asyncio.sleep(2)
        assert problems(seen) == set()


@virtually
async def test_a_resource_that_comes_back_has_not_disappeared() -> None:
    vendor = Vendor({"one": ["a", "b"]})
    async with watching(vendor, source(max_age=9 * DAY, discovery_interval=POLL)) as seen:
        await asyncio.sleep(1)
        vendor.scopes["one"] = ["b"]
        await asyncio.sleep(POLL)
        vendor.scopes["one"] = ["a", "b"]
        await asyncio.sleep(POLL)
        assert problems(seen) == set()


@virtually
async def test_a_paused_resource_does_not_disappear() -> None:
    vendor = Vendor({"one": ["a", "b"]})
    overrides = (Override(pattern="a", paused=True),)
    async with watching(vendor, source(max_age=9 * DAY, discovery_interval=POLL, overrides=overrides)) as seen:
        await asyncio.sleep(1)
        vendor.scopes["one"] = ["b"]
        await asyncio.sleep(POLL)
        assert problems(seen) == set()


@virtually
async def test_what_is_in_a_scope_that_cannot_be_listed_has_not_disappeared() -> None:
    vendor = Vendor({"one": ["a"], "two": ["b"]})
    async with watching(vendor, source(max_age=9 * DAY, discovery_interval=POLL)) as seen:
        await asyncio.sleep(1)
        vendor.trouble["/scopes/one"] = 403
        await asyncio.sleep(POLL)
        assert not any("disappeared" in one or "emptied" in one for one in problems(seen))


@virtually
async def test_a_source_that_is_down_hangs_or_is_taken_out_has_not_lost_its_resources() -> None:
    vendor = Vendor({"one": ["a"]})
    async with watching(vendor, source(max_age=9 * DAY, discovery_interval=POLL, request_timeout=9 * DAY)) as seen:
        await asyncio.sleep(1)
        vendor.scopes["one"], vendor.trouble["/scopes"] = [], 500
        await asyncio.sleep(2 * POLL)
        assert problems(seen) == {"down"}
        vendor.trouble, vendor.seconds = {}, DAY
        await asyncio.sleep(4 * POLL)
        assert problems(seen) == {"down"}
        for tasks in await seen.app.apply(Settings(sources=())):
            tasks.start()
        assert problems(seen) == set()


async def reload(seen: Watching, **changes: Any) -> None:
    for tasks in await seen.app.apply(Settings(sources=(source(max_age=9 * DAY, discovery_interval=POLL, **changes),))):
        tasks.start()


@pytest.mark.parametrize(
    "changes", [{"exclude": ("a",)}, {"include": ("b",)}, {"shard": Shard(0, 2)}, {"shard": Shard(1, 2)}], ids=str
)
@virtually
async def test_what_is_left_out_or_belongs_to_another_shard_has_not_disappeared(changes: dict[str, object]) -> None:
    async with watching(Vendor({"one": ["a", "b"]}), source(max_age=9 * DAY, discovery_interval=POLL)) as seen:
        await asyncio.sleep(1)
        await reload(seen, **changes)
        await asyncio.sleep(2 * POLL)
        assert problems(seen) == set()


@virtually
async def test_a_source_that_lists_nothing_any_more_is_emptied_for_a_day() -> None:
    vendor = Vendor({"one": ["a", "b"]})
    async with watching(vendor, source(max_age=9 * DAY, discovery_interval=POLL)) as seen:
        await asyncio.sleep(1)
        vendor.scopes["one"] = []
        await asyncio.sleep(POLL)
        assert problems(seen) == {"a: disappeared", "b: disappeared", "emptied"}
        assert value(seen, "backup_source_worst_severity") == [3]
        await asyncio.sleep(DAY - 2)
        assert "emptied" in problems(seen)
        await asyncio.sleep(3)
        assert problems(seen) == set()


@pytest.mark.parametrize(("trouble", "expected"), [(403, {"emptied"}), (500, set[str]())])
@virtually
async def test_what_the_vendor_denies_for_good_does_not_keep_a_source_from_being_emptied(
    trouble: int, expected: set[str]
) -> None:
    vendor = Vendor({"one": ["a"], "optional": []}, trouble={"/scopes/optional": trouble})
    lacking = with_optional_scope("optional")
    async with watching(vendor, source(provider=lacking, max_age=9 * DAY, discovery_interval=POLL)) as seen:
        await asyncio.sleep(1)
        vendor.scopes["one"] = []
        await asyncio.sleep(POLL)
        assert {one for one in problems(seen) if one == "emptied"} == expected


@virtually
async def test_a_source_that_was_always_empty_is_not_emptied() -> None:
    async with watching(Vendor({"one": []}), source(discovery_interval=POLL)) as seen:
        await asyncio.sleep(3 * POLL)
        assert problems(seen) == set()


@virtually
async def test_patterns_that_leave_nothing_empty_a_source_for_as_long_as_they_do() -> None:
    async with watching(Vendor({"one": ["a", "b"]}), source(include=("^a.*$",), discovery_interval=POLL)) as seen:
        await asyncio.sleep(3 * DAY)
        assert problems(seen) == {"emptied"}
        assert value(seen, "backup_source_excluded_resources") == [2]
        assert seen.app.store.judge_source("stub").problems[0].text == (
            "The vendor lists 2 resources, and include and exclude leave none of them."
        )


@pytest.mark.parametrize("index", [0, 1])
@virtually
async def test_a_shard_without_a_share_is_not_emptied_but_one_whose_vendor_has_nothing_left_is(index: int) -> None:
    vendor = Vendor({"one": ["a"]})
    async with watching(vendor, source(max_age=9 * DAY, discovery_interval=POLL, shard=Shard(index, 2))) as seen:
        await asyncio.sleep(1)
        assert problems(seen) == set()
        vendor.scopes["one"] = []
        await asyncio.sleep(POLL)
        assert "emptied" in problems(seen)


@virtually
async def test_what_stands_stands_through_an_outage_and_a_reading_ends_it() -> None:
    vendor = Vendor({"one": ["a"]})
    vendor.backups["a"] = [[row("a-2", "failed", started=START - 60), row("a-1", started=START - 120)]]
    async with watching(vendor, source(max_age=9 * DAY)) as seen:
        await asyncio.sleep(1)
        assert problems(seen) == {"a: last_run_failed"}
        vendor.trouble = {"/backups/a/0": ConnectionFailedError("no connection")}
        await asyncio.sleep(4 * POLL)
        assert problems(seen) == {"a: last_run_failed", "down"}
        vendor.trouble = {}
        vendor.backups["a"] = [[row("a-3", started=START + 60)]]
        await asyncio.sleep(POLL)
        assert problems(seen) == set()


@virtually
async def test_a_resource_is_unreadable_after_half_an_hour_at_the_scrape() -> None:
    vendor = Vendor({"one": ["a", "b"]})
    async with watching(vendor, source(max_age=9 * DAY)) as seen:
        await asyncio.sleep(POLL + 1)
        vendor.trouble = {"/backups/a/0": 403}
        await asyncio.sleep(1798)
        assert problems(seen) == set()
        await asyncio.sleep(1)
        assert problems(seen) == {"a: unreadable"}
        vendor.trouble = {}
        await asyncio.sleep(POLL)
        assert problems(seen) == set()


@virtually
async def test_up_says_fresh_by_itself() -> None:
    vendor = Vendor({"one": ["a"]})
    async with watching(vendor, source(max_age=9 * DAY, request_timeout=9 * DAY)) as seen:
        await asyncio.sleep(1)
        vendor.seconds = DAY  # the next poll hangs
        await asyncio.sleep(899)
        assert value(seen, "backup_resource_up") == [1]
        assert problems(seen) == set()
        await asyncio.sleep(2)
        assert value(seen, "backup_resource_up") == [0]
        assert problems(seen) == {"data_stale"}


@virtually
async def test_rate_limited_resources_are_the_sources_problem() -> None:
    vendor = Vendor({"one": ["a", "b"]})
    async with watching(vendor, source(max_age=9 * DAY)) as seen:
        await asyncio.sleep(1)
        vendor.trouble = {"/backups/a/0": 429}
        await asyncio.sleep(2 * POLL)
        assert "rate_limited" in problems(seen)


@virtually
async def test_excluded_families_are_neither_shown_nor_kept() -> None:
    names = ("backup_age_seconds", "backup_backups", "backup_poll_duration_seconds")
    async with watching(Vendor({"one": ["a"]}), source(max_age=9 * DAY)) as seen:
        await asyncio.sleep(1)
        everything = scrape(seen).splitlines()
        await seen.app.exposition.exclude(frozenset(names))
        lean = scrape(seen).splitlines()
        await asyncio.sleep(POLL)
        later = scrape(seen).splitlines()
        await seen.app.exposition.exclude(frozenset())
        again = scrape(seen).splitlines()
    of_excluded = re.compile(rf"(# (HELP|TYPE) )?({'|'.join(names)})\b")

    assert lean == [line for line in everything if not of_excluded.match(line)]
    assert not any(map(of_excluded.match, later))
    assert any(line.startswith("backup_last_success_timestamp_seconds{") for line in later)
    assert any(line.startswith("backup_age_seconds{") for line in again)


async def test_settings_say_what_is_excluded() -> None:
    app = App(lambda: START)
    await app.apply(Settings(sources=(), excluded_families=frozenset(("backup_age_seconds",))))

    assert app.exposition.excluded == {"backup_age_seconds"}

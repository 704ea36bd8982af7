"""What a changed configuration changes, and what goes on without a gap."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Backup, Status
from exporter.polling import poller
from tests.polling.reload_harness import OTHER, exporting, one
from tests.polling.stub_provider import STUB, Options, Vendor, row, source
from tests.virtual_time import START, virtually

POLL = 300.0


@pytest.fixture(autouse=True)
def in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first polls begin at once."""
    monkeypatch.setattr(poller, "MAX_START_DELAY", 0.0)


@virtually
async def test_an_unchanged_source_goes_on_without_a_gap_and_with_its_token() -> None:
    async with exporting(a=one(), b=one()) as running:
        signed = source("a", options=Options(exchange=True))
        assert await running.apply(signed) == ["a"]
        await asyncio.sleep(150)
        before = running.app.store.entries["a"]
        assert await running.apply(replace(signed), source("b", options=OTHER)) == ["b"]
        assert running.app.store.entries["a"] == before
        await asyncio.sleep(2 * POLL)
        vendor = running.vendors["a"]
        assert vendor.times("/backups/r/0") == pytest.approx([0, 300, 600])
        assert vendor.times("/token") == [0]
        assert vendor.times("/scopes") == [0]
        assert before.counters.polls == 3


@virtually
async def test_a_reload_in_the_middle_of_a_poll_does_not_disturb_it() -> None:
    async with exporting(a=one(seconds=10), b=one()) as running:
        await running.apply(source("a"))
        await asyncio.sleep(15)
        await running.apply(source("a"), source("b", options=OTHER))
        await asyncio.sleep(30)
        assert running.app.store.entries["a"].counters.requests == {"200": 4}
        assert running.app.store.entries["a"].status.up


@virtually
async def test_an_added_source_begins_at_once_and_readiness_waits_for_it() -> None:
    async with exporting(a=one(), b=one(seconds=10)) as running:
        await running.apply(source("a"))
        await asyncio.sleep(100)
        assert running.app.store.ready
        await running.apply(source("a"), source("b", options=OTHER))
        assert not running.app.store.ready
        await asyncio.sleep(45)
        assert running.vendors["b"].asked[0][0] == pytest.approx(100)
        assert running.app.store.ready


@virtually
async def test_a_removed_source_is_asked_no_more_and_its_series_are_gone() -> None:
    async with exporting(a=one(), b=one()) as running:
        await running.apply(source("a"), source("b", options=OTHER))
        await asyncio.sleep(1)
        assert 'source="b"' in running.exposition
        await running.apply(source("a"))
        asked = len(running.vendors["b"].asked)
        assert 'source="b"' not in running.exposition
        assert 'source="a"' in running.exposition
        await asyncio.sleep(2 * POLL)
        assert len(running.vendors["b"].asked) == asked


@pytest.mark.parametrize(("days", "remembered"), [(6, True), (8, False)])
@virtually
async def test_what_a_removed_source_knew_is_remembered_for_a_week(days: int, remembered: bool) -> None:
    async with exporting(a=one()) as running:
        await running.apply(source("a"))
        await asyncio.sleep(1)
        await running.apply()
        await asyncio.sleep(days * 86400)
        running.vendors["a"].backups["r"] = [[row("new", "failed", START + 86400)]]
        await running.apply(source("a"))
        await asyncio.sleep(1)
        resource_status = running.app.store.entries["a"].resources["r"]
        assert resource_status.summary is not None
        assert resource_status.summary.last_success == (START if remembered else None)
        assert (resource_status.first_seen == START) is remembered


@virtually
async def test_a_changed_source_begins_anew_but_keeps_what_it_knows_and_counts() -> None:
    async with exporting(a=one()) as running:
        await running.apply(source("a"))
        await asyncio.sleep(100)
        before = running.app.store.entries["a"]
        running.vendors["a"].seconds = 10
        running.vendors["a"].backups["r"] = [[row("new", "failed", START + 50)]]
        assert await running.apply(source("a", labels=(("squad", "data"),))) == ["a"]
        entry = running.app.store.entries["a"]
        assert entry.counters is before.counters
        assert entry.resources == before.resources
        assert entry.status.up
        assert entry.status.last_success == pytest.approx(START)
        assert 'backup_age_seconds{provider="stub",source="a",resource="r",squad="data"}' in running.exposition
        assert 'source="a",resource="r"}' not in running.exposition
        await asyncio.sleep(100)
        resource_status = running.app.store.entries["a"].resources["r"]
        assert resource_status.summary is not None
        assert (resource_status.summary.last_success, resource_status.summary.failures) == (START, 1)
        assert resource_status.first_seen == START
        assert entry.counters.polls == 2


def map_twice_the_size(options: Options, record: Mapping[str, Any]) -> Backup:
    """Read a record as another version of the provider does."""
    return Backup(id=record["id"], status=Status.COMPLETED, started=record["started"], size=2.0 * record["size"])


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"provider": replace(STUB, backup=map_twice_the_size)}, id="the provider"),
        pytest.param({"options": replace(OTHER, exchange=True)}, id="its options"),
    ],
)
@pytest.mark.parametrize("newest_first", [True, False])
@virtually
async def test_what_may_mean_something_else_now_is_read_anew(changes: dict[str, Any], newest_first: bool) -> None:
    """The vendor's answers stay the same to the byte."""
    first, after = (replace(one, newest_first=newest_first) for one in (STUB, changes.get("provider", STUB)))
    async with exporting(
        a=one(backups={"r": [[row("r-1", size=7), row("r-2", started=START - 9, size=5)]]})
    ) as running:
        await running.apply(source("a", provider=first, discovery_interval=86400.0))
        await asyncio.sleep(100)
        before = running.app.store.entries["a"].resources["r"]
        asked = running.vendors["a"].times("/facts/r")
        await running.apply(source("a", **{**changes, "provider": after}, discovery_interval=86400.0))
        at_once = running.app.store.entries["a"].resources["r"]
        assert (at_once.summary, at_once.first_seen) == (before.summary, before.first_seen)
        await asyncio.sleep(1)
        known = running.app.store.entries["a"].resources["r"]
        assert known.listing is not None
        sizes = {backup.id: backup.size for backup in known.listing.backups.values()}
        assert sizes == ({"r-1": 14.0, "r-2": 10.0} if "provider" in changes else {"r-1": None, "r-2": None})
        assert len(running.vendors["a"].times("/facts/r")) == len(asked) + 1


@virtually
async def test_a_changed_interval_is_told_and_kept() -> None:
    async with exporting(a=one()) as running:
        await running.apply(source("a"))
        await asyncio.sleep(250)
        await running.apply(source("a", poll_interval=60.0))
        assert running.app.store.entries["a"].status.configured_interval == 60
        await asyncio.sleep(130)
        assert running.vendors["a"].times("/backups/r/0") == pytest.approx([0, 250, 310, 370])
        assert running.app.store.entries["a"].status.interval == 60


@virtually
async def test_a_resource_that_is_now_excluded_is_gone_at_once() -> None:
    async with exporting(a=Vendor({"all": ["r", "s"]})) as running:
        await running.apply(source("a"))
        await asyncio.sleep(1)
        await running.apply(source("a", exclude=("s",)))
        assert set(running.app.store.entries["a"].resources) == {"r"}
        asked = len(running.vendors["a"].times("/backups/s/0"))
        await asyncio.sleep(POLL)
        assert len(running.vendors["a"].times("/backups/s/0")) == asked


@virtually
async def test_what_is_excluded_for_a_while_is_remembered() -> None:
    async with exporting(a=Vendor({"all": ["r", "s"]})) as running:
        await running.apply(source("a"))
        await asyncio.sleep(1)
        await running.apply(source("a", exclude=("s",)))
        running.vendors["a"].backups["s"] = [[row("new", "failed", START + 60)]]
        await asyncio.sleep(POLL)
        await running.apply(source("a"))
        await asyncio.sleep(1)
        known = running.app.store.entries["a"].resources["s"]
        assert known.summary is not None
        assert (known.first_seen, known.summary.last_success) == (START, START)


@virtually
async def test_a_forbidden_scope_keeps_its_resources_over_a_change() -> None:
    async with exporting(a=Vendor({"one": ["r"], "two": ["s"]})) as running:
        await running.apply(source("a"))
        await asyncio.sleep(1)
        running.vendors["a"].trouble["/scopes/two"] = 403
        await running.apply(source("a", max_age=7200.0))
        await asyncio.sleep(1)
        resource_status = running.app.store.entries["a"].resources
        assert {key: one.failure for key, one in resource_status.items()} == {"r": None, "s": "forbidden"}


@virtually
async def test_another_provider_under_the_same_name_knows_nothing_of_the_first() -> None:
    async with exporting(a=one()) as running:
        await running.apply(source("a"))
        await asyncio.sleep(1)
        running.vendors["a"].seconds = 10
        await running.apply(source("a", provider_name="another", provider=replace(STUB)))
        assert running.app.store.entries["a"].resources == {}
        assert running.app.store.entries["a"].status.up is None

"""What a changed configuration changes, and what goes on without a gap."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from exporter.app import App
from exporter.model import Backup, Status
from exporter.polling import poller
from exporter.provider import RateLimit
from exporter.secret import Secret
from exporter.settings import Settings, Source
from tests.polling.stub_provider import STUB, Options, Vendor, row, source
from tests.virtual_time import START, virtually, wall_clock

POLL = 300.0
OTHER = Options(token=Secret("another"))


@pytest.fixture(autouse=True)
def in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first polls begin at once."""
    monkeypatch.setattr(poller, "MAX_START_DELAY", 0.0)


@dataclass(slots=True)
class Running:
    """An exporter, its vendors by the names of the sources, and the carriers that it was given."""

    vendors: Mapping[str, Vendor]
    app: App = field(init=False)
    transports: list[str] = field(default_factory=list)

    async def apply(self, *sources: Source) -> list[str]:
        """Take a configuration; return the names of the sources that are begun with."""
        new = await self.app.apply(Settings(sources=sources))
        for watch in new:
            watch.start()
        return [watch.source.name for watch in new]

    @property
    def exposition(self) -> str:
        """What a scrape gets."""
        return b"".join(self.app.exposition.render(openmetrics=False)).decode()


@asynccontextmanager
async def exporting(**vendors: Vendor) -> AsyncIterator[Running]:
    """Run an exporter that watches nothing yet."""
    running = Running(vendors)
    running.app = App(wall_clock, lambda source: running.vendors[source.name])
    try:
        yield running
    finally:
        await running.app.stop()


def one(**changes: Any) -> Vendor:
    """Return a vendor with one resource."""
    return Vendor({"all": ["r"]}, **changes)


def busiest(vendors: Sequence[Vendor], window: float) -> int:
    """Return the most requests that all the vendors together got in any window."""
    times = sorted(at for vendor in vendors for at, _ in vendor.asked)
    return max(sum(first <= other < first + window for other in times) for first in times)


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


LIMIT = RateLimit(requests=6, per=60)


@virtually
async def test_sources_that_share_a_credential_share_its_budget_and_others_do_not() -> None:
    async with exporting(a=one(), b=one(), c=one()) as running:
        apart = source("c", rate_limit=LIMIT, options=OTHER, poll_interval=20.0)
        together = [source(name, rate_limit=LIMIT, poll_interval=20.0) for name in "ab"]
        await running.apply(*together, apart)
        await asyncio.sleep(2000)
        a, b, c = (running.vendors[name] for name in "abc")
        assert busiest([a, b], 60) == 6
        assert busiest([a, b, c], 60) > 6
        assert min(len(a.asked), len(b.asked)) > 50


@pytest.fixture
def read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files without a thread, for which virtual time would not wait."""

    def start(work: Callable[[], Any]) -> "asyncio.Future[Any]":
        future = asyncio.get_running_loop().create_future()
        future.set_result(work())
        return future

    monkeypatch.setattr("exporter.files.background.start", start)


def from_file(name: str, file: Path, **changes: Any) -> Source:
    """Return a source whose token is in a file, as reading the configuration gives it."""
    token = Secret(file=file)
    token.reveal()
    return source(name, options=Options(token=token), rate_limit=LIMIT, poll_interval=5.0, **changes)


@pytest.mark.usefixtures("read_at_once")
@pytest.mark.parametrize("changed", [("a",), ("b",), ("a", "b"), ()])
@virtually
async def test_a_credential_that_is_rotated_has_one_budget_all_the_same(tmp_path: Path, changed: Sequence[str]) -> None:
    file = tmp_path / "token"
    file.write_text("first")
    async with exporting(a=one(), b=one()) as running:
        vendors = list(running.vendors.values())
        await running.apply(*(from_file(name, file) for name in "ab"))
        await asyncio.sleep(601)
        file.write_text("second")
        await asyncio.sleep(61)
        for vendor in vendors:
            vendor.asked.clear()
        labels = {name: {"labels": (("squad", "data"),)} if name in changed else {} for name in "ab"}
        assert await running.apply(*(from_file(name, file, **labels[name]) for name in "ab")) == list(changed)
        await asyncio.sleep(1000)
        assert busiest(vendors, 60) == 6
        assert min(len(vendor.asked) for vendor in vendors) > 20


@pytest.mark.usefixtures("read_at_once")
@virtually
async def test_a_credential_that_becomes_that_of_another_source_has_one_budget(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in "ab"}
    for name, file in files.items():
        file.write_text(name)
    async with exporting(a=one(), b=one()) as running:
        vendors = list(running.vendors.values())
        await running.apply(*(from_file(name, file) for name, file in files.items()))
        await asyncio.sleep(601)
        assert busiest(vendors, 60) > 6
        files["a"].write_text("b")
        assert await running.apply(*(from_file(name, file) for name, file in files.items())) == []
        await asyncio.sleep(61)
        for vendor in vendors:
            vendor.asked.clear()
        await asyncio.sleep(1000)
        assert busiest(vendors, 60) == 6
        assert min(len(vendor.asked) for vendor in vendors) > 20


@virtually
async def test_the_strictest_of_the_limits_holds_for_a_source_too_that_did_not_change() -> None:
    async with exporting(a=one(), b=one()) as running:
        ample = source("a", rate_limit=RateLimit(requests=60, per=60), poll_interval=1.0, discovery_interval=1e6)
        strict = source("b", rate_limit=LIMIT, poll_interval=1.0, discovery_interval=1e6)
        await running.apply(ample)
        await asyncio.sleep(120)
        vendors = list(running.vendors.values())
        assert busiest(vendors, 60) > 50
        await running.apply(ample, strict)
        await asyncio.sleep(61)
        for vendor in vendors:
            vendor.asked.clear()
        await asyncio.sleep(1000)
        assert busiest(vendors, 60) == 6
        await running.apply(ample)
        await asyncio.sleep(300)
        assert busiest(vendors, 60) > 50


@virtually
async def test_a_change_does_not_give_the_budget_a_second_time() -> None:
    async with exporting(a=one()) as running:
        limit = RateLimit(requests=4, per=60)
        await running.apply(source("a", rate_limit=limit))
        await asyncio.sleep(1)
        assert len(running.vendors["a"].asked) == 4
        await running.apply(source("a", rate_limit=limit, max_age=60.0))
        await asyncio.sleep(58)
        assert len(running.vendors["a"].asked) == 4
        await running.apply()
        await running.apply(source("a", rate_limit=replace(limit, requests=5)))
        await asyncio.sleep(0.5)
        assert len(running.vendors["a"].asked) == 5
        await asyncio.sleep(30)
        assert running.app.store.entries["a"].status.up
        assert busiest(list(running.vendors.values()), 59) <= 5

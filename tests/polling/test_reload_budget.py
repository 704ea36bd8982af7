"""What a changed configuration does to the budget of a credential: nothing."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.provider import RateLimit
from exporter.secret import Secret
from exporter.settings import Source
from tests.polling.reload_harness import OTHER, busiest, exporting, one
from tests.polling.stub_provider import Options, Vendor, source
from tests.virtual_time import virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

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


@virtually
async def test_sources_that_share_a_credential_are_each_planned_with_a_part_of_its_budget() -> None:
    """One alone fits into the budget; both together are polled less often, and neither goes stale."""
    vendors = {name: Vendor({"all": [f"{name}{number}" for number in range(20)]}) for name in "ab"}
    limit = RateLimit(requests=60, per=600)
    async with exporting(**vendors) as running:
        together = [source(name, rate_limit=limit) for name in "ab"]
        await running.apply(*together)
        for _ in range(6 * 60):
            await asyncio.sleep(60)
            running.app.store.refresh_verdicts()
            for name in "ab":
                entry = running.app.store.entries[name]
                assert all(view.up is not False for view in entry.views.values())
        for name in "ab":
            status = running.app.store.entries[name].status
            assert status.interval > 400
            assert status.duration is not None
            assert status.duration < status.interval
        await running.apply(together[0])
        await asyncio.sleep(3600)
        assert running.app.store.entries["a"].status.interval == 300


@virtually
async def test_a_source_that_needs_little_leaves_the_rest_of_the_budget_to_others() -> None:
    vendors = {"large": Vendor({"all": [f"r{number}" for number in range(20)]}), "small": one()}
    async with exporting(**vendors) as running:
        await running.apply(*(source(name, rate_limit=RateLimit(requests=60, per=600)) for name in vendors))
        await asyncio.sleep(3 * 3600)
        assert {name: running.app.store.entries[name].status.interval for name in vendors} == {
            "large": 300,
            "small": 300,
        }


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

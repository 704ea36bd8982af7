"""What is discovered and not watched: by patterns, which may leave nothing, or by a cap, which says whom it refuses."""

import asyncio
import time
from itertools import pairwise
from typing import Any

import pytest
import structlog

from exporter.app import App
from exporter.errors import ConnectionFailedError
from exporter.polling import poller as polling
from exporter.settings import Settings, Source
from exporter.shard import Shard
from exporter.state import inventory
from tests.polling.stub_provider import Vendor, source, watching
from tests.virtual_time import virtually

pytestmark = pytest.mark.integration

VENDOR = {"s": ["a1", "a2", "b1"], "t": ["b1", "b2"]}


async def status_of(vendor: Vendor, one: Source, logs: list[Any] | None = None) -> Any:
    with structlog.testing.capture_logs() as captured:
        async with watching(vendor, one) as seen:
            await asyncio.sleep(700)
            found = seen.entry().status
    if logs is not None:
        logs += captured
    return found


@pytest.mark.parametrize(
    ("changes", "listed", "excluded"),
    [
        ({}, 4, 0),
        ({"include": ("a*",)}, 4, 2),
        ({"exclude": ("b1",)}, 4, 1),
        ({"include": ("a*",), "exclude": ("*",)}, 4, 4),
        ({"include": ("^a.*$",)}, 4, 4),
        ({"exclude": ("a*",), "shard_by": "resource", "shard": Shard(0, 2)}, 4, 2),
        ({"exclude": ("a*",), "shard_by": "resource", "shard": Shard(1, 2)}, 4, 2),
    ],
)
@virtually
async def test_what_patterns_leave_out_is_counted_before_shards(
    changes: dict[str, Any], listed: int, excluded: int
) -> None:
    found = await status_of(Vendor(scopes=VENDOR), source(poll_interval=60.0, **changes))

    assert found.listed_resources == listed
    assert found.listed_resources - found.matching_resources == excluded


@virtually
async def test_patterns_that_leave_none_are_warned_of_once() -> None:
    logs: list[Any] = []
    found = await status_of(Vendor(scopes=VENDOR), source(poll_interval=60.0, include=("^a.*$",)), logs)
    logged = [log for log in logs if log["event"] == "discovery.patterns_leave_none"]

    assert found.matching_resources == 0
    assert [(log["log_level"], log["listed"], log["include"], log["source"]) for log in logged] == [
        ("warning", 4, ["^a.*$"], "stub")
    ]


@virtually
async def test_a_source_that_lists_nothing_is_not_emptied_by_patterns() -> None:
    logs: list[Any] = []
    found = await status_of(Vendor(scopes={"s": []}), source(poll_interval=60.0, include=("a*",)), logs)

    assert (found.listed_resources, found.matching_resources) == (0, 0)
    assert not [log for log in logs if log["event"] == "discovery.patterns_leave_none"]


@virtually
async def test_a_scope_that_cannot_be_read_counts_as_it_was() -> None:
    vendor = Vendor(scopes=VENDOR)
    async with watching(vendor, source(poll_interval=60.0, discovery_interval=120.0, exclude=("b*",))) as seen:
        await asyncio.sleep(10)
        vendor.trouble["/scopes/t"] = 403
        await asyncio.sleep(300)
        found = seen.entry().status

    assert (found.listed_resources, found.matching_resources) == (4, 2)


@virtually
async def test_what_a_cap_refuses_is_named_once_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "MAX_RESOURCES", 2)
    logs: list[Any] = []
    long = "x" * 257
    found = await status_of(Vendor(scopes={"s": ["a", "b", "c", long]}), source(poll_interval=60.0), logs)
    logged = [log for log in logs if log["event"] == "resource.refused"]

    assert found.limits == {"labels", "resources"}
    assert [(log["log_level"], log["resource"], log["limit"]) for log in logged] == [
        ("warning", "c", "resources"),
        ("warning", "x" * 80, "labels"),
    ]
    assert "longer than 256 characters" in logged[1]["reason"]
    assert found.refused_resources == (("c", logged[0]["reason"]), (long, logged[1]["reason"]))


@virtually
async def test_so_many_refused_resources_are_shown_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "MAX_RESOURCES", 1)
    found = await status_of(Vendor(scopes={"s": [f"r{n}" for n in range(100)]}), source(poll_interval=60.0))

    assert len(found.refused_resources) == polling.MAX_SHOWN


async def test_many_resources_are_put_by_turns() -> None:
    turns = 0

    async def heartbeat() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    vendor = Vendor(scopes={"s": [f"r{n}" for n in range(polling.PUTS_PER_TURN * 10)]})
    async with watching(vendor, source(poll_interval=3600.0)) as seen:
        beating = asyncio.create_task(heartbeat())
        counts: list[int] = []
        while len(seen.entry().resources) < polling.PUTS_PER_TURN * 10:
            counts.append(len(seen.entry().resources))
            await asyncio.sleep(0)
        beating.cancel()

    steps = [after - before for before, after in pairwise(counts)]
    assert max(steps) <= polling.PUTS_PER_TURN


async def test_the_failures_of_many_resources_are_put_by_turns() -> None:
    count = polling.PUTS_PER_TURN * 5
    vendor = Vendor(scopes={"s": [f"r{n}" for n in range(count)]})
    app = App(time.time, lambda _: vendor)
    (tasks,) = await app.apply(Settings(sources=(source(poll_interval=60.0),)))
    await tasks.poller.poll()
    resources = app.store.entries["stub"].resources
    assert all(one.up for one in resources.values())

    vendor.trouble |= {f"/backups/r{n}/0": ConnectionFailedError("no connection") for n in range(count)}
    polled = asyncio.create_task(tasks.poller.poll())
    failed = [0]
    while not polled.done():
        await asyncio.sleep(0)
        failed.append(sum(one.up is False for one in resources.values()))
    await app.stop()

    assert failed[-1] == count
    assert max(after - before for before, after in pairwise(failed)) <= polling.PUTS_PER_TURN

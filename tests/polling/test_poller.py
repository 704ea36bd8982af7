"""What a failure takes down with it, and what it leaves standing."""

import asyncio

import pytest

from exporter.errors import ConnectionFailedError, DeadlineError
from exporter.model import Status
from tests.polling.stub_provider import Options, Vendor, row, source, two_scopes, watching
from tests.virtual_time import START, virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

POLL = 300.0


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (401, "unauthorized"),
        (402, "forbidden"),
        (403, "forbidden"),
        (408, "timeout"),
        (500, "server_error"),
        (503, "server_error"),
        (418, "malformed"),
        (204, "malformed"),
        ("nonsense", "malformed"),
        ({"rows": {}, "more": False}, "malformed"),
        (ConnectionFailedError("no connection"), "connection"),
    ],
)
@virtually
async def test_what_fails_on_a_resources_own_path_is_that_resources(trouble: object, reason: str) -> None:
    vendor = two_scopes()
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1)
        vendor.trouble["/backups/b/0"] = trouble
        await asyncio.sleep(POLL)
        assert seen.failures() == {"a": None, "b": reason, "c": None}
        assert seen.reason() is None
        assert seen.entry().counters.resource_failures == {reason: 1}
        vendor.trouble.clear()
        await asyncio.sleep(POLL)
        assert seen.failures() == {"a": None, "b": None, "c": None}


@virtually
async def test_if_every_resource_fails_the_source_is_down_with_the_commonest_reason() -> None:
    vendor = two_scopes()
    vendor.trouble = {"/backups/a/0": 403, "/backups/b/0": 500, "/backups/c/0": 500}
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1)
        assert seen.reason() == "server_error"
        assert seen.failures() == {"a": "forbidden", "b": "server_error", "c": "server_error"}
        assert seen.entry().counters.poll_failures == {"server_error": 1}
        assert seen.entry().status.last_success is None
        del vendor.trouble["/backups/a/0"]
        await asyncio.sleep(POLL)
        assert seen.reason() is None
        assert seen.entry().status.last_success == pytest.approx(START + POLL, abs=1)


@virtually
async def test_a_source_without_resources_is_up() -> None:
    async with watching(Vendor(), source()) as seen:
        await asyncio.sleep(1)
        assert seen.reason() is None
        assert seen.entry().status.resources == 0


@pytest.mark.parametrize("trouble", [403, 500, "nonsense"])
@virtually
async def test_if_discovery_fails_the_source_is_down_and_its_resources_are_read_all_the_same(trouble: object) -> None:
    vendor = two_scopes()
    async with watching(vendor, source(discovery_interval=POLL)) as seen:
        await asyncio.sleep(1)
        vendor.trouble["/scopes"] = trouble
        vendor.backups["a"] = [[row("a-2", started=START + 60)]]
        await asyncio.sleep(POLL)
        assert seen.reason() is not None
        assert seen.failures() == {"a": None, "b": None, "c": None}
        summary = seen.entry().resources["a"].summary
        assert summary is not None
        assert summary.last_success == START + 60
        del vendor.trouble["/scopes"]
        await asyncio.sleep(POLL)
        assert seen.reason() is None


@virtually
async def test_if_nothing_can_be_reached_the_resources_are_marked_without_asking_for_each() -> None:
    vendor = two_scopes()
    async with watching(vendor, source(discovery_interval=POLL)) as seen:
        await asyncio.sleep(1)
        vendor.trouble["/scopes"] = ConnectionFailedError("no connection")
        before = len(vendor.asked)
        await asyncio.sleep(POLL)
        assert len(vendor.asked) == before + 1
        assert seen.reason() == "connection"
        assert seen.failures() == dict.fromkeys("abc", "connection")
        assert seen.entry().status.resources == 3


@virtually
async def test_a_vendor_that_falls_silent_does_not_cost_one_timeout_for_each_resource() -> None:
    vendor = Vendor({"one": [f"r{number}" for number in range(200)]})
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1)
        vendor.seconds = 1000
        before = len(vendor.asked)
        await asyncio.sleep(POLL + 100)
        assert len(vendor.asked) - before <= 32
        assert seen.reason() == "timeout"
        assert set(seen.failures().values()) == {"timeout"}
        assert len(seen.failures()) == 200
        vendor.seconds = 0
        await asyncio.sleep(POLL)
        assert seen.reason() is None
        assert set(seen.failures().values()) == {None}


@virtually
async def test_a_scope_whose_list_has_no_answer_fails_its_own_resources_however_many_they_are() -> None:
    vendor = Vendor({"one": [f"r{number}" for number in range(40)], "two": ["s"]})
    async with watching(vendor, source(discovery_interval=POLL)) as seen:
        await asyncio.sleep(1)
        vendor.trouble["/scopes/one"] = DeadlineError("no answer in time")
        vendor.backups["s"] = [[row("s-2", started=START + 60)]]
        await asyncio.sleep(POLL)
        assert seen.reason() is None
        assert seen.failures() == {**{f"r{number}": "timeout" for number in range(40)}, "s": None}
        summary = seen.entry().resources["s"].summary
        assert summary is not None
        assert summary.last_success == START + 60


@virtually
async def test_a_scope_in_which_nothing_answers_does_not_keep_another_from_being_read() -> None:
    vendor = Vendor({"one": [f"r{number}" for number in range(40)], "two": ["s"]})
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1)
        vendor.trouble = {f"/backups/r{number}/0": DeadlineError("no answer in time") for number in range(40)}
        await asyncio.sleep(POLL)
        assert seen.reason() is None
        assert seen.failures() == {**{f"r{number}": "timeout" for number in range(40)}, "s": None}


@virtually
async def test_a_failed_discovery_is_tried_again_in_the_next_poll_and_not_at_the_next_discovery() -> None:
    vendor = two_scopes()
    vendor.trouble["/scopes"] = 500
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1)
        assert (seen.reason(), seen.failures()) == ("server_error", {})
        assert seen.entry().status.resources is None
        vendor.trouble.clear()
        await asyncio.sleep(POLL)
        assert seen.failures() == {"a": None, "b": None, "c": None}


@virtually
async def test_a_forbidden_scope_leaves_its_resources_as_they_were_and_the_source_up() -> None:
    vendor = two_scopes()
    async with watching(vendor, source(discovery_interval=2 * POLL)) as seen:
        await asyncio.sleep(1)
        vendor.trouble["/scopes/one"] = 403
        vendor.scopes["two"].append("d")
        await asyncio.sleep(2 * POLL)
        assert seen.failures() == {"a": "forbidden", "b": "forbidden", "c": None, "d": None}
        assert seen.reason() is None
        summary = seen.entry().resources["a"].summary
        assert summary is not None
        assert summary.counts[Status.COMPLETED] == 1
        assert len(vendor.times("/backups/a/0")) == 2
        vendor.trouble.clear()
        await asyncio.sleep(POLL)  # no discovery is due, but what failed is asked for again
        assert seen.failures() == dict.fromkeys("abcd")
        assert len(vendor.times("/scopes")) == 2


@virtually
async def test_if_no_scope_can_be_listed_discovery_has_failed_and_nothing_is_replaced() -> None:
    vendor = two_scopes()
    async with watching(vendor, source(discovery_interval=POLL)) as seen:
        await asyncio.sleep(1)
        vendor.trouble = {"/scopes/one": 403, "/scopes/two": 403}
        await asyncio.sleep(POLL)
        assert seen.reason() == "forbidden"
        assert set(seen.failures()) == {"a", "b", "c"}
        vendor.trouble.clear()
        await asyncio.sleep(POLL)
        assert seen.reason() is None


@virtually
async def test_if_the_token_fails_the_source_is_down_and_every_resource_marked() -> None:
    vendor = two_scopes()
    async with watching(vendor, source(options=Options(exchange=True), poll_interval=3600.0)) as seen:
        await asyncio.sleep(1)
        vendor.trouble["/token"] = 401
        before = len(vendor.asked)
        await asyncio.sleep(3600)
        assert seen.reason() == "unauthorized"
        assert seen.failures() == dict.fromkeys("abc", "unauthorized")
        assert {path for _, path in vendor.asked[before:]} == {"/token"}
        vendor.trouble.clear()
        await asyncio.sleep(3600)
        assert seen.reason() is None
        assert seen.failures() == {"a": None, "b": None, "c": None}


@virtually
async def test_if_the_token_fails_between_two_discoveries_the_source_is_down_as_well() -> None:
    vendor = two_scopes()
    signed = source(options=Options(exchange=True), poll_interval=3400.0, discovery_interval=100_000.0)
    async with watching(vendor, signed) as seen:
        await asyncio.sleep(1)
        vendor.trouble["/token"] = 403
        await asyncio.sleep(3400)
        assert seen.reason() == "forbidden"
        assert seen.failures() == dict.fromkeys("abc", "forbidden")


@virtually
async def test_a_401_on_one_resource_after_a_renewal_that_worked_is_that_resources() -> None:
    vendor = two_scopes()
    vendor.trouble["/backups/b/0"] = 401
    async with watching(vendor, source(options=Options(exchange=True))) as seen:
        await asyncio.sleep(1)
        assert seen.reason() is None
        assert seen.failures() == {"a": None, "b": "unauthorized", "c": None}
        tokens = len(vendor.times("/token"))
        await asyncio.sleep(2 * POLL)
        assert len(vendor.times("/token")) == tokens


@virtually
async def test_a_resource_that_is_not_found_has_discovery_run_again_at_once() -> None:
    vendor = two_scopes()
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1)
        vendor.scopes["one"].remove("b")
        await asyncio.sleep(POLL)
        assert seen.failures() == {"a": None, "c": None}
        assert seen.entry().status.resources == 2
        assert seen.entry().counters.resource_failures == {}
        lines = b"".join(seen.app.exposition.render(openmetrics=False)).splitlines()
        gone = [line.split(b"{")[0] for line in lines if b'resource="b"' in line]
        assert gone == [b"backup_resource_problem"]  # it disappeared, which is reported for a day


@virtually
async def test_a_resource_that_discovery_lists_but_nobody_finds_is_down_and_looked_for_once() -> None:
    vendor = two_scopes()
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1)
        vendor.trouble["/backups/b/0"] = 404
        await asyncio.sleep(4 * POLL)
        assert seen.failures() == {"a": None, "b": "not_found", "c": None}
        assert seen.reason() is None
        assert len(vendor.times("/scopes")) == 2


@virtually
async def test_a_page_that_fails_is_a_failed_poll_and_not_fifty_deletions() -> None:
    vendor = two_scopes()
    vendor.backups["a"] = [[row(f"{page}-{n}", started=START - 100 * page - n) for n in range(50)] for page in range(3)]
    async with watching(vendor, source(discovery_interval=POLL)) as seen:
        await asyncio.sleep(1)
        vendor.trouble["/backups/a/2"] = 500
        vendor.backups["a"][0] = [row("new", started=START + 60)]
        before = seen.entry().resources["a"]
        await asyncio.sleep(POLL)
        after = seen.entry().resources["a"]
        assert (after.up, after.failure) == (False, "server_error")
        assert (after.listing, after.summary, after.history) == (before.listing, before.summary, before.history)
        vendor.trouble.clear()
        await asyncio.sleep(POLL)
        summary = seen.entry().resources["a"].summary
        assert summary is not None
        assert summary.counts[Status.COMPLETED] == 101


@virtually
async def test_facts_that_fail_are_a_failure_but_the_listing_counts() -> None:
    vendor = two_scopes()
    vendor.trouble["/facts/a"] = 500
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1)
        resource_status = seen.entry().resources["a"]
        assert (resource_status.failure, resource_status.details) == ("server_error", None)
        assert resource_status.summary is not None
        vendor.trouble.clear()
        await asyncio.sleep(POLL)
        recovered = seen.entry().resources["a"]
        assert recovered.failure is None
        assert recovered.details is not None

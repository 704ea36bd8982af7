"""What is reported about a source beside its numbers: caps that bite, and the log."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from exporter.errors import CapError
from exporter.model import Resource, Status
from exporter.provider import Api, RawPage
from exporter.state import inventory
from tests.polling.stub_provider import STUB, Options, row, source, two_scopes, watching
from tests.virtual_time import virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

POLL = 300.0


@virtually
async def test_caps_are_told_as_long_as_they_bite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "MAX_RESOURCES", 3)
    vendor = two_scopes()
    vendor.scopes["one"] += ["d", "x" * 257]
    vendor.backups["a"] = [[row(str(number))] for number in range(301)]
    async with watching(vendor, source(discovery_interval=POLL)) as seen:
        await asyncio.sleep(1)
        assert seen.entry().status.limits == {"resources", "labels", "pages"}
        assert seen.failures() == {"a": "malformed", "b": None, "d": None}
        vendor.scopes = {"one": ["a", "b"]}
        vendor.backups.clear()
        await asyncio.sleep(2 * POLL)
        assert seen.entry().status.limits == set()


@virtually
async def test_a_body_beyond_its_cap_is_told_as_well() -> None:
    async def too_much(_api: Api, _options: Options, resource: Resource) -> AsyncIterator[RawPage]:
        if resource.id == "a":
            raise CapError("the body is larger than 8 MiB", limit="body")
        yield RawPage()

    async with watching(two_scopes(), source(provider=replace(STUB, pages=too_much))) as seen:
        await asyncio.sleep(1)
        assert seen.entry().status.limits == {"body"}
        assert seen.failures() == {"a": "malformed", "b": None, "c": None}


@virtually
async def test_a_status_word_that_nobody_knows_is_logged_once() -> None:
    vendor = two_scopes()
    vendor.backups = {name: [[row(f"{name}1", "Paused"), row(f"{name}2", "paused")]] for name in "abc"}
    with capture_logs() as logs:
        async with watching(vendor, source()) as seen:
            await asyncio.sleep(3 * POLL)
            summary = seen.entry().resources["a"].summary
    assert [one["word"] for one in logs if one["event"] == "status.unknown"] == ["paused"]
    assert summary is not None
    assert summary.counts[Status.UNKNOWN] == 2


@virtually
async def test_a_failure_is_logged_when_it_begins_and_not_in_every_poll() -> None:
    vendor = two_scopes()
    vendor.trouble["/backups/b/0"] = 500
    with capture_logs() as logs:
        async with watching(vendor, source()):
            await asyncio.sleep(3 * POLL + 1)
    failures = [one for one in logs if one["event"] == "resource.failed"]
    assert [(one["resource"], one["reason"], one["source"]) for one in failures] == [("b", "server_error", "stub")]
    assert [one["failing"] for one in logs if one["event"] == "poll.done"] == [1] * 4

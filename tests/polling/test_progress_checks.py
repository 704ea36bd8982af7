"""What a look at running backups brings is checked and logged as what a poll brings."""

import asyncio
from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from exporter import wire
from exporter.model import Backup
from exporter.polling import memory_limit
from exporter.provider import Provider
from tests.polling.stub_provider import STATUSES, STUB, Vendor, row, source, watching
from tests.virtual_time import START, virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

POLL = 300.0
LISTED = replace(STUB, refresh=None)


def running() -> Vendor:
    return Vendor({"one": ["a"]}, backups={"a": [[row("a-1", "running")]]})


@pytest.mark.parametrize("provider", [STUB, LISTED], ids=["refresh", "listing"])
@virtually
async def test_a_status_that_is_not_known_is_logged_once(provider: Provider) -> None:
    vendor = running()
    with capture_logs() as logs:
        async with watching(vendor, source(provider=provider)):
            await asyncio.sleep(1)
            vendor.backups["a"] = [[row("a-1", "resting")]]
            await asyncio.sleep(POLL / 2)
            assert words(logs) == ["resting"]
            await asyncio.sleep(2 * POLL)
    assert words(logs) == ["resting"]


def words(logs: list[MutableMapping[str, Any]]) -> list[str]:
    return [log["word"] for log in logs if log["event"] == "status.unknown"]


@virtually
async def test_a_value_that_cannot_be_read_is_logged_once() -> None:
    provider = replace(LISTED, backup=lambda _, record: without_start(record))
    vendor = running()
    with capture_logs() as logs:
        async with watching(vendor, source(provider=provider)):
            await asyncio.sleep(1)
            vendor.backups["a"] = [[row("a-1", "running"), row("a-2", "done", given="20 Nov 2026")]]
            await asyncio.sleep(POLL / 2)
            vendor.backups["a"] = [[row("a-1", "running"), row("a-3", "done", given="21 Nov 2026")]]
            await asyncio.sleep(2 * POLL)
    found = [(log["resource"], log["field"], log["form"]) for log in logs if log["event"] == "record.unreadable"]
    assert found == [("a", "started", "00 Aaa 0000")]


def without_start(record: Mapping[str, Any]) -> Backup:
    given = record.get("given")
    started = record["started"] if given is None else None
    return wire.backup(STATUSES, record["status"], id=record["id"], started=started, given={"started": given})


@virtually
async def test_a_listing_that_grows_beyond_all_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limit, "LIGHT_BYTES", 1000)
    monkeypatch.setattr(memory_limit, "MAX_SOURCE_BYTES", 2000)
    vendor = running()
    async with watching(vendor, source(provider=LISTED)) as seen:
        await asyncio.sleep(1)
        known = seen.entry().resources["a"]
        vendor.backups["a"] = [[row("a-1", "running"), *(row(f"b-{n}", started=START - n) for n in range(100))]]
        await asyncio.sleep(POLL / 2)
        assert seen.entry().resources["a"] is known
        await asyncio.sleep(POLL)
        assert seen.failures() == {"a": "malformed"}
        assert seen.entry().status.limits == {"body"}

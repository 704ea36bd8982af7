"""A vendor may put any text as the kind of a backup; each kind is a series, so there are not any number of them."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest
import structlog

from exporter import wire
from exporter.model import Backup, Details, Resource, Status
from exporter.polling.kinds import MAX_KINDS, OTHER_KINDS, Kinds
from exporter.state.listing import Listing, Page
from exporter.state.resource import ResourceStatus
from tests.polling.stub_provider import STUB, Row, Vendor, row, source, watching
from tests.virtual_time import START, virtually

pytestmark = pytest.mark.integration

FREE_TEXT = replace(
    STUB,
    backup=lambda _, one: wire.backup(
        {"done": Status.COMPLETED, "failed": Status.FAILED}, one["status"], id=one["id"], started=one["started"],
        kind=one["kind"],
    ),
)  # fmt: skip
SOURCE = source(provider=FREE_TEXT, poll_interval=60.0, discovery_interval=60.0)
MANY = 1500


def rows(count: int, first: int = 0) -> list[Row]:
    return [row(f"b{at}", "done", START - at, kind=f"text {at}") for at in range(first, first + count)]


def backup(id_: str, kind: str) -> Backup:
    return Backup(id=id_, status=Status.COMPLETED, started=START, kind=kind)


@virtually
async def test_kinds_beyond_the_cap_count_together_and_that_is_said_once() -> None:
    vendor = Vendor(scopes={"s": ["r", "q"]}, backups={"r": [rows(MANY)], "q": [rows(MAX_KINDS)]})
    with structlog.testing.capture_logs() as logs:
        async with watching(vendor, SOURCE) as seen:
            await asyncio.sleep(200)
            found, status = dict(seen.entry().resources), seen.entry().status
            assert seen.failures() == {"r": None, "q": None}

    summary = found["r"].summary
    assert summary is not None
    assert summary.counts[Status.COMPLETED] == MANY
    assert len(summary.last_success_by_kind) == MAX_KINDS + 1
    assert summary.last_success_by_kind[OTHER_KINDS] == START - MAX_KINDS
    assert found["q"].summary is not None
    assert OTHER_KINDS not in found["q"].summary.last_success_by_kind
    assert status.limits == {"labels"}
    capped = [log for log in logs if log["event"] == "kinds.capped"]
    assert [(log["resource"], log["limit"], log["counted_as"]) for log in capped] == [("r", MAX_KINDS, OTHER_KINDS)]


@virtually
async def test_new_kinds_in_every_poll_do_not_add_up() -> None:
    vendor = Vendor(scopes={"s": ["r"]}, backups={"r": [rows(MAX_KINDS)]})
    async with watching(vendor, SOURCE) as seen:
        for turn in range(1, 5):
            await asyncio.sleep(60)
            vendor.backups["r"] = [rows(MAX_KINDS, first=turn * MAX_KINDS)]
        await asyncio.sleep(60)
        summary = seen.entry().resources["r"].summary

    assert summary is not None
    assert len(summary.last_success_by_kind) == MAX_KINDS + 1
    assert summary.counts[Status.COMPLETED] == MAX_KINDS


def status(*kinds: str, scheduled: Mapping[str, float] | None = None) -> ResourceStatus:
    new = ResourceStatus(resource=Resource(id="r", name="r", kind="stub"), first_seen=0.0)
    listing = Listing().merge_pages([Page(backups=tuple(backup(kind, kind) for kind in kinds))], whole=True)
    known = new.update_listing(listing, sizes=True)
    return replace(known, details=Details(interval=60.0, intervals=scheduled or {}))


def test_a_kind_that_is_known_or_scheduled_keeps_its_name() -> None:
    known = status(*(f"text {at}" for at in range(MAX_KINDS)), scheduled={"full": 60.0})
    listed = [backup("1", "text 7"), backup("2", "new"), backup("3", "full"), backup("4", "")]

    assert [one.kind for one in Kinds(known).cap(listed)] == ["text 7", OTHER_KINDS, "full", ""]


def test_more_kinds_than_a_table_can_hold_are_no_failure() -> None:
    page = Page(backups=tuple(backup(f"{at}", f"text {at}") for at in range(12_000)))
    listing = Listing().merge_pages([Kinds(status()).cap_page(page)], whole=True)

    assert len(listing.backups) == 12_000
    assert len(listing.backups.kinds()) == MAX_KINDS + 1


def test_a_backup_that_is_followed_is_capped_as_the_list_is() -> None:
    known = status(*(f"text {at}" for at in range(MAX_KINDS)))
    (page,) = [Kinds(known).cap_page(Page(backups=(backup("1", "new"),)))]

    assert [one.kind for one in page.backups] == [one.kind for one in Kinds(known).cap([backup("1", "new")])]

"""Backups whose order in the list is not the order of their starts, and lists that step back for a moment."""

import asyncio

import pytest

from exporter.model import Backup, Resource, Status
from exporter.state.listing import Listing, Page
from exporter.state.resource import ResourceStatus
from tests.polling.stub_provider import Vendor, row, source, watching
from tests.virtual_time import START, virtually

pytestmark = pytest.mark.integration

CAMPUS = ResourceStatus(resource=Resource(id="campus", name="campus", kind="institution"), first_seen=START)


def _backup(key: str, status: Status, started: float, took: float = 60.0) -> Backup:
    finished = started + took if status is Status.COMPLETED else None
    return Backup(id=key, status=status, started=started, finished=finished, size=7 if finished else None)


def _with_listing(resource_status: ResourceStatus, *backups: Backup) -> ResourceStatus:
    return resource_status.update_listing(
        (resource_status.listing or Listing()).merge_pages([Page(backups=backups)], whole=True), sizes=True
    )


@virtually
async def test_the_newest_page_may_hold_the_backup_that_started_first() -> None:
    pages = [[row("9", started=START - 900.0)], [row("8", started=START - 10.0), row("7", started=START - 20.0)]]
    vendor = Vendor({"one": ["r"]}, backups={"r": pages})
    async with watching(vendor, source(poll_interval=60.0)) as seen:
        await asyncio.sleep(300)
        assert len(vendor.times("/backups/r/0")) > len(vendor.times("/backups/r/1")) == 1
        summary = seen.entry().resources["r"].summary
    assert summary is not None
    assert (summary.counts[Status.COMPLETED], summary.oldest_success) == (3, START - 900.0)


def test_a_success_that_a_replica_forgot_and_shows_running_again_stays_a_success() -> None:
    done = _backup("b", Status.COMPLETED, START)
    forgotten = _with_listing(
        _with_listing(CAMPUS, done, _backup("a", Status.COMPLETED, START - 99)), _backup("a", Status.FAILED, 1.0)
    )
    seen = _with_listing(forgotten, _backup("b", Status.IN_PROGRESS, START))

    assert seen.summary is not None
    assert (seen.summary.last_success, seen.summary.running) == (START, 0)
    assert (dict(seen.summary.last_duration), dict(seen.summary.last_size)) == ({"": 60.0}, {"": 7})


@pytest.mark.parametrize("now", [Status.IN_PROGRESS, Status.FAILED])
def test_an_id_that_is_used_again_does_not_undo_the_success_that_had_it_before(now: Status) -> None:
    again = _with_listing(
        _with_listing(CAMPUS, _backup("nightly", Status.COMPLETED, START)), _backup("nightly", now, START + 3600)
    )

    assert again.summary is not None
    assert again.summary.last_success == START
    assert again.summary.counts[now] == 1


def test_an_id_that_is_used_again_has_a_duration_of_its_own() -> None:
    again = _with_listing(
        _with_listing(CAMPUS, _backup("nightly", Status.COMPLETED, START)),
        _backup("nightly", Status.COMPLETED, START + 3600, took=5.0),
    )

    assert again.summary is not None
    assert dict(again.summary.last_duration) == {"": 5.0}

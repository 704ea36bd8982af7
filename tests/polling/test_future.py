"""A backup that starts in the future is reported, but is no success before its time has come."""

import asyncio
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from exporter.model import Backup, RecoveryWindow, Resource, Status
from exporter.persistence.schema import StoredResource, store_live
from exporter.state.history import History
from exporter.state.listing import Listing, Page
from exporter.state.recent_backups import CompletedBackup, RecentBackups
from exporter.state.resource import FUTURE_TOLERANCE, ResourceStatus
from tests.polling.stub_provider import Vendor, row, source, watching
from tests.virtual_time import START, virtually

pytestmark = pytest.mark.integration

DAY = 86400.0
NOW = 100 * DAY
NEW = ResourceStatus(resource=Resource(id="r", name="r", kind="stub"), first_seen=0.0)
PAST = Backup(id="past", status=Status.COMPLETED, started=NOW - DAY)
AHEAD = Backup(id="ahead", status=Status.COMPLETED, started=NOW + 10 * DAY, size=5.0)


def with_listing(
    *backups: Backup, now: float = NOW, before: ResourceStatus = NEW, recovery: RecoveryWindow | None = None
) -> ResourceStatus:
    listing = (before.listing or Listing()).merge_pages([Page(backups=backups, recovery=recovery)], whole=True)
    return before.update_listing(listing, sizes=True, now=now)


def last_success(resource_status: ResourceStatus) -> float | None:
    assert resource_status.summary is not None
    return resource_status.summary.last_success


@pytest.mark.parametrize("status", list(Status))
def test_nothing_in_the_future_is_remembered(status: Status) -> None:
    found = with_listing(PAST, replace(AHEAD, status=status))

    assert last_success(found) == PAST.started
    assert found.unreadable_records is not None
    assert found.summary is not None
    assert found.summary.last_attempt == found.history.attempt.started == PAST.started  # type: ignore[union-attr]
    assert found.summary.future == (None if status is Status.PENDING else AHEAD.started)
    assert found.awaits == (None if status is Status.PENDING else NOW + 10 * DAY - FUTURE_TOLERANCE)
    assert found.summary.counts[status] >= 1
    assert found.summary.oldest_success == PAST.started
    assert with_listing(AHEAD).summary.oldest_success is None  # type: ignore[union-attr]


@pytest.mark.parametrize(("ahead", "counts"), [(0.0, True), (FUTURE_TOLERANCE, True), (FUTURE_TOLERANCE + 1, False)])
def test_clocks_may_differ_by_five_minutes(ahead: float, counts: bool) -> None:
    found = with_listing(PAST, replace(AHEAD, started=NOW + ahead))

    assert FUTURE_TOLERANCE == 300
    assert last_success(found) == (NOW + ahead if counts else PAST.started)


def test_the_newest_backup_stays_the_newest_beside_one_in_the_future() -> None:
    newest = replace(PAST, failures=2, expires=NOW + DAY)
    for ahead in (replace(AHEAD, expires=NOW + 20 * DAY), replace(AHEAD, failures=9, size=2.0**60)):
        summary = with_listing(newest, ahead).summary

        assert summary is not None
        assert (summary.item_failures, summary.expires) == (2, NOW + DAY)


@pytest.mark.parametrize("more", [{}, {"unread": (("finished", "a list"),)}], ids=["packed", "loose"])
def test_failures_in_the_future_have_not_happened(more: dict[str, Any]) -> None:
    failed = Backup(id="failed", status=Status.FAILED, started=NOW - 60.0, kind="dump", **more)
    ahead = [replace(failed, id=f"ahead {day}", started=NOW + day * DAY) for day in (1, 2, 3)]
    summary = with_listing(replace(PAST, kind="dump"), failed, *ahead).summary

    assert summary is not None
    assert (summary.failures, summary.failures_by_kind, summary.last_failure) == (1, {"dump": 1}, NOW - 60.0)
    only = with_listing(*ahead).summary
    assert only is not None
    assert (only.failures, only.failures_by_kind, only.last_failure) == (0, {"dump": 0}, None)
    assert only.counts[Status.FAILED] == 3


def test_a_run_in_the_future_has_no_known_start() -> None:
    ahead = replace(AHEAD, status=Status.IN_PROGRESS, size=None, progress=5.0)
    alone = with_listing(PAST, ahead).summary
    both = with_listing(PAST, ahead, replace(ahead, id="now", started=NOW - 5.0, progress=50.0)).summary

    assert alone is not None
    assert (alone.running, alone.running_since) == (1, None)
    assert both is not None
    assert (both.running, both.running_since, both.progress) == (2, NOW - 5.0, 50.0)


def test_when_its_time_has_come_it_counts_although_nothing_else_changed() -> None:
    found = with_listing(PAST, AHEAD)
    then = found.update_listing(found.listing or Listing(), sizes=True, fresh={}, now=NOW + 11 * DAY)

    assert found.awaits == (AHEAD.started or 0) - FUTURE_TOLERANCE
    assert last_success(then) == AHEAD.started
    assert then.awaits is None


def test_of_several_the_next_is_awaited() -> None:
    found = with_listing(replace(AHEAD, id="a", started=NOW + 3 * DAY), replace(AHEAD, id="b", started=NOW + DAY))
    then = found.update_listing(found.listing or Listing(), sizes=True, now=NOW + 2 * DAY)

    assert found.awaits == NOW + DAY - FUTURE_TOLERANCE
    assert (last_success(found), last_success(then)) == (None, NOW + DAY)
    assert then.awaits == NOW + 3 * DAY - FUTURE_TOLERANCE


@pytest.mark.parametrize("seen_at", [NOW, NOW + 11 * DAY])
def test_when_the_vendor_corrects_it_the_numbers_follow(seen_at: float) -> None:
    wrong = with_listing(PAST, AHEAD, now=seen_at)
    right = with_listing(PAST, replace(AHEAD, started=NOW - 5.0), now=seen_at, before=wrong)

    assert last_success(right) == NOW - 5.0
    assert right.awaits is None


def test_what_was_remembered_of_the_same_id_stays_until_then() -> None:
    known = with_listing(PAST)
    found = with_listing(replace(PAST, started=NOW + DAY), before=known)

    assert last_success(found) == PAST.started


def test_a_recovery_window_that_reaches_into_the_future_is_none() -> None:
    window = RecoveryWindow(kind="pitr", earliest=NOW - DAY, latest=NOW + DAY)
    found = with_listing(recovery=window)

    assert last_success(found) is None
    assert found.awaits == NOW + DAY - FUTURE_TOLERANCE
    assert last_success(with_listing(recovery=replace(window, latest=NOW), before=found)) == NOW
    begins_ahead = with_listing(recovery=replace(window, earliest=NOW + DAY / 2)).summary
    assert begins_ahead is not None
    assert begins_ahead.oldest_success is None


def test_a_remembered_success_that_starts_in_the_future_is_hidden_and_kept() -> None:
    history = History(
        successes={
            "": RecentBackups([CompletedBackup(id="a", started=NOW + DAY), CompletedBackup(id="b", started=NOW - DAY)])
        }
    )
    old = store_live("s", "stub", replace(NEW, history=history))

    assert isinstance(old, StoredResource)
    assert last_success(old.to_status(sizes=True, now=NOW)) == NOW - DAY
    assert old.to_status(sizes=True, now=NOW).history == old.to_archived(NOW).history == history
    assert last_success(old.to_status(sizes=True, now=NOW + DAY)) == NOW + DAY
    only = replace(old, successes={"": (CompletedBackup(id="a", started=NOW + DAY),)})
    assert only.to_status(sizes=True, now=NOW).summary is None
    assert last_success(only.to_status(sizes=True, now=inf)) == NOW + DAY


@virtually
async def test_a_poll_that_brings_nothing_new_lets_it_count_in_time() -> None:
    past, ahead = START - DAY, START + 3600.0
    vendor = Vendor(scopes={"s": ["r"]}, backups={"r": [[row("ahead", started=ahead), row("past", started=past)]]})
    async with watching(vendor, source(poll_interval=300.0)) as seen:
        await asyncio.sleep(60)
        assert last_success(seen.entry().resources["r"]) == past
        await asyncio.sleep(3600)
        assert last_success(seen.entry().resources["r"]) == ahead

"""What a vendor reports outside its listing: a success without a record, ends, a recovery window, a new namesake."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Backup, Details, RecoveryWindow, Resource, Status
from exporter.state.archive import Archive
from exporter.state.backup_table import BackupTable
from exporter.state.history import History
from exporter.state.listing import Listing, Page
from exporter.state.resource import ResourceStatus
from exporter.state.summary import Summary

NOW = 1_800_000_000.0
HOUR = 3600.0
PLAIN = Resource(id="r", name="r", kind="any")


def done(own: str, start: float, end: float | None = None, **fields: Any) -> Backup:
    return Backup(id=own, status=Status.COMPLETED, started=start, finished=end, **fields)


def resource_status(
    *backups: Backup, reported: float | None = None, recovery: RecoveryWindow | None = None
) -> ResourceStatus:
    known = ResourceStatus(resource=PLAIN, first_seen=0.0, details=Details(last_success=reported))
    return list_again(known, *backups, recovery=recovery)


def list_again(known: ResourceStatus, *backups: Backup, recovery: RecoveryWindow | None = None) -> ResourceStatus:
    page = Page(backups=backups, recovery=recovery, hashes={one.id: hash(one) for one in backups})
    return known.update_listing(Listing().merge_pages([page], whole=True), sizes=True)


def summary(known: ResourceStatus) -> Summary:
    assert known.summary is not None
    return known.summary


@pytest.mark.parametrize(
    ("reported", "last"),
    [
        (NOW, NOW),
        (NOW + 600, NOW),
        (NOW + 1200, NOW),
        (NOW + 1260, NOW),
        (NOW + 1261, NOW + 1261),
        (NOW + 9000, NOW + 9000),
        (NOW - 5000, NOW),
        (NOW - 30, NOW),
        (None, NOW),
    ],
)
def test_a_reported_success_counts_only_if_it_is_later_than_every_backup(reported: float | None, last: float) -> None:
    found = resource_status(done("1", NOW - 86400, NOW - 86000), done("2", NOW, NOW + 1200), reported=reported)

    assert summary(found).last_success == last
    assert summary(found).last_duration == ({"": 1200.0} if last == NOW else {})
    assert summary(found).counts[Status.COMPLETED] == 2
    assert summary(found).oldest_success == NOW - 86400


def test_a_reported_success_becomes_the_backup_that_the_listing_shows_later() -> None:
    first = done("1", NOW - 86400, NOW - 86000)
    early = resource_status(first, reported=NOW + 1200)
    assert summary(early).last_success == NOW + 1200

    found = list_again(early, first, done("2", NOW, NOW + 1200))
    assert summary(found).last_success == NOW
    assert len(found.history.successes[""]) == 2


def test_a_reported_success_stays_true_when_it_is_reported_no_longer() -> None:
    first = done("1", NOW - 86400, NOW - 86000)
    silent = replace(resource_status(first, reported=NOW), details=Details())

    assert summary(list_again(silent, first)).last_success == NOW
    assert summary(list_again(silent)).last_success == NOW
    assert summary(list_again(replace(silent, details=Details(last_success=NOW + 5)), first)).last_success == NOW + 5


def test_a_reported_success_alone_is_a_success_but_not_before_a_listing() -> None:
    assert summary(resource_status(reported=NOW)).last_success == NOW
    never = ResourceStatus(resource=PLAIN, first_seen=0.0, details=Details(last_success=NOW))
    assert never.with_reported_success(sizes=False) is never
    assert never.summary is None


def test_a_newer_report_counts_without_a_new_listing() -> None:
    known = resource_status(done("1", NOW - 86400, NOW - 86000))
    found = replace(known, details=Details(last_success=NOW)).with_reported_success(sizes=True)

    assert summary(found).last_success == NOW
    assert found.with_reported_success(sizes=True) is found


def test_a_report_is_no_attempt_and_no_failure_is_older_for_it() -> None:
    failed = Backup(id="2", status=Status.FAILED, started=NOW - 10, finished=NOW)
    found = resource_status(done("1", NOW - 86400, NOW - 86000), failed, reported=NOW - 86100)

    assert (summary(found).last_attempt, summary(found).failures) == (NOW - 10, 1)


def test_counts_and_sizes_stand_beside_a_recovery_window() -> None:
    window = RecoveryWindow(kind="pitr", earliest=NOW - 168 * HOUR, latest=NOW - 5, beside_backups=True)
    backups = (
        done("1", NOW - 30 * HOUR, size=5.0, kind="periodic"),
        done("2", NOW - 6 * HOUR, size=7.0, kind="periodic"),
    )
    beside = summary(resource_status(*backups, recovery=window))
    older = summary(resource_status(done("0", NOW - 400 * HOUR), *backups, recovery=window))
    alone = summary(resource_status(recovery=replace(window, beside_backups=False)))

    assert (beside.stored_bytes, beside.counts[Status.COMPLETED]) == (12.0, 2)
    assert beside.last_success_by_kind == {"pitr": NOW - 5, "periodic": NOW - 6 * HOUR}
    assert (beside.oldest_success, older.oldest_success) == (NOW - 168 * HOUR, NOW - 400 * HOUR)
    assert (
        summary(resource_status(*backups, recovery=RecoveryWindow(kind="pitr", beside_backups=True))).oldest_success
        == NOW - 30 * HOUR
    )
    assert summary(resource_status(recovery=window)).stored_bytes == 0
    assert (alone.stored_bytes, alone.oldest_success) == (None, NOW - 168 * HOUR)


@pytest.mark.parametrize("kind", ["", "periodic"])
def test_an_end_that_is_reported_elsewhere_gives_a_duration(kind: str) -> None:
    failed = Backup(id="3", status=Status.FAILED, started=NOW)
    running = Backup(id="4", status=Status.IN_PROGRESS, started=NOW)
    known = resource_status(
        done("1", NOW - 9000, kind=kind), done("2", NOW - 100, NOW - 50, kind=kind), failed, running
    )
    found = known.with_ends({"1": NOW - 8000, "2": NOW, "3": NOW + 1, "4": NOW + 1, "5": NOW}, sizes=True)

    assert found.listing is not None
    ends = {key: one.finished for key, one in found.listing.backups.items()}
    assert ends == {"1": NOW - 8000, "2": NOW - 50, "3": NOW + 1, "4": None}
    assert found.with_ends({"1": NOW}, sizes=True) is found
    assert known.listing is not None
    assert found.listing.backups.hashes() == known.listing.backups.hashes(), "or each would be mapped again"
    assert [one.duration for one in found.history.successes[kind]] == [50, 1000]


def test_an_end_before_the_start_gives_no_duration_and_an_unlisted_resource_none() -> None:
    assert summary(resource_status(done("1", NOW)).with_ends({"1": NOW - 5}, sizes=True)).last_duration == {}
    never = ResourceStatus(resource=PLAIN, first_seen=0.0)
    assert never.with_ends({"1": NOW}, sizes=True) is never


@pytest.mark.parametrize(
    ("before", "now", "another"),
    [
        (("a", None), ("b", None), True),
        (("a", 5.0), ("b", 5.0), True),
        (("a", 5.0), ("a", 6.0), False),
        (("", 5.0), ("b", 6.0), True),
        (("a", 5.0), ("", 6.0), True),
        (("", 5.0), ("b", 5.0), False),
        (("", None), ("b", 5.0), False),
        (("a", 5.0), ("", None), False),
        (("", None), ("", None), False),
    ],
)
def test_what_a_vendor_knows_by_another_uid_is_another_thing(
    before: tuple[str, float | None], now: tuple[str, float | None], another: bool
) -> None:
    older, newer = (replace(PLAIN, uid=uid, created=created) for uid, created in (before, now))
    known = replace(resource_status(done("1", NOW)), resource=older, first_seen=1.0)
    found = known.update_resource(newer, 9.0)
    archive = Archive()
    archive.add("s", known, 5.0)

    assert (found.first_seen, found.summary is None) == ((9.0, True) if another else (1.0, False))
    assert found.resource.uid == (newer.uid or ("" if another else older.uid))
    assert archive.restore("s", newer, 9.0, sizes=True).first_seen == (9.0 if another else 1.0)


def test_what_only_the_newest_record_says_is_not_said_of_another() -> None:
    old, new = done("1", NOW - 9000, NOW - 8000, failures=3, expires=NOW + 1), done("2", NOW, NOW + 5, failures=0)
    both = summary(resource_status(old, new))

    assert (both.item_failures, both.expires) == (0, None)
    assert (summary(resource_status(old)).item_failures, summary(resource_status(old)).expires) == (3, NOW + 1)
    assert summary(resource_status(old, reported=NOW)).item_failures is None
    assert summary(list_again(resource_status(old, new), old)).item_failures is None
    assert summary(resource_status(done("3", NOW, NOW + 1))).item_failures is None


def test_details_of_records_are_kept_in_few_bytes_and_found_again() -> None:
    plain, partly = done("1", NOW, NOW + 1), done("2", NOW + 2, NOW + 3, failures=4, expires=NOW + 99)
    packed = BackupTable([plain])
    assert not packed.detailed

    grown = packed.revise({"2": partly}, {"2": 7}, None)
    grown = grown.revise({"3": replace(plain, id="3")}, {}, None)
    assert grown.detailed
    assert dict(grown) == {"1": plain, "2": partly, "3": replace(plain, id="3")}
    assert grown.newest_success() == partly
    assert grown.hashes_of(["2", "9"]) == {"2": 7}
    shrunk = grown.revise({}, {}, {7})
    assert dict(shrunk) == {"2": partly}
    assert BackupTable([replace(partly, id="a\nb")]).newest_success() == replace(partly, id="a\nb")
    assert BackupTable().newest_success() is None
    assert BackupTable().hashes_of(["1"]) == {}


def test_the_history_goes_on_when_what_is_reported_is_the_oldest() -> None:
    assert History().merge_listing([], reported=NOW).successes[""].newest == NOW

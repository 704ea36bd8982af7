"""The numbers of one resource, from what its vendor lists and what is remembered."""

from dataclasses import fields
from typing import Any

import pytest

from exporter.model import Backup, RecoveryWindow, Status
from exporter.state.history import History
from exporter.state.listing import Listing, Page
from exporter.state.summary import Summary, summarize

DONE, FAILED, RUNNING, PENDING = Status.COMPLETED, Status.FAILED, Status.IN_PROGRESS, Status.PENDING
NOTHING = dict.fromkeys(Status, 0)


def backup(own: str, started: float | None, status: Status = DONE, **fields: Any) -> Backup:
    return Backup(id=own, started=started, status=status, **fields)


def with_listing(*backups: Backup, recovery: RecoveryWindow | None = None) -> Listing:
    return Listing().merge_pages([Page(backups=backups, recovery=recovery)], whole=True)


def of(*backups: Backup, before: tuple[Backup, ...] = (), sizes: bool = True) -> Summary:
    """Summarize a listing, after one that the vendor has forgotten meanwhile."""
    listing = with_listing(*backups)
    return summarize(listing, History().merge_listing(before).merge_listing(listing.backups.values()), sizes=sizes)


def row(values: list[float | None], **fields: Any) -> list[Backup]:
    """Return completed backups with these sizes and durations, the first one the newest."""
    return [
        backup(
            f"{fields.get('kind', '')}{number}",
            1000.0 - number,
            size=value,
            finished=None if value is None else 1000.0 - number + value,
            **fields,
        )
        for number, value in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("values", "typical"),
    [
        ([], None),
        ([9], None),
        ([9, 1, 2], None),
        ([9, 1, 2, 3], 2),
        ([9, 3, 1, 2], 2),
        ([9, 1, 2, 4, 100], 3),
        ([9, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6], 5.5),
        ([9, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 1000], 5.5),
        ([9, None, 1, 2], None),
        ([9, None, 1, 2, 3], 2),
        ([None, 1, 2, 3], 2),
        ([9, 0, 0, 0], 0),
    ],
)
def test_typical_is_the_median_of_up_to_ten_before_the_newest(
    values: list[float | None], typical: float | None
) -> None:
    found = of(*row(values))

    assert found.typical_size.get("") == typical
    assert found.typical_duration.get("") == typical


def test_typical_is_told_for_each_kind() -> None:
    found = of(*row([1, 10, 20, 30], kind="full"), *row([1, 2, 3, 4], kind="incremental"), *row([5, 5], kind="odd"))

    assert found.typical_size == {"full": 20, "incremental": 3}
    assert found.typical_duration == {"full": 20, "incremental": 3}
    assert found.last_size == {"full": 1, "incremental": 1, "odd": 5}


def test_typical_outlives_the_vendors_memory() -> None:
    found = of(*row([9]), before=tuple(row([9, 1, 2, 3])))

    assert found.typical_size == {"": 2}


def test_size_and_duration_are_those_of_the_newest_or_absent() -> None:
    found = of(backup("b", 2, size=None, finished=1), backup("a", 1, size=7, finished=5))

    assert found.last_success == 2
    assert found.last_size == {}
    assert found.last_duration == {}


@pytest.mark.parametrize(
    ("backups", "failures"),
    [
        ([], 0),
        ([(DONE, 1)], 0),
        ([(FAILED, 1), (FAILED, 2)], 2),
        ([(DONE, 1), (FAILED, 2), (FAILED, 3)], 2),
        ([(FAILED, 3), (DONE, 1), (FAILED, 2)], 2),
        ([(FAILED, 1), (DONE, 2)], 0),
        ([(FAILED, 1), (DONE, 2), (FAILED, 3)], 1),
        ([(DONE, 2), (FAILED, 2)], 0),
        ([(DONE, 1), (FAILED, None)], 0),
        ([(DONE, 1), (Status.CANCELLED, 2), (Status.UNKNOWN, 3), (Status.UNSUPPORTED, 4), (RUNNING, 5)], 0),
    ],
)
def test_failures_since_success(backups: list[tuple[Status, float | None]], failures: int) -> None:
    found = of(*(backup(str(number), at, status) for number, (status, at) in enumerate(backups)))

    assert found.failures == failures


def test_failures_since_success_are_told_for_each_kind() -> None:
    found = of(
        backup("a", 1, kind="full"),
        backup("b", 2, FAILED, kind="full"),
        backup("c", 3, kind="incremental"),
        backup("d", 4, FAILED, kind="incremental"),
        backup("e", 5, FAILED, kind="odd"),
        backup("f", 6, FAILED, kind="odd"),
        backup("g", 7, RUNNING, kind="manual"),
    )

    assert found.failures == 3
    assert found.failures_by_kind == {"full": 1, "incremental": 1, "odd": 2, "manual": 0}


def test_failures_count_from_a_success_that_the_vendor_has_forgotten() -> None:
    found = of(backup("b", 5, FAILED), backup("a", 1, FAILED), before=(backup("s", 3, kind="full"),))

    assert found.last_success == 3
    assert found.failures == 1
    assert found.failures_by_kind == {"": 2, "full": 0}


def test_the_last_success_goes_by_instant_over_all_kinds() -> None:
    found = of(backup("a", 5, kind="full"), backup("b", 9, kind="incremental"), backup("c", 7, kind="full"))

    assert found.last_success == 9
    assert found.last_success_by_kind == {"full": 7, "incremental": 9}


def test_running_and_pending_do_not_change_the_last_status() -> None:
    found = of(backup("d", 4, PENDING), backup("c", 3, RUNNING), backup("b", 2, FAILED), backup("a", 1))

    assert found.last_finished is FAILED
    assert found.last_attempt == 3
    assert found.last_failure == 2
    assert found.last_success == 1


def test_every_status_is_counted_undated_ones_too() -> None:
    found = of(backup("a", 1), backup("b", None), backup("c", None, FAILED), *(backup(s, 9, s) for s in Status))

    assert found.counts == {**dict.fromkeys(Status, 1), DONE: 3, FAILED: 2}
    assert of().counts == NOTHING


def test_counts_stored_bytes_and_oldest_follow_the_listing() -> None:
    found = of(backup("b", 2, size=3), before=(backup("a", 1, size=5),))

    assert found.counts[DONE] == 1
    assert found.stored_bytes == 3
    assert found.oldest_success == 2


@pytest.mark.parametrize(
    ("sizes", "backups", "stored"),
    [
        (True, [], 0),
        (False, [], None),
        (True, [(DONE, None)], None),
        (False, [(DONE, None)], None),
        (True, [(DONE, 3), (DONE, 4)], 7),
        (True, [(DONE, 3), (DONE, None)], 3),
        (True, [(DONE, 0)], 0),
        (True, [(FAILED, 5)], 0),
        (True, [(FAILED, 5), (RUNNING, 6), (DONE, 2)], 2),
        (False, [(FAILED, None)], None),
    ],
)
def test_stored_bytes(sizes: bool, backups: list[tuple[Status, float | None]], stored: float | None) -> None:
    found = of(*(backup(str(n), n, status, size=size) for n, (status, size) in enumerate(backups)), sizes=sizes)

    assert found.stored_bytes == stored


@pytest.mark.parametrize(
    ("backups", "oldest"),
    [
        ([], None),
        ([(DONE, 5), (DONE, 3), (DONE, 4)], 3),
        ([(FAILED, 1), (DONE, 3)], 3),
        ([(DONE, None), (DONE, 3)], 3),
        ([(DONE, None)], None),
    ],
)
def test_oldest_success(backups: list[tuple[Status, float | None]], oldest: float | None) -> None:
    assert of(*(backup(str(n), at, status) for n, (status, at) in enumerate(backups))).oldest_success == oldest


@pytest.mark.parametrize(
    ("running", "count", "since", "progress"),
    [
        ([], 0, None, None),
        ([(5, 40)], 1, 5, 40),
        ([(5, 0)], 1, 5, 0),
        ([(5, None)], 1, 5, None),
        ([(7, 10), (5, 40), (6, 20)], 3, 5, 40),
        ([(None, 10), (6, 20)], 2, 6, 20),
        ([(None, 10)], 1, None, 10),
    ],
)
def test_what_runs(
    running: list[tuple[float | None, float | None]], count: int, since: float | None, progress: float | None
) -> None:
    backups = [backup(str(n), at, RUNNING, progress=percent) for n, (at, percent) in enumerate(running)]
    found = of(*backups, backup("done", 9, progress=None), backup("waits", 1, PENDING))

    assert (found.running, found.running_since, found.progress) == (count, since, progress)


def test_a_recovery_window_tells_the_oldest_and_the_newest_point_and_no_bytes() -> None:
    listing = with_listing(recovery=RecoveryWindow(kind="pitr", earliest=10, latest=90))
    found = summarize(listing, History().merge_listing((), listing.recovery))

    assert (found.oldest_success, found.last_success, found.last_success_by_kind) == (10, 90, {"pitr": 90})
    assert found.stored_bytes is None
    assert found.typical_size == found.last_size == found.last_duration == {}
    assert (found.counts, found.failures, found.running) == (NOTHING, 0, 0)
    assert (found.last_attempt, found.last_finished) == (None, None)


def test_without_a_listing_only_what_is_remembered_is_told() -> None:
    found = summarize(None, History().merge_listing(row([4, 1, 2, 3])))
    present = {field.name for field in fields(Summary) if getattr(found, field.name) not in (None, {}, frozenset())}

    assert present == {
        *("last_success", "last_success_by_kind", "last_size", "last_duration", "typical_size", "typical_duration"),
        *("last_attempt", "last_finished"),
    }
    assert found.last_success == 1000
    assert found.typical_duration == {"": 2}


def test_of_nothing_at_all_nothing_is_told() -> None:
    found = summarize(None, History())

    assert [field.name for field in fields(Summary) if getattr(found, field.name) not in (None, {}, frozenset())] == []

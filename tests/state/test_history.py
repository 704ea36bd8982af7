"""What is remembered: the newest successes of each kind, and what happened last, whatever the vendor forgets."""

from itertools import permutations
from random import Random

import pytest

from exporter.model import Backup, RecoveryWindow, Status
from exporter.state.history import History
from exporter.state.recent_backups import MAX_RECENT, CompletedBackup

DONE, FAILED, RUNNING, PENDING = Status.COMPLETED, Status.FAILED, Status.IN_PROGRESS, Status.PENDING
CANCELLED, UNSUPPORTED, UNKNOWN = Status.CANCELLED, Status.UNSUPPORTED, Status.UNKNOWN


def backup(own: str, started: float | None, status: Status = DONE, **fields: float | str | None) -> Backup:
    return Backup(id=own, started=started, status=status, **fields)  # type: ignore[arg-type]  # the names vary


def remember(*listings: list[Backup]) -> History:
    history = History()
    for listed in listings:
        history = history.merge_listing(listed)
    return history


def starts(history: History, kind: str = "") -> list[float]:
    return [one.started for one in history.successes.get(kind, ())]


@pytest.mark.parametrize("order", list(permutations((100.0, 200.0, 300.0))))
def test_newest_goes_by_instant_not_by_position(order: tuple[float, ...]) -> None:
    history = remember([backup(str(at), at) for at in order])

    assert starts(history) == [300, 200, 100]
    assert history.newest == CompletedBackup(id="300.0", started=300)


@pytest.mark.parametrize(
    ("listed", "attempt", "failure", "finished"),
    [
        ([], None, None, None),
        ([(DONE, 1), (RUNNING, 2)], 2, None, DONE),
        ([(RUNNING, 2), (DONE, 1)], 2, None, DONE),
        ([(DONE, 1), (FAILED, 2)], 2, 2, FAILED),
        ([(FAILED, 1), (DONE, 2)], 2, 1, DONE),
        ([(FAILED, 1), (FAILED, 3), (FAILED, 2)], 3, 3, FAILED),
        ([(DONE, 1), (PENDING, 2)], 1, None, DONE),
        ([(PENDING, 2)], None, None, None),
        ([(RUNNING, 2)], 2, None, None),
        ([(DONE, 1), (CANCELLED, 2), (PENDING, 3)], 2, None, CANCELLED),
        ([(DONE, 1), (UNSUPPORTED, 2)], 2, None, UNSUPPORTED),
        ([(UNKNOWN, 2), (DONE, 1)], 2, None, UNKNOWN),
        ([(FAILED, None), (DONE, 1)], 1, None, DONE),
        ([(FAILED, None)], None, None, None),
    ],
)
def test_what_happened_last(
    listed: list[tuple[Status, float | None]],
    attempt: float | None,
    failure: float | None,
    finished: Status | None,
) -> None:
    history = remember([backup(str(number), at, status) for number, (status, at) in enumerate(listed)])

    assert (history.attempt.started if history.attempt else None) == attempt
    assert (history.failure.started if history.failure else None) == failure
    assert (history.finished.status if history.finished else None) == finished


@pytest.mark.parametrize("newest", [RUNNING, FAILED, PENDING, CANCELLED, UNSUPPORTED, UNKNOWN])
def test_nothing_newer_hides_the_last_success(newest: Status) -> None:
    history = remember([backup("b", 2, newest), backup("a", 1)])

    assert starts(history) == [1]


def test_the_newest_eleven_of_each_kind_are_kept() -> None:
    listed = [backup(f"{kind}{at}", at, kind=kind) for kind in ("full", "incremental") for at in range(1, 21)]
    Random(7).shuffle(listed)
    history = remember(listed[:25], listed[25:])

    assert MAX_RECENT == 11
    assert starts(history, "full") == list(range(20, 9, -1))
    assert starts(history, "incremental") == list(range(20, 9, -1))
    assert starts(history, "") == []
    assert history.newest is not None
    assert history.newest.started == 20


def test_what_the_vendor_forgets_stays_true() -> None:
    history = remember([backup("a", 1, size=5, finished=3), backup("b", 2, FAILED), backup("c", 3, RUNNING)], [])

    assert history.successes[""] == (CompletedBackup(id="a", started=1, size=5, duration=2),)
    assert (history.attempt and history.attempt.id) == "c"
    assert (history.failure and history.failure.id) == "b"
    assert (history.finished and history.finished.id) == "b"


def test_a_listing_that_only_shows_newer_ones_adds_to_what_is_remembered() -> None:
    assert starts(remember([backup("a", 1)], [backup("b", 2)], [backup("c", 3)])) == [3, 2, 1]


@pytest.mark.parametrize("now", [FAILED, CANCELLED, UNSUPPORTED, UNKNOWN])
def test_a_success_whose_record_says_something_else_is_none_any_more(now: Status) -> None:
    history = remember([backup("a", 1), backup("b", 2)], [backup("a", 1), backup("b", 2, now)])

    assert starts(history) == [1]


@pytest.mark.parametrize("now", [RUNNING, PENDING, FAILED])
def test_a_later_run_under_the_same_id_revokes_nothing(now: Status) -> None:
    assert starts(remember([backup("a", 1)], [backup("a", 5, now)])) == [1]


def test_a_later_success_under_the_same_id_inherits_nothing() -> None:
    history = remember([backup("a", 1, size=5, finished=3)], [backup("a", 9)])

    assert history.successes[""] == (CompletedBackup(id="a", started=9),)


def test_a_record_that_lost_its_start_counts_by_status_only() -> None:
    history = remember([backup("a", 1), backup("b", 2)], [backup("a", None), backup("b", None, FAILED)])

    assert starts(history) == [2, 1]
    assert history.failure is None


def test_a_success_that_was_the_only_one_of_its_kind_takes_the_kind_with_it() -> None:
    history = remember([backup("a", 1, kind="full")], [backup("a", 1, FAILED, kind="full")])

    assert dict(history.successes) == {}
    assert history.newest is None


def test_a_success_that_is_of_another_kind_now_is_remembered_once() -> None:
    history = remember([backup("a", 1, finished=5)], [backup("a", 1, finished=9, kind="full")])

    assert dict(history.successes) == {"full": (CompletedBackup(id="a", started=1, duration=4),)}


@pytest.mark.parametrize(
    ("first", "then", "duration"),
    [(110, 150, 10), (110, None, 10), (None, 150, 50), (None, None, None), (90, 150, 50)],
)
def test_a_duration_stays_as_it_was_first_seen(first: float | None, then: float | None, duration: float | None) -> None:
    history = remember([backup("a", 100, finished=first)], [backup("a", 100, finished=then)])

    assert history.successes[""][0].duration == duration


@pytest.mark.parametrize(("first", "then", "size"), [(5, 6, 6), (5, None, 5), (None, 6, 6), (5, 0, 0)])
def test_a_size_is_the_last_one_told(first: float | None, then: float | None, size: float) -> None:
    history = remember([backup("a", 100, size=first)], [backup("a", 100, size=then)])

    assert history.successes[""][0].size == size


def test_a_duration_counts_from_the_completed_record_not_from_the_running_one() -> None:
    history = remember([backup("a", 100, RUNNING, finished=101)], [backup("a", 100, finished=160)])

    assert history.successes[""][0].duration == 60


def test_an_event_follows_its_own_record() -> None:
    """A failed backup that turns out completed was no failure, and the newest failure is an older one again."""
    before = remember([backup("a", 1, FAILED), backup("b", 2, FAILED)])
    merge_listing = before.merge_listing([backup("a", 1, FAILED), backup("b", 2)])

    assert (before.failure and before.failure.id) == "b"
    assert (merge_listing.failure and merge_listing.failure.id) == "a"
    assert (merge_listing.finished and merge_listing.finished.status) == DONE
    assert starts(merge_listing) == [2]


@pytest.mark.parametrize(
    ("windows", "latest"),
    [([100.0], 100), ([100.0, 160.0], 160), ([100.0, None], 100), ([160.0, 100.0], 160)],
)
def test_of_a_recovery_window_the_newest_point_is_the_one_success(windows: list[float | None], latest: float) -> None:
    history = History()
    for point in windows:
        history = history.merge_listing([], RecoveryWindow(kind="pitr", earliest=1, latest=point))

    assert [(one.started, one.size, one.duration) for one in history.successes["pitr"]] == [(latest, None, None)]
    assert (history.attempt, history.failure, history.finished) == (None, None, None)


def test_a_recovery_window_without_a_newest_point_is_no_success() -> None:
    assert History().merge_listing([], RecoveryWindow(kind="pitr", earliest=1)).newest is None


def test_the_history_before_is_not_touched() -> None:
    before = remember([backup("a", 1)])
    before.merge_listing([backup("a", 1, FAILED), backup("b", 2)])

    assert starts(before) == [1]
    assert before.failure is None

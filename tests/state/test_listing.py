"""How pages become a listing, and when enough of them have been read."""

from itertools import permutations

import pytest

from exporter.model import Backup, RecoveryWindow, Status
from exporter.state.listing import Listing, Page

DONE, FAILED, RUNNING, PENDING = Status.COMPLETED, Status.FAILED, Status.IN_PROGRESS, Status.PENDING
WINDOW = RecoveryWindow(kind="pitr", earliest=1, latest=2)


def made(own: str, started: float | None, status: Status = DONE, progress: float | None = None) -> Backup:
    return Backup(id=own, started=started, status=status, progress=progress)


def page(*backups: Backup, total: int | None = None, recovery: RecoveryWindow | None = None) -> Page:
    return Page(backups=backups, total=total, recovery=recovery)


def listing(*backups: Backup, recovery: RecoveryWindow | None = None) -> Listing:
    return Listing().merge_pages([page(*backups, recovery=recovery)], whole=True)


A, B, C, D, E = (made(name, at) for at, name in enumerate("abcde", start=1))
KNOWN = listing(C, B, A)


def statuses(found: Listing) -> dict[str, Status]:
    return {key: backup.status for key, backup in found.backups.items()}


def test_a_whole_listing_replaces_what_is_known() -> None:
    assert set(KNOWN.merge_pages([page(E), page(B)], whole=True).backups) == {"e", "b"}


def test_a_whole_listing_without_backups_leaves_none() -> None:
    assert dict(KNOWN.merge_pages([page()], whole=True).backups) == {}
    assert dict(KNOWN.merge_pages([], whole=True).backups) == {}


@pytest.mark.parametrize("order", list(permutations((D, C))))
def test_of_a_part_what_is_older_than_everything_read_stays(order: tuple[Backup, ...]) -> None:
    assert set(KNOWN.merge_pages([page(*order)], whole=False).backups) == {"d", "c", "b", "a"}


def test_a_part_takes_nothing_away_whatever_its_place_in_time() -> None:
    """A vendor that lists by id may list last what started first."""
    assert set(KNOWN.merge_pages([page(D), page(A)], whole=False).backups) == {"d", "c", "b", "a"}
    assert set(KNOWN.merge_pages([page(A)], whole=False).backups) == {"c", "b", "a"}


def test_of_a_part_a_backup_as_old_as_the_oldest_read_stays() -> None:
    twin = made("twin", 3)

    assert set(listing(C, twin).merge_pages([page(D, C)], whole=False).backups) == {"d", "c", "twin"}


def test_of_a_part_an_undated_backup_stays_and_says_nothing_about_age() -> None:
    undated = made("undated", None, Status.UNKNOWN)

    assert set(listing(A, undated).merge_pages([page(D)], whole=False).backups) == {"d", "a", "undated"}
    assert set(KNOWN.merge_pages([page(D, undated)], whole=False).backups) == {"d", "undated", "c", "b", "a"}


def test_a_backup_on_two_pages_is_one() -> None:
    """A new backup between two requests shifts the last one of a page onto the next."""
    assert len(Listing().merge_pages([page(C, B), page(B, A)], whole=True).backups) == 3


@pytest.mark.parametrize(
    ("before", "reported", "after"),
    [
        (DONE, RUNNING, DONE),
        (DONE, PENDING, DONE),
        (DONE, FAILED, FAILED),
        (DONE, Status.CANCELLED, Status.CANCELLED),
        (DONE, Status.UNKNOWN, Status.UNKNOWN),
        (FAILED, RUNNING, RUNNING),
        (RUNNING, DONE, DONE),
        (RUNNING, PENDING, PENDING),
        (PENDING, FAILED, FAILED),
    ],
)
def test_completed_does_not_go_back_to_running(before: Status, reported: Status, after: Status) -> None:
    known = listing(made("x", 9, before), A)
    lagging = made("x", 9, reported)

    assert statuses(known.merge_pages([page(lagging, A)], whole=True))["x"] == after
    assert statuses(known.merge_pages([page(lagging)], whole=False))["x"] == after
    assert statuses(known.update([lagging]))["x"] == after


def test_an_id_that_is_used_again_may_be_running_again() -> None:
    again = made("x", 10, RUNNING)

    assert listing(made("x", 9)).merge_pages([page(again)], whole=True).backups["x"] == again


def test_following_changes_one_backup_and_adds_what_is_new() -> None:
    known = listing(made("x", 9, RUNNING, progress=10), A, recovery=WINDOW)
    followed = known.update([made("x", 9, RUNNING, progress=60), made("y", 10, RUNNING)])

    assert followed.backups["x"].progress == 60
    assert set(followed.backups) == {"x", "y", "a"}
    assert followed.recovery == WINDOW
    assert known.backups["x"].progress == 10


RUNS, WAITS = made("r", 4, RUNNING), made("w", 5, PENDING)


@pytest.mark.parametrize(
    ("known", "pages", "enough"),
    [
        pytest.param(Listing(), [page(C)], False, id="nothing was known"),
        pytest.param(KNOWN, [], False, id="nothing was read"),
        pytest.param(KNOWN, [page()], False, id="an empty page"),
        pytest.param(KNOWN, [page(E, D)], False, id="only new ones: there may be more"),
        pytest.param(KNOWN, [page(D, C)], True, id="reaches a known one that had ended"),
        pytest.param(KNOWN, [page(E), page(D, C)], True, id="reaches it on the second page"),
        pytest.param(listing(made("c", 3, FAILED), A), [page(made("c", 3, FAILED))], True, id="failed is ended too"),
        pytest.param(listing(RUNS, C), [page(RUNS)], True, id="reaches a running one, and shows it"),
        pytest.param(listing(RUNS, C), [page(made("r", 4))], True, id="reaches one that ran until now"),
        pytest.param(listing(RUNS, C), [page(RUNS, C)], True, id="shows the running one and an ended one"),
        pytest.param(listing(D, A, made("r", 2, RUNNING)), [page(D)], False, id="an older running one is not shown"),
        pytest.param(listing(WAITS, RUNS, C), [page(WAITS, C)], False, id="one of two open ones is not shown"),
        pytest.param(listing(WAITS, RUNS, C), [page(WAITS), page(RUNS, C)], True, id="both open ones are shown"),
        pytest.param(KNOWN, [page(D, C, total=4)], True, id="the total fits"),
        pytest.param(KNOWN, [page(D, C, total=3)], False, id="an old one was deleted"),
        pytest.param(KNOWN, [page(D, C, total=5)], False, id="there is one more than we know"),
        pytest.param(KNOWN, [page(C, total=0)], False, id="a total of none"),
        pytest.param(KNOWN, [page(E, total=9), page(D, C, total=5)], True, id="the last page's total counts"),
        pytest.param(KNOWN, [page(E, total=5), page(D, C)], True, id="the last total that is reported fits"),
        pytest.param(KNOWN, [page(E, total=9), page(D, C)], False, id="the last total that is reported counts"),
        pytest.param(KNOWN.update([RUNS]), [page(RUNS)], False, id="reaches only one that following brought"),
        pytest.param(KNOWN.update([RUNS]), [page(RUNS, C)], True, id="reaches beyond what following brought"),
        pytest.param(KNOWN.update([C]), [page(D, C)], True, id="reaches one that was listed, then followed"),
        pytest.param(
            KNOWN.update([RUNS]).merge_pages([page(RUNS, C)], whole=False),
            [page(RUNS)],
            True,
            id="followed, then listed",
        ),
    ],
)
def test_when_reading_may_stop(known: Listing, pages: list[Page], enough: bool) -> None:
    assert known.is_complete_with(pages) is enough


def test_a_recovery_window_is_the_newest_told() -> None:
    later = RecoveryWindow(kind="pitr", earliest=1, latest=9)
    known = listing(A, recovery=WINDOW)

    assert known.recovery == WINDOW
    assert known.merge_pages([page(B)], whole=False).recovery == WINDOW
    assert known.merge_pages([page(B, recovery=later)], whole=False).recovery == later
    assert known.merge_pages([page(B), page(A, recovery=later)], whole=True).recovery == later
    assert known.merge_pages([page(B)], whole=True).recovery is None

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.history.timeline import Gap, Timeline, make_timeline
from exporter.model import Backup, Details, RecoveryWindow, Status
from exporter.settings import Policy
from exporter.state.backup_table import BackupTable
from exporter.state.history import History
from exporter.state.listing import Listing
from exporter.state.recent_backups import CompletedBackup, RecentBackups

pytestmark = pytest.mark.integration

END = 40


def backup_of(number: int, started: float, finished: float | None) -> Backup:
    return Backup(id=str(number), status=Status.COMPLETED, started=started, finished=finished)


def of(*backups: Backup, limit: float | None = None) -> Timeline:
    return make_timeline(Listing(backups=BackupTable(backups)), None, Policy(max_age=limit), None)


def brute_age(backups: Sequence[Backup], instant: float) -> float | None:
    """Apply the definition, word by word."""
    done = [one for one in backups if one.status is Status.COMPLETED and one.started is not None]
    finishes = {one.id: one.started if one.finished is None else one.finished for one in done}
    if not done:
        return None
    oldest = min(done, key=lambda one: (one.started, finishes[one.id]))
    if instant < (finishes[oldest.id] or 0):
        return None
    return instant - max(one.started or 0 for one in done if (finishes[one.id] or 0) <= instant)


SECONDS = st.integers(0, END)
RUN = st.tuples(SECONDS, st.none() | st.integers(0, 15), st.sampled_from([*Status, *[Status.COMPLETED] * 4]))
RUNS = st.lists(RUN, max_size=7).map(
    lambda drawn: [
        Backup(id=str(at), status=status, started=start, finished=None if took is None else start + took)
        for at, (start, took, status) in enumerate(drawn)
    ]
)


@settings(deadline=None)
@given(RUNS, st.integers(-5, END + 30))
def test_the_age_is_that_of_the_definition_at_every_second(backups: list[Backup], limit: int) -> None:
    found = of(*backups, limit=max(limit, 1))

    assert [found.age(t) for t in range(-2, END + 30)] == [brute_age(backups, t) for t in range(-2, END + 30)]


@settings(deadline=None)
@given(RUNS, st.integers(1, END), SECONDS, st.integers(0, END))
def test_attainment_and_gap_are_those_of_every_second(
    backups: list[Backup], limit: int, since: int, length: int
) -> None:
    until, found = since + length, of(*backups, limit=limit)
    ages = [brute_age(backups, second + 0.5) for second in range(since, until)]
    known = [age for age in ages if age is not None]

    if not known:
        at_the_end = brute_age(backups, until)
        expected = None if at_the_end is None else float(at_the_end <= limit)
        assert found.attainment(since, until) == expected
        return
    assert found.attainment(since, until) == sum(age <= limit for age in known) / len(known)
    gap = found.longest_gap(since, until)
    assert gap is not None
    assert gap.seconds == max(known) + 0.5
    assert gap.end == since + ages.index(max(known)) + 1


@settings(deadline=None)
@given(RUNS, st.randoms())
def test_the_order_of_the_list_does_not_matter(backups: list[Backup], random: object) -> None:
    shuffled = list(backups)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert of(*shuffled).points == of(*backups).points


def test_a_backup_counts_from_its_finish_with_the_age_of_its_start() -> None:
    found = of(backup_of(1, 100, 160), backup_of(2, 200, 290), limit=150)

    assert [found.age(t) for t in (159, 160, 289, 290, 300)] == [None, 60, 189, 90, 100]
    assert found.begin == 160
    assert found.attainment(0, 300) == (90 + 10) / 140
    assert found.longest_gap(0, 300) == Gap(seconds=190, end=290)
    assert found.known_since(0, 300) == 160
    assert found.known_since(200, 300) == 200


def test_without_a_finish_the_start_counts_and_one_before_the_start_is_none() -> None:
    assert of(backup_of(1, 100, None)).age(100) == 0
    assert of(backup_of(1, 100, 40)).age(100) == 0
    assert of(backup_of(1, 100, 40)).age(99) is None


def test_what_ends_exactly_at_the_limit_is_within_it() -> None:
    assert of(backup_of(1, 0, None), backup_of(2, 100, None), limit=100).attainment(0, 200) == 1.0
    assert of(backup_of(1, 0, None), backup_of(2, 101, None), limit=100).attainment(0, 200) == 199 / 200


def test_an_older_backup_that_finishes_later_changes_nothing() -> None:
    found = of(backup_of(1, 10, 20), backup_of(2, 50, 60), backup_of(3, 40, 90))

    assert found.age(95) == 45
    assert list(found.points.at) == [20, 60]


def test_before_the_oldest_one_has_finished_nothing_is_claimed() -> None:
    found = of(backup_of(1, 0, 100), backup_of(2, 10, 20))

    assert found.age(50) is None
    assert found.age(100) == 90


@pytest.mark.parametrize("backups", [(), (Backup(id="1", status=Status.FAILED, started=5, finished=9),)])
def test_never_a_success_is_no_timeline(backups: Sequence[Backup]) -> None:
    found = of(*backups, limit=10)

    assert (found.begin, found.attainment(0, 100), found.longest_gap(0, 100)) == (None, None, None)


def test_a_period_before_all_knowledge_is_not_judged() -> None:
    found = of(backup_of(1, 1000, 1010), limit=10)

    assert (found.known_since(0, 1009), found.attainment(0, 1009), found.longest_gap(0, 1009)) == (None, None, None)
    assert found.attainment(0, 1010) == 1.0  # the one instant that is known


def test_without_a_limit_there_is_a_gap_but_no_attainment() -> None:
    found = of(backup_of(1, 0, None))

    assert found.attainment(0, 100) is None
    assert found.longest_gap(0, 100) == Gap(seconds=100, end=100)


def test_the_limit_is_configured_or_else_derived() -> None:
    details = Details(interval=86400)
    listing = Listing(backups=BackupTable([backup_of(1, 0, None)]))

    def limit(**expected: Any) -> tuple[float | None, str | None]:
        found = make_timeline(listing, details, Policy(derive_max_age=lambda seconds: 2 * seconds, **expected), None)
        return found.limit, found.limit_from

    assert limit() == (172800, "derived")
    assert limit(max_age=3600) == (3600, "configured")
    nothing = make_timeline(listing, None, Policy(), None)
    assert (nothing.limit, nothing.limit_from) == (None, None)


def test_what_is_remembered_lengthens_the_timeline() -> None:
    listing = Listing(backups=BackupTable([backup_of(9, 900, 950)]))
    kept = [
        CompletedBackup(id="9", started=900, duration=20),
        CompletedBackup(id="1", started=100, duration=30, size=5),
    ]
    found = make_timeline(listing, None, Policy(), None, history=History(successes={"": RecentBackups(kept)}))

    assert list(zip(found.points.at, found.points.values, strict=True)) == [(130, 100), (920, 900)]
    assert [run.id for run in found.runs] == ["1", "9"]
    assert found.listed_from == 900


def test_point_in_time_recovery_has_no_timeline_of_single_backups() -> None:
    window = RecoveryWindow(kind="pitr", earliest=10, latest=500)
    kept = {"pitr": RecentBackups([CompletedBackup(id="recovery window", started=500)])}
    listing = Listing(backups=BackupTable([backup_of(1, 0, None)]), recovery=window)
    found = make_timeline(listing, None, Policy(max_age=60), None, history=History(successes=kept))

    assert found.window == window
    assert (found.begin, found.attainment(0, 100)) == (None, None)
    assert [run.id for run in found.runs] == ["1"]

"""The verdict as a whole: its order, what is ignored, what stands through an outage and a restart."""

import math
from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Details, Restore, Status
from exporter.settings import Policy
from exporter.state.observations import GoneSchedule, Observations
from exporter.state.problem import RESOURCE_WORDS, SOURCE_WORDS, Problem, Severity, worst_rank
from exporter.state.resource_verdict import judge
from exporter.state.steady_clock import Jump
from tests.state.cases import DAY, HOUR, NOW, OFF_LIMITS, UP, ago, find_problems, name_problems, standing, status

BAD = status(
    last_success=99 * DAY,
    last_failure=60,
    last_finished=Status.FAILED,
    failures=4,
    last_size={"full": 0.0},
    last_duration={"full": 9 * HOUR},
    typical_duration={"full": 60.0},
)
POLICY = Policy(max_age=DAY)


def test_worst_first() -> None:
    assert [(one.word, one.kind, one.severity.value) for one in judge(BAD, POLICY, NOW, source=UP).problems] == [
        ("too_old", "", "critical"),
        ("last_run_failed", "", "warning"),
        ("failing_repeatedly", "", "warning"),
        ("empty", "full", "warning"),
        ("slow", "full", "info"),
    ]


def test_the_worst_decides_what_the_resource_is() -> None:
    verdict = judge(BAD, POLICY, NOW, source=UP)
    fine, paused = (
        judge(status(last_success=60), POLICY, NOW, source=UP),
        judge(BAD, replace(POLICY, paused=True), NOW, source=UP),
    )

    assert (verdict.rank, verdict.state) == (3, "critical")
    assert (fine.rank, fine.state) == (0, "fine")
    assert (paused.rank, paused.state) == (0, "paused")


def test_ignored_words_are_no_problems_but_known() -> None:
    verdict = judge(BAD, replace(POLICY, ignore=frozenset(("too_old", "empty"))), NOW, source=UP)

    assert name_problems(verdict.problems) == {"last_run_failed", "failing_repeatedly", "slow full info"}
    assert name_problems(verdict.ignored) == {"too_old critical", "empty full"}
    assert verdict.state == "warning"


def test_every_word_has_its_severities() -> None:
    assert RESOURCE_WORDS["too_old"] == (Severity.CRITICAL, Severity.WARNING)
    assert {word for word, severities in RESOURCE_WORDS.items() if Severity.CRITICAL in severities} == {
        "never_succeeded", "nothing_to_restore", "too_old",
    }  # fmt: skip
    assert len(RESOURCE_WORDS) == 27
    assert len(SOURCE_WORDS) == 8
    assert worst_rank(()) == 0


WHILE_UP = {
    "never_succeeded critical": (status(created=99999, counts={Status.COMPLETED: 0}), POLICY),
    "never_succeeded_by_kind dump": (
        status(
            details=Details(scheduled=True, interval=HOUR, intervals={"dump": HOUR}),
            last_success=60,
            last_success_by_kind={"snapshot": 60.0},
            observed=Observations(limits_since={"dump": ago(DAY)}),
        ),
        POLICY,
    ),
    "limit_unknown": (status(last_success=60), Policy()),
    "stuck": (status(running_since=DAY), OFF_LIMITS),
    "progress_stalled": (
        status(running_since=60, progress=40.0, observed=Observations(progress_since=ago(HOUR))),
        OFF_LIMITS,
    ),
    "nothing_to_restore critical": (status(counts={Status.COMPLETED: 0}, last_success=60), OFF_LIMITS),
    "schedule_gone dump": (
        status(
            details=Details(scheduled=True),
            observed=Observations(gone_schedules={"dump": GoneSchedule(since=ago(60), interval=HOUR)}),
        ),
        OFF_LIMITS,
    ),
}


@pytest.mark.parametrize("word", WHILE_UP)
def test_begins_only_while_up_and_then_stands_through_an_outage(word: str) -> None:
    resource, policy = WHILE_UP[word]
    policy = replace(policy, max_duration=HOUR)
    before = judge(resource, policy, NOW, source=UP)
    down = replace(UP, up=False, failure="timeout")
    dark = replace(resource, up=False, failure="timeout", observed=replace(resource.observed, read_at=ago(60)))
    stale = replace(UP, polled_at=ago(901))

    assert name_problems(before.problems) == {word}
    assert find_problems(dark, policy, source=down) == set()
    assert find_problems(replace(resource, up=None), policy, source=replace(UP, up=None)) == set()
    assert find_problems(resource, policy, source=stale) == set()
    assert find_problems(dark, policy, source=down, standing=before.standing) == {word}
    assert find_problems(resource, policy, source=stale, standing=before.standing) == {word}


def test_begins_never_means_that_it_cannot_end() -> None:
    resource, policy = WHILE_UP["nothing_to_restore critical"]
    before = judge(resource, policy, NOW, source=UP)
    one_left = status(counts={Status.COMPLETED: 1}, last_success=60)

    assert find_problems(one_left, policy, standing=before.standing) == set()


def before_a_restart(word: str, **given: Any) -> Problem:
    return Problem(word, RESOURCE_WORDS[word][-1], "as it was", since=ago(DAY), **given)


@pytest.mark.parametrize("up", [None, False])
def test_what_stood_before_a_restart_stands_until_a_reading_ends_it(up: bool | None) -> None:
    words = [word for word in RESOURCE_WORDS if word not in ("too_old", "paused_too_long", "disappeared")]
    stood = standing(*(before_a_restart(word) for word in words))
    resource = status(up=up, failure="timeout", last_success=60)  # what a state file gives back
    down = replace(UP, up=False)

    verdict = judge(resource, OFF_LIMITS, NOW, source=down, standing=stood)

    assert {one.word for one in verdict.problems} == {
        "nothing_to_restore", "never_succeeded_by_kind", "last_run_failed", "failing_repeatedly",
        "failing_repeatedly_by_kind", "stuck", "progress_stalled", "restore_failed", "too_few", "retention_too_short",
        "time_in_future", "unreadable", "records_unreadable", "partly_failed", "not_downloadable",
    }  # fmt: skip
    assert {one.since for one in verdict.problems} == {ago(DAY)}
    assert find_problems(replace(resource, up=True, failure=None), standing=stood) == set()


@pytest.mark.parametrize("up", [None, True])
def test_a_clock_that_is_behind_leaves_the_beginning_of_what_stood_before_a_restart(up: bool | None) -> None:
    stood = standing(before_a_restart("partly_failed"))
    resource = status(up=up, last_success=60, item_failures=1)

    early = judge(resource, OFF_LIMITS, NOW - 1e9, source=UP, standing=stood)
    late = judge(resource, OFF_LIMITS, NOW + 60, source=UP, standing=early.shift(Jump(1e9, NOW - 1e9)).standing)

    for verdict in (early, late):
        assert {one.word: one.since for one in verdict.problems}["partly_failed"] == ago(DAY)


def test_a_problem_of_a_file_without_its_beginning_begins_now() -> None:
    stood = standing(replace(before_a_restart("partly_failed"), since=None))

    assert [one.since for one in judge(status(up=None), OFF_LIMITS, NOW, source=UP, standing=stood).problems] == [NOW]


def test_what_the_state_file_shows_is_judged_anew() -> None:
    stood = standing(before_a_restart("too_old"), before_a_restart("empty", kind="full"))
    resource = status(up=None, last_success=2 * DAY, last_size={"full": 7.0})

    assert find_problems(resource, POLICY, standing=stood) == {"too_old"}
    assert find_problems(resource, Policy(max_age=9 * DAY), standing=stood) == set()


def test_what_ends_by_itself_ends_over_a_restart() -> None:
    stood = standing(before_a_restart("restore_failed", until=NOW))

    assert find_problems(status(up=None, last_success=60), now=NOW - 1, standing=stood) == {"restore_failed"}
    assert find_problems(status(up=None, last_success=60), standing=stood) == set()


def test_an_unreadable_resource_stays_so_when_its_source_goes_down_too() -> None:
    stood = standing(before_a_restart("unreadable"))
    resource = status(up=False, failure="timeout", observed=Observations(read_at=ago(DAY)))

    assert find_problems(resource, source=replace(UP, up=False), standing=stood) == {"unreadable"}
    assert find_problems(replace(resource, up=True), standing=stood) == set()


def test_pausing_ends_everything() -> None:
    stood = standing(before_a_restart("last_run_failed"))

    assert find_problems(status(up=None, last_success=60, paused=True), standing=stood) == set()


def test_nothing_due_means_that_only_a_reading_changes_it() -> None:
    verdict = judge(status(last_success=60), Policy(), NOW, source=UP)

    assert verdict.due == math.inf


@pytest.mark.parametrize("word", ["too_old", "unreadable", "stuck", "stalled", "restore", "few", "retention", "pause"])
def test_the_verdict_holds_until_it_is_due_and_not_longer(word: str) -> None:
    hour = Observations(progress_since=ago(60), read_at=ago(60), paused_since=ago(60))
    cases: dict[str, tuple[Any, Policy]] = {
        "too_old": (status(last_success=60), POLICY),
        "unreadable": (status(up=False, observed=hour), OFF_LIMITS),
        "stuck": (status(running_since=60), replace(OFF_LIMITS, max_duration=HOUR)),
        "stalled": (status(running_since=60, progress=4.0, observed=hour), OFF_LIMITS),
        "restore": (status(details=Details(restore=Restore(started=ago(60), status=Status.FAILED))), OFF_LIMITS),
        "few": (status(created=60, counts={Status.COMPLETED: 1}, last_success=60), replace(POLICY, min_backups=2)),
        "retention": (status(created=DAY - 60, oldest_success=60, last_success=60), Policy(min_retention=DAY)),
        "pause": (status(paused=True, observed=hour), OFF_LIMITS),
    }
    resource, policy = cases[word]
    verdict = judge(resource, policy, NOW, source=replace(UP, polled_at=NOW + 1e9))
    source = replace(UP, polled_at=NOW + 1e9)

    before = {
        name_problems(judge(resource, policy, verdict.due - 1, source=source).problems)
        == name_problems(verdict.problems)
    }
    after = name_problems(judge(resource, policy, verdict.due + 1, source=source).problems)

    assert before == {True}
    assert after != name_problems(verdict.problems)

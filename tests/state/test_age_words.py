"""The words about ages, each on both sides of its threshold to the second."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Details, Status
from exporter.settings import Policy, Thresholds
from exporter.state.observations import Observations
from exporter.state.problem import WARNING, Problem
from exporter.state.resource import ResourceStatus
from exporter.state.resource_verdict import judge
from tests.state.cases import DAY, HOUR, NOW, OFF_LIMITS, UP, ago, find_problems, standing, status

AN_HOUR = Policy(max_age=HOUR)
PAUSED = Policy(max_age=HOUR, paused=True)
DUMPS = Details(scheduled=True, interval=300 * DAY, intervals={"dump": 1200.0})
"""The limit of 1200 seconds is 2 hours and 20 minutes: a derived one has 2 hours of slack."""
DUMP_LIMIT = 1200 + 2 * HOUR
HOURLY = Details(scheduled=True, interval=HOUR)


def kinds(dump: float | None, snapshot: float | None = None, **given: Any) -> ResourceStatus:
    """Return a resource whose newest dump and snapshot are so many seconds old."""
    by_kind = {kind: seconds for kind, seconds in (("dump", dump), ("snapshot", snapshot)) if seconds is not None}
    newest = min(by_kind.values(), default=None)
    return status(details=DUMPS, last_success=newest, last_success_by_kind=by_kind, **given)


@pytest.mark.parametrize(
    ("status", "policy", "expected"),
    [
        pytest.param(status(last_success=3601), AN_HOUR, {"too_old"}, id="a second beyond the limit"),
        pytest.param(status(last_success=3600), AN_HOUR, set(), id="exactly the limit"),
        pytest.param(status(last_success=3601), PAUSED, set(), id="paused"),
        pytest.param(status(last_success=3601, paused=True), AN_HOUR, set(), id="paused at the vendor"),
        pytest.param(status(last_success=60), AN_HOUR, set(), id="young"),
        pytest.param(status(last_success=3601), Policy(max_age=2 * HOUR), set(), id="a longer limit"),
        pytest.param(status(last_success=3601, up=False), AN_HOUR, {"too_old"}, id="it gets old while unreadable"),
        pytest.param(status(last_success=3601, up=None), AN_HOUR, {"too_old"}, id="or before the first reading"),
        pytest.param(status(last_success=7201), AN_HOUR, {"too_old critical"}, id="a second beyond twice the limit"),
        pytest.param(status(last_success=7200), AN_HOUR, {"too_old"}, id="exactly twice the limit"),
        pytest.param(status(last_success=7201), PAUSED, set(), id="beyond twice the limit, paused"),
        pytest.param(status(last_success=3 * HOUR + 1, details=HOURLY), Policy(), {"too_old"}, id="a derived limit"),
        pytest.param(status(last_success=3 * HOUR, details=HOURLY), Policy(), set(), id="exactly the derived limit"),
        pytest.param(status(last_success=6 * HOUR, details=HOURLY), Policy(), {"too_old"}, id="twice a derived"),
        pytest.param(
            status(last_success=6 * HOUR + 1, details=HOURLY), Policy(), {"too_old critical"}, id="over twice a derived"
        ),
        pytest.param(
            status(last_success=3 * HOUR + 1, details=HOURLY), Policy(max_age=DAY), set(), id="the configured one wins"
        ),
        pytest.param(
            status(last_success=4 * HOUR, details=HOURLY),
            Policy(derive_max_age=lambda interval: 5 * interval),
            set(),
            id="the vendor's own rule derives it",
        ),
        pytest.param(
            status(last_success=5400), Policy(max_age=HOUR, thresholds=Thresholds(too_old_critical=1.5)),
            {"too_old"}, id="exactly a threshold of 1.5",
        ),
        pytest.param(
            status(last_success=5401), Policy(max_age=HOUR, thresholds=Thresholds(too_old_critical=1.5)),
            {"too_old critical"}, id="beyond a threshold of 1.5",
        ),
    ],
)  # fmt: skip
def test_too_old(status: ResourceStatus, policy: Policy, expected: set[str]) -> None:
    assert find_problems(status, policy) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(kinds(DUMP_LIMIT + 1, 60), {"too_old_by_kind dump"}, id="a second beyond the kind's limit"),
        pytest.param(kinds(DUMP_LIMIT, 60), set(), id="exactly the kind's limit"),
        pytest.param(kinds(DUMP_LIMIT + 1, 60, paused=True), set(), id="paused"),
        pytest.param(kinds(60, 60), set(), id="both young"),
        pytest.param(kinds(DUMP_LIMIT + 1, None), set(), id="no other kind hides it"),
        pytest.param(kinds(DUMP_LIMIT + 1, DUMP_LIMIT + 1), set(), id="no other kind is newer"),
        pytest.param(kinds(DUMP_LIMIT + 1, 60, up=False), {"too_old_by_kind dump"}, id="while unreadable"),
        pytest.param(
            status(details=DUMPS, last_success=60, last_success_by_kind={"": 60}), set(), id="no record names a kind"
        ),
    ],
)
def test_too_old_by_kind(status: ResourceStatus, expected: set[str]) -> None:
    assert find_problems(status) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(status(created=3601), {"never_succeeded critical"}, id="a second older than the limit"),
        pytest.param(status(created=3600), set(), id="exactly as old as the limit"),
        pytest.param(status(created=3601, paused=True), set(), id="paused"),
        pytest.param(
            status(first_seen=3601, counts={Status.COMPLETED: 0}),
            {"never_succeeded critical"},
            id="first seen counts where the creation is unknown",
        ),
        pytest.param(status(first_seen=3600, counts={Status.COMPLETED: 0}), set(), id="first seen exactly then"),
        pytest.param(status(created=60, first_seen=9999), set(), id="the creation counts where it is known"),
        pytest.param(status(created=99999, up=False), set(), id="not read whole"),
        pytest.param(status(created=99999, up=None), set(), id="not read yet"),
        pytest.param(status(created=99999, last_success=60), set(), id="a success is known"),
        pytest.param(
            status(created=99999, failures=5, last_finished=Status.FAILED, last_failure=60),
            {"never_succeeded critical", "last_run_failed", "failing_repeatedly"},
            id="only failures",
        ),
    ],
)
def test_never_succeeded(status: ResourceStatus, expected: set[str]) -> None:
    assert find_problems(status, AN_HOUR) == expected


def test_never_succeeded_needs_a_fresh_reading() -> None:
    stale = replace(UP, polled_at=ago(901))

    assert find_problems(status(created=99999), AN_HOUR, source=replace(UP, polled_at=ago(900))) != set()
    assert find_problems(status(created=99999), AN_HOUR, source=stale) == set()


def test_never_succeeded_needs_a_limit() -> None:
    assert find_problems(status(created=99999), Policy()) == {"limit_unknown"}


@pytest.mark.parametrize(
    ("known", "given", "expected"),
    [
        pytest.param(DUMP_LIMIT + 1, {}, {"never_succeeded_by_kind dump"}, id="known for a second more than the limit"),
        pytest.param(DUMP_LIMIT, {}, set(), id="known for exactly the limit"),
        pytest.param(60, {"created": 99999}, set(), id="a young schedule of an old resource"),
        pytest.param(None, {}, set(), id="unknown since when"),
        pytest.param(DUMP_LIMIT + 1, {"paused": True}, set(), id="paused"),
        pytest.param(DUMP_LIMIT + 1, {"up": False}, set(), id="unread"),
        pytest.param(DUMP_LIMIT + 1, {"up": None}, set(), id="not read yet"),
        pytest.param(DUMP_LIMIT + 1, {"dump": 60}, set(), id="it has succeeded"),
        pytest.param(DUMP_LIMIT + 1, {"snapshot": None, "created": 60}, set(), id="nothing has: another word's"),
    ],
)
def test_never_succeeded_by_kind(known: float | None, given: dict[str, Any], expected: set[str]) -> None:
    observed = Observations(limits_since={} if known is None else {"dump": ago(known)})
    known_kinds = {"dump": None, "snapshot": 60.0, **given}

    assert find_problems(kinds(**known_kinds, observed=observed)) == expected


@pytest.mark.parametrize(
    ("status", "policy", "expected"),
    [
        pytest.param(status(last_success=60), Policy(), {"limit_unknown"}, id="no schedule is known"),
        pytest.param(status(last_success=60), AN_HOUR, set(), id="a limit is configured"),
        pytest.param(status(last_success=60, details=HOURLY), Policy(), set(), id="a limit is derived"),
        pytest.param(status(last_success=60), replace(PAUSED, max_age=None), set(), id="paused"),
        pytest.param(status(details=Details(scheduled=False)), Policy(), {"schedule_off"}, id="the schedule is off"),
        pytest.param(status(details=Details(scheduled=True)), Policy(), {"limit_unknown"}, id="it is on, but unknown"),
        pytest.param(status(up=False), Policy(), set(), id="never read"),
        pytest.param(status(up=None), Policy(), set(), id="not read yet"),
    ],
)
def test_limit_unknown(status: ResourceStatus, policy: Policy, expected: set[str]) -> None:
    assert find_problems(status, policy, source=replace(UP, up=None)) == expected


def test_texts_have_the_numbers() -> None:
    old = judge(status(last_success=9 * DAY), Policy(max_age=7 * DAY), NOW, source=UP).problems
    worse = judge(status(last_success=15 * DAY), Policy(max_age=7 * DAY), NOW, source=UP).problems
    never = judge(status(created=3 * DAY), Policy(max_age=26 * HOUR), NOW, source=UP).problems

    assert [one.text for one in (*old, *worse, *never)] == [
        "The newest completed backup started 9 d ago; the limit is 7 d.",
        "The newest completed backup started 15 d ago; the limit is 7 d, and beyond 14 d it is critical.",
        "No completed backup is known; the resource is 3 d old, and the limit is 26 h.",
    ]


def test_a_problem_began_when_its_threshold_passed() -> None:
    (old,) = judge(status(last_success=9 * DAY), Policy(max_age=7 * DAY), NOW, source=UP).problems

    assert old.since == NOW - 2 * DAY


def test_a_problem_that_gets_worse_is_the_same_problem() -> None:
    began = Problem("too_old", WARNING, "before", since=ago(5 * DAY))

    (now,) = judge(status(last_success=99 * DAY), AN_HOUR, NOW, source=UP, standing=standing(began)).problems

    assert (now.severity.value, now.since) == ("critical", ago(5 * DAY))


def test_what_an_age_word_says_next_is_known() -> None:
    young = judge(status(last_success=60), AN_HOUR, NOW, source=UP)
    old = judge(status(last_success=3601), AN_HOUR, NOW, source=UP)
    late = judge(status(last_success=7201), AN_HOUR, NOW, source=UP)

    assert (young.due, old.due, late.due) == (NOW + 3540, NOW + 3599, float("inf"))


def test_off_limits_is_off_limits() -> None:
    assert find_problems(status(last_success=60), OFF_LIMITS) == set()

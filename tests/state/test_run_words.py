"""The words about runs, each on both sides of its threshold to the second."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Details, Restore, Status
from exporter.settings import Policy, Thresholds
from exporter.state.download_check import DownloadCheck
from exporter.state.observations import Observations
from exporter.state.resource_verdict import judge
from tests.state.cases import DAY, HOUR, NOW, OFF_LIMITS, UP, ago, find_problems, status

FAILED, COMPLETED = Status.FAILED, Status.COMPLETED
PAUSED = replace(OFF_LIMITS, paused=True)
DOWN = replace(UP, up=False, failure="timeout")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"last_success": 3600}, {"last_run_failed"}, id="failed after a success"),
        pytest.param({"last_success": 3600, "paused": True}, set(), id="paused"),
        pytest.param({"last_success": 3600, "last_finished": COMPLETED}, set(), id="succeeded after a failure"),
        pytest.param({"last_success": 30}, set(), id="a success that the listing does not show is newer"),
        pytest.param({"last_success": 60}, {"last_run_failed"}, id="as old as the success"),
        pytest.param({}, {"last_run_failed"}, id="never succeeded"),
        pytest.param({"last_success": 3600, "up": False}, {"last_run_failed"}, id="still so while it cannot be read"),
        pytest.param({"last_finished": Status.CANCELLED}, set(), id="cancelled"),
    ],
)
def test_last_run_failed(given: dict[str, Any], expected: set[str]) -> None:
    assert find_problems(status(**{"last_finished": FAILED, "last_failure": 60, **given}), source=DOWN) == expected


@pytest.mark.parametrize(
    ("given", "most", "expected"),
    [
        pytest.param({"failures": 3}, 3, {"failing_repeatedly"}, id="three"),
        pytest.param({"failures": 2}, 3, set(), id="two"),
        pytest.param({"failures": None}, 3, set(), id="never listed"),
        pytest.param({"failures": 3, "paused": True}, 3, set(), id="paused"),
        pytest.param({"failures": 3, "last_success": 30}, 3, set(), id="a success is newer"),
        pytest.param({"failures": 3, "last_success": None}, 3, {"failing_repeatedly"}, id="never succeeded"),
        pytest.param({"failures": 3}, 4, set(), id="three of four"),
        pytest.param({"failures": 4}, 4, {"failing_repeatedly"}, id="four of four"),
        pytest.param({"failures": 1}, 1, {"failing_repeatedly"}, id="one suffices"),
        pytest.param({"failures": 0}, 1, set(), id="none"),
    ],
)
def test_failing_repeatedly(given: dict[str, Any], most: int, expected: set[str]) -> None:
    policy = replace(OFF_LIMITS, thresholds=Thresholds(failures=most))
    resource = status(**{"last_failure": 60, "last_success": 3600, "last_finished": COMPLETED, "up": None, **given})

    assert find_problems(resource, policy) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, {"failing_repeatedly_by_kind dump"}, id="three"),
        pytest.param({"failures_by_kind": {"dump": 2}}, set(), id="two"),
        pytest.param({"paused": True}, set(), id="paused"),
        pytest.param({"failures": 3}, {"failing_repeatedly"}, id="all kinds fail: another word's"),
        pytest.param({"last_success_by_kind": {"dump": 30}}, set(), id="a success of the kind is newer"),
        pytest.param({"last_success_by_kind": {"snapshot": 30}}, {"failing_repeatedly_by_kind dump"}, id="never"),
        pytest.param({"failures_by_kind": {"": 5}}, set(), id="no kinds at all"),
        pytest.param(
            {"failures_by_kind": {"dump": 3, "snapshot": 4}},
            {"failing_repeatedly_by_kind dump", "failing_repeatedly_by_kind snapshot"},
            id="two kinds",
        ),
    ],
)
def test_failing_repeatedly_by_kind(given: dict[str, Any], expected: set[str]) -> None:
    before = {"last_failure": 60, "last_success": 30, "last_success_by_kind": {"dump": 3600}, "failures": 0}
    before = before if given.get("failures") != 3 else {**before, "last_success": 3600}

    assert find_problems(status(**{**before, "failures_by_kind": {"dump": 3}, **given})) == expected


@pytest.mark.parametrize(
    ("given", "max_duration", "expected"),
    [
        pytest.param({"running_since": 3601}, 999999, {"stuck"}, id="a second beyond three times the typical time"),
        pytest.param({"running_since": 3600}, 999999, set(), id="exactly three times"),
        pytest.param({"running_since": 3601, "paused": True}, 999999, set(), id="paused"),
        pytest.param({"running_since": 21601, "typical_duration": {}}, 21600, {"stuck"}, id="beyond max_duration"),
        pytest.param({"running_since": 21600, "typical_duration": {}}, 21600, set(), id="exactly max_duration"),
        pytest.param({"running_since": 99999, "typical_duration": {}}, None, set(), id="nothing to hold it against"),
        pytest.param({"running_since": 890, "typical_duration": {"dump": 20}}, 21600, set(), id="under the floor"),
        pytest.param({"running_since": 900, "typical_duration": {"dump": 20}}, 21600, set(), id="exactly the floor"),
        pytest.param({"running_since": 901, "typical_duration": {"dump": 20}}, 21600, {"stuck"}, id="over the floor"),
        pytest.param(
            {"running_since": 3601, "typical_duration": {"dump": 60, "snapshot": 3600}},
            21600,
            set(),
            id="within the slower kind's time",
        ),
        pytest.param({"running_since": 99999, "up": False}, 21600, set(), id="unread"),
        pytest.param({"running_since": 99999, "up": None}, 21600, set(), id="not read yet"),
        pytest.param({"running_since": None, "last_success": 60}, 21600, set(), id="nothing runs"),
    ],
)
def test_stuck(given: dict[str, Any], max_duration: float | None, expected: set[str]) -> None:
    policy = replace(OFF_LIMITS, max_duration=max_duration)

    assert (
        find_problems(status(**{"typical_duration": {"dump": 1200}, **given}), policy, source=replace(UP, up=None))
        == expected
    )


@pytest.mark.parametrize(
    ("kind_failures", "failures", "most", "expected"),
    [
        pytest.param(3, 0, 4, set(), id="three of four"),
        pytest.param(4, 0, 4, {"failing_repeatedly_by_kind dump"}, id="four of four"),
        pytest.param(4, 3, 4, {"failing_repeatedly_by_kind dump"}, id="all kinds together are below it"),
        pytest.param(1, 0, 1, {"failing_repeatedly_by_kind dump"}, id="one suffices"),
        pytest.param(0, 0, 1, set(), id="none"),
    ],
)
def test_failing_repeatedly_by_kind_by_its_threshold(
    kind_failures: int, failures: int, most: int, expected: set[str]
) -> None:
    resource = status(
        failures=failures, failures_by_kind={"dump": kind_failures}, last_failure=60, last_success=3600,
        last_success_by_kind={"dump": 7200, "snapshot": 3600},
    )  # fmt: skip

    assert find_problems(resource, replace(OFF_LIMITS, thresholds=Thresholds(failures=most))) == expected


@pytest.mark.parametrize(
    ("running", "typical", "stuck", "expected"),
    [
        pytest.param(6000, 1200, 5, set(), id="exactly five times"),
        pytest.param(6001, 1200, 5, {"stuck"}, id="a second beyond five times"),
        pytest.param(1800, 1200, 1.5, set(), id="exactly one and a half times"),
        pytest.param(1801, 1200, 1.5, {"stuck"}, id="a second beyond one and a half times"),
        pytest.param(900, 1200, 0.5, set(), id="half of it is under the floor"),
        pytest.param(901, 1200, 0.5, {"stuck"}, id="half of it, over the floor"),
        pytest.param(7200, None, 5, set(), id="nothing typical: max_duration, whatever the threshold"),
        pytest.param(7201, None, 5, {"stuck"}, id="a second beyond max_duration"),
    ],
)
def test_stuck_by_its_threshold(running: float, typical: float | None, stuck: float, expected: set[str]) -> None:
    policy = replace(OFF_LIMITS, max_duration=7200.0, thresholds=Thresholds(stuck=stuck))
    usually = {} if typical is None else {"": float(typical)}

    assert find_problems(status(running_since=running, typical_duration=usually), policy) == expected


def test_stuck_says_how_long_it_usually_takes() -> None:
    usual = status(running_since=9 * HOUR, typical_duration={"": 1200})
    first = status(running_since=9 * HOUR)

    texts = [judge(one, replace(OFF_LIMITS, max_duration=6 * HOUR), NOW, source=UP).problems for one in (usual, first)]

    assert [one.text for (one,) in texts] == [
        "Running for 9 h; usually 20 min.",
        "Running for 9 h; max_duration is 6 h.",
    ]


@pytest.mark.parametrize(
    ("stood", "interval", "stalled", "given", "expected"),
    [
        pytest.param(3600, 300, HOUR, {}, {"progress_stalled"}, id="for an hour"),
        pytest.param(3599, 300, HOUR, {}, set(), id="for a second less"),
        pytest.param(3600, 300, HOUR, {"paused": True}, set(), id="paused"),
        pytest.param(3600, 900, HOUR, {}, {"progress_stalled"}, id="polled every quarter of an hour"),
        pytest.param(3600, 901, HOUR, {}, set(), id="polled less often"),
        pytest.param(14399, 3600, HOUR, {}, set(), id="polled hourly, for a second less than four hours"),
        pytest.param(14400, 3600, HOUR, {}, {"progress_stalled"}, id="polled hourly, for four hours"),
        pytest.param(99999, 3601, HOUR, {}, set(), id="polled less often than hourly, which says nothing"),
        pytest.param(7199, 300, 2 * HOUR, {}, set(), id="a second less than a threshold of two hours"),
        pytest.param(7200, 300, 2 * HOUR, {}, {"progress_stalled"}, id="a threshold of two hours"),
        pytest.param(28799, 3600, 2 * HOUR, {}, set(), id="polled hourly, a second less than eight hours"),
        pytest.param(28800, 3600, 2 * HOUR, {}, {"progress_stalled"}, id="polled hourly, four times two hours"),
        pytest.param(1799, 300, HOUR / 2, {}, set(), id="a second less than a threshold of half an hour"),
        pytest.param(1800, 300, HOUR / 2, {}, {"progress_stalled"}, id="a threshold of half an hour"),
        pytest.param(99999, 3600, HOUR / 2, {}, set(), id="polled less often than that threshold"),
        pytest.param(3600, 300, HOUR, {"up": False}, set(), id="unread"),
        pytest.param(3600, 300, HOUR, {"progress": None}, set(), id="no percentage"),
    ],
)
def test_progress_stalled(
    stood: float, interval: float, stalled: float, given: dict[str, Any], expected: set[str]
) -> None:
    policy = replace(OFF_LIMITS, thresholds=Thresholds(stalled=stalled))
    observed = Observations(progress_since=ago(stood))
    resource = status(**{"running_since": 600, "progress": 40.0, "observed": observed, **given})
    source = replace(UP, interval=float(interval), configured_interval=float(interval), up=None)

    assert find_problems(resource, policy, source=source) == expected


@pytest.mark.parametrize(
    ("took", "typical", "threshold", "expected"),
    [
        pytest.param(3601, 1200, 3, {"slow dump info"}, id="a second over three times"),
        pytest.param(3600, 1200, 3, set(), id="exactly three times"),
        pytest.param(610, 10, 3, set(), id="exactly ten minutes more"),
        pytest.param(611, 10, 3, {"slow dump info"}, id="a second over ten minutes more"),
        pytest.param(99999, None, 3, set(), id="nothing typical"),
        pytest.param(4800, 1200, 4, set(), id="exactly a threshold of four"),
        pytest.param(4801, 1200, 4, {"slow dump info"}, id="a second over a threshold of four"),
        pytest.param(1800, 1200, 1.1, set(), id="exactly ten minutes more, whatever the threshold"),
        pytest.param(1801, 1200, 1.1, {"slow dump info"}, id="a second over ten minutes more"),
        pytest.param(700, 0, 3, {"slow dump info"}, id="usually no time at all"),
    ],
)
def test_slow(took: float, typical: float | None, threshold: float, expected: set[str]) -> None:
    typically = {} if typical is None else {"dump": float(typical)}
    resource = status(last_duration={"dump": float(took)}, typical_duration=typically, last_success=60)

    assert find_problems(resource, replace(OFF_LIMITS, thresholds=Thresholds(slow=threshold))) == expected
    assert find_problems(resource, PAUSED) == set()


@pytest.mark.parametrize(
    ("seconds", "word", "span", "expected"),
    [
        pytest.param(60, FAILED, 7 * DAY, {"restore_failed"}, id="lately"),
        pytest.param(604799, FAILED, 7 * DAY, {"restore_failed"}, id="a second less than a week ago"),
        pytest.param(604800, FAILED, 7 * DAY, set(), id="a week ago"),
        pytest.param(60, COMPLETED, 7 * DAY, set(), id="it succeeded"),
        pytest.param(3600, FAILED, HOUR, set(), id="reported for an hour only"),
        pytest.param(3599, FAILED, HOUR, {"restore_failed"}, id="a second less than that hour"),
    ],
)
def test_restore_failed(seconds: float, word: Status, span: float, expected: set[str]) -> None:
    details = Details(restore=Restore(started=ago(seconds), status=word))
    policy = replace(OFF_LIMITS, thresholds=Thresholds(restore_failed=span))

    assert find_problems(status(details=details), policy) == expected
    assert find_problems(status(details=details), PAUSED) == set()


def test_partly_failed() -> None:
    assert find_problems(status(last_success=60, item_failures=2)) == {"partly_failed"}
    assert find_problems(status(last_success=60, item_failures=0)) == set()
    assert find_problems(status(last_success=60, item_failures=None)) == set()
    assert find_problems(status(last_success=60, item_failures=2), PAUSED) == set()


FAILED_CHECK = DownloadCheck().fail(NOW, 1, "expired")


def test_not_downloadable() -> None:
    (one,) = judge(status(last_success=60, download_check=FAILED_CHECK), OFF_LIMITS, NOW, source=UP).problems

    assert one.word == "not_downloadable"
    assert one.text == "The newest completed backup could not be downloaded: expired."
    assert find_problems(status(last_success=60, download_check=FAILED_CHECK.succeed(NOW, 1))) == set()


def test_failing_says_since_when() -> None:
    texts = [
        one.text
        for success in (3 * DAY, None)
        for one in judge(
            status(failures=4, last_failure=60, last_success=success, last_finished=FAILED), OFF_LIMITS, NOW, source=UP
        ).problems
    ]

    assert texts == [
        "The newest backup that has ended, started 1 min ago, failed; the newest completed one started 3 d ago.",
        "4 backups failed since the newest completed one, which started 3 d ago.",
        "The newest backup that has ended, started 1 min ago, failed; none is known to have completed.",
        "4 backups failed; none is known to have completed.",
    ]
    assert Policy().thresholds == Thresholds()

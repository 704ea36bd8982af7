"""The words about what is kept, scheduled, paused and unreadable, each on both sides of its threshold."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Details, RecoveryWindow, Status
from exporter.settings import Policy
from exporter.state.listing import Listing
from exporter.state.observations import GoneSchedule, Observations
from exporter.state.resource import SourceStatus
from exporter.state.resource_verdict import judge
from tests.state.cases import DAY, HOUR, NOW, OFF_LIMITS, UP, ago, find_problems, status

AN_HOUR = Policy(max_age=HOUR)


def listing(completed: int, **given: Any) -> dict[str, Any]:
    return {"counts": {Status.COMPLETED: completed, Status.FAILED: 9}, "last_success": 60, **given}


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        pytest.param(listing(3), 4, {"too_few"}, id="three of four"),
        pytest.param(listing(4), 4, set(), id="four of four"),
        pytest.param(listing(3, paused=True), 4, set(), id="paused"),
        pytest.param(listing(1, created=14400), 4, set(), id="exactly as old as four backups need"),
        pytest.param(listing(1, created=14401), 4, {"too_few"}, id="a second older"),
        pytest.param(listing(1, created=None, first_seen=14400), 4, set(), id="first seen not long enough ago"),
        pytest.param(listing(1, created=None, first_seen=14401), 4, {"too_few"}, id="first seen long enough ago"),
        pytest.param(listing(0, oldest_success=99999), 4, set(), id="a window of recovery"),
        pytest.param(listing(0, last_success=None, created=60), 4, set(), id="none, but young"),
        pytest.param(listing(0), 0, {"nothing_to_restore critical"}, id="none are wanted"),
        pytest.param(listing(2), None, set(), id="no number is wanted"),
        pytest.param(listing(0, last_success=None, created=60), None, set(), id="none, and no number is wanted"),
        pytest.param(listing(3, up=False), 4, {"too_few"}, id="as it was read last"),
        pytest.param({"counts": {}, "last_success": 60}, 4, set(), id="not listed yet"),
    ],
)
def test_too_few(given: dict[str, Any], wanted: int | None, expected: set[str]) -> None:
    policy = replace(AN_HOUR, min_backups=wanted)

    assert find_problems(status(**{"created": 99999, **given}), policy) == expected


def test_too_few_without_a_limit_waits_for_nothing() -> None:
    policy = Policy(min_backups=4)

    assert find_problems(status(created=60, **listing(3)), policy) == {"too_few", "limit_unknown"}


@pytest.mark.parametrize(
    ("given", "limit", "expected"),
    [
        pytest.param({"oldest_success": 7199}, HOUR, {"retention_too_short"}, id="a second too short"),
        pytest.param({"oldest_success": 7200}, HOUR, set(), id="exactly long enough"),
        pytest.param({"oldest_success": 7199, "paused": True}, HOUR, set(), id="paused"),
        pytest.param({"created": 10800}, HOUR, set(), id="exactly as old as retention and limit"),
        pytest.param({"created": 10801}, HOUR, {"retention_too_short"}, id="a second older"),
        pytest.param({"created": None, "first_seen": 10800}, HOUR, set(), id="first seen not long enough ago"),
        pytest.param({"created": 7200}, None, set(), id="exactly as old as the retention, without a limit"),
        pytest.param({"created": 7201}, None, {"retention_too_short"}, id="a second older, without a limit"),
        pytest.param({"oldest_success": None}, HOUR, set(), id="the oldest is unknown"),
        pytest.param({"up": False}, HOUR, {"retention_too_short"}, id="as it was read last"),
    ],
)
def test_retention_too_short(given: dict[str, Any], limit: float | None, expected: set[str]) -> None:
    resource = status(**{"created": 99999, "oldest_success": 60, "last_success": 60, **given})
    words = find_problems(resource, Policy(max_age=limit, min_retention=7200.0))

    assert words - {"limit_unknown"} == expected
    assert find_problems(resource, AN_HOUR) == set()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(listing(0), {"nothing_to_restore critical"}, id="none is listed any more"),
        pytest.param(listing(1), set(), id="one is left, without a start"),
        pytest.param(listing(0, paused=True), set(), id="paused"),
        pytest.param(listing(0, oldest_success=9999), set(), id="a window of recovery"),
        pytest.param(listing(0, up=False), set(), id="unread"),
        pytest.param(listing(0, up=None), set(), id="not read yet"),
        pytest.param(listing(0, last_success=None), set(), id="there never was one"),
        pytest.param({"last_success": 60}, set(), id="never listed"),
    ],
)
def test_nothing_to_restore(given: dict[str, Any], expected: set[str]) -> None:
    assert find_problems(status(**given)) == expected


@pytest.mark.parametrize(
    ("latest", "expected"), [(NOW - 60, set[str]()), (None, {"nothing_to_restore critical", "too_few"})]
)
def test_the_newest_point_of_a_recovery_window_is_something_to_restore(
    latest: float | None, expected: set[str]
) -> None:
    listed = Listing(recovery=RecoveryWindow(kind="pitr", earliest=None, latest=latest))
    policy = replace(AN_HOUR, min_backups=1)

    assert find_problems(replace(status(created=99999, **listing(0)), listing=listed), policy) == expected


@pytest.mark.parametrize(
    ("scheduled", "given", "expected"),
    [
        pytest.param(False, {}, {"schedule_off"}, id="off"),
        pytest.param(True, {}, set(), id="on"),
        pytest.param(None, {}, set(), id="the API does not say"),
        pytest.param(False, {"paused": True}, set(), id="paused"),
        pytest.param(False, {"up": False}, {"schedule_off"}, id="as it was read last"),
    ],
)
def test_schedule_off(scheduled: bool | None, given: dict[str, Any], expected: set[str]) -> None:
    assert find_problems(status(details=Details(scheduled=scheduled), **given)) == expected


def test_schedule_off_says_whether_anything_else_reports_it() -> None:
    off = status(details=Details(scheduled=False))
    texts = [judge(off, policy, NOW, source=UP).problems[0].text for policy in (AN_HOUR, Policy())]

    assert texts == [
        "The vendor reports that no backups are scheduled.",
        "The vendor reports that no backups are scheduled. max_age is not configured either, so nothing else reports"
        " when backups stop.",
    ]


@pytest.mark.parametrize(
    ("gone", "scheduled", "given", "expected"),
    [
        pytest.param(300, True, {}, {"schedule_gone dump"}, id="gone just now"),
        pytest.param(DAY, True, {}, {"schedule_gone dump"}, id="gone for a day"),
        pytest.param(DAY + 1, True, {}, set(), id="for a second more"),
        pytest.param(300, True, {"paused": True}, set(), id="paused"),
        pytest.param(300, False, {}, {"schedule_off"}, id="the last one: another word's"),
        pytest.param(300, True, {"up": False}, set(), id="unread"),
        pytest.param(300, True, {"up": None}, set(), id="not read yet"),
        pytest.param(None, True, {}, set(), id="none is gone"),
    ],
)
def test_schedule_gone(gone: float | None, scheduled: bool, given: dict[str, Any], expected: set[str]) -> None:
    schedules = {} if gone is None else {"dump": GoneSchedule(since=ago(gone), interval=DAY)}
    details = Details(scheduled=scheduled, intervals={"snapshot": HOUR})

    assert find_problems(status(details=details, observed=Observations(gone_schedules=schedules), **given)) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"last_attempt": -301}, {"time_in_future"}, id="a second over five minutes"),
        pytest.param({"last_attempt": -300}, set(), id="five minutes"),
        pytest.param({"last_attempt": -301, "paused": True}, set(), id="paused"),
        pytest.param({"last_success": -301, "last_attempt": 60}, {"time_in_future"}, id="a success"),
        pytest.param({"future": -301, "last_success": 60}, {"time_in_future"}, id="a start that counts nowhere else"),
        pytest.param({"future": -300, "last_success": 60}, set(), id="its time is about to come"),
        pytest.param({"last_attempt": -301, "up": False}, {"time_in_future"}, id="as it was read last"),
    ],
)
def test_time_in_future(given: dict[str, Any], expected: set[str]) -> None:
    assert find_problems(status(**given)) == expected


@pytest.mark.parametrize(
    ("number", "expected"), [(None, set()), (0, set()), (1, {"records_unreadable"}), (7, {"records_unreadable"})]
)
def test_records_unreadable(number: int | None, expected: set[str]) -> None:
    assert find_problems(status(last_success=60, unreadable_records=number)) == expected
    assert find_problems(status(last_success=60, unreadable_records=number, paused=True)) == set()


@pytest.mark.parametrize(
    ("since", "given", "policy", "expected"),
    [
        pytest.param(7 * DAY, {"paused": True}, Policy(), {"paused_too_long info"}, id="a week at the vendor"),
        pytest.param(7 * DAY, {}, Policy(paused=True), {"paused_too_long info"}, id="a week by configuration"),
        pytest.param(7 * DAY - 1, {"paused": True}, Policy(), set(), id="a second less"),
        pytest.param(None, {"paused": True}, Policy(), set(), id="since when is not known"),
        pytest.param(7 * DAY, {}, Policy(max_age=HOUR), set(), id="no longer paused"),
        pytest.param(7 * DAY, {"paused": True, "up": False}, Policy(), {"paused_too_long info"}, id="unread"),
    ],
)
def test_paused_too_long(since: float | None, given: dict[str, Any], policy: Policy, expected: set[str]) -> None:
    observed = Observations(paused_since=None if since is None else ago(since))

    assert find_problems(status(observed=observed, **given), policy) == expected


def unreadable(read: float | None, **given: Any) -> set[str]:
    source = given.pop("source", UP)
    observed = Observations(read_at=None if read is None else ago(read))
    return find_problems(status(**{"up": False, "failure": "forbidden", "observed": observed, **given}), source=source)


HOURLY = replace(UP, interval=3600.0, configured_interval=3600.0)


@pytest.mark.parametrize(
    ("read", "source", "given", "expected"),
    [
        pytest.param(1800, UP, {}, {"unreadable"}, id="for half an hour"),
        pytest.param(1799, UP, {}, set(), id="for a second less"),
        pytest.param(None, UP, {}, {"unreadable"}, id="never since the start"),
        pytest.param(99999, UP, {"paused": True}, set(), id="paused"),
        pytest.param(99999, UP, {"up": True}, set(), id="read again"),
        pytest.param(None, UP, {"up": None}, set(), id="not tried yet"),
        pytest.param(99999, replace(UP, up=False), {}, set(), id="the whole source is down: another word's"),
        pytest.param(8999, HOURLY, {}, set(), id="polled hourly, for a second less than 150 minutes"),
        pytest.param(9000, HOURLY, {}, {"unreadable"}, id="polled hourly, for 150 minutes"),
        pytest.param(1800, replace(UP, interval=900.0), {}, {"unreadable"}, id="polled every 15 minutes"),
        pytest.param(1800, replace(UP, interval=901.0), {}, set(), id="polled less often than that"),
    ],
)
def test_unreadable(read: float | None, source: SourceStatus, given: dict[str, Any], expected: set[str]) -> None:
    assert unreadable(read, source=source, **given) == expected


def test_unreadable_names_the_reason() -> None:
    observed = Observations(read_at=ago(45 * 60))
    resource = status(up=False, failure="forbidden", observed=observed)

    (one,) = judge(resource, OFF_LIMITS, NOW, source=UP).problems

    assert one.text == "It was not read for 45 min, reason: forbidden."
    assert one.since == ago(15 * 60)

"""The verdicts on a source and its resources as readings and time go by."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Status
from exporter.settings import Policy
from exporter.state.observations import Observations
from exporter.state.problem import WARNING, Problem
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.steady_clock import Jump
from exporter.state.verdicts import DisappearedResource, SourceVerdicts, exposed_verdict
from tests.metrics.states import source
from tests.state.cases import DAY, HOUR, NOW, UP, name_problems, status


class SourceUnderTest:
    """One source with its resources, and a clock."""

    def __init__(self, **policy: Any) -> None:
        self.polling = replace(UP, polled_at=NOW + 1e9)
        self.now = NOW
        self.configure(**policy)
        self.verdicts = SourceVerdicts(self.source)

    def configure(self, **policy: Any) -> None:
        self.source = source("main", **{"max_age": HOUR, **policy})

    def put(self, one: ResourceStatus, *, after: float = 0.0) -> None:
        self.now += after
        before = self.verdicts.views.get(one.resource.id)
        carried = one if before is None else replace(one, observed=before.status.observed)
        self.verdicts.set(self.verdicts.judge(carried, self.polling, self.now))

    def refresh(self, *, after: float = 0.0) -> list[str]:
        """Return the resources of which the metrics show something else."""
        self.now += after
        judged = list(self.verdicts.judge_due(self.polling, self.now))
        return [new.status.resource.id for old, new in judged if exposed_verdict(old) != exposed_verdict(new)]

    def set_clock(self, by: float) -> None:
        jump = Jump(by, self.now)
        self.verdicts.shift(jump)
        self.polling = self.polling.shift(jump)
        self.now += by

    def words(self, key: str = "r") -> set[str]:
        return name_problems(self.verdicts.views[key].verdict.problems)

    def begun(self, key: str = "r") -> dict[str, float | None]:
        """Return since when each problem stands, the ignored ones too."""
        return {one.word: one.since for one in self.verdicts.views[key].verdict.standing.values()}

    def since(self, key: str = "r") -> list[float | None]:
        return [one.since for one in self.verdicts.views[key].verdict.problems]


def named_as(key: str, one: ResourceStatus) -> ResourceStatus:
    return replace(one, resource=replace(one.resource, id=key))


def test_a_limit_that_passes_between_two_polls_shows_at_the_next_look() -> None:
    source = SourceUnderTest()
    source.put(status(last_success=60))

    assert source.refresh(after=HOUR - 61) == []
    assert source.words() == set()
    assert source.refresh(after=2) == ["r"]
    assert source.words() == {"too_old"}
    assert source.refresh(after=HOUR) == ["r"]
    assert source.words() == {"too_old critical"}
    assert source.since() == [NOW - 60 + HOUR]


def test_a_look_judges_only_what_is_due() -> None:
    source = SourceUnderTest()
    for number in range(5):
        source.put(named_as(f"r{number}", status(last_success=number * 600.0)))
    before = dict(source.verdicts.views)

    assert source.refresh(after=1201) == ["r4"]
    assert [key for key in before if source.verdicts.views[key] is not before[key]] == ["r4"]


def test_a_source_that_hangs_makes_everything_stale_and_a_poll_makes_it_fresh() -> None:
    source = SourceUnderTest(max_age=1e9, max_duration=1000.0)
    source.polling = replace(UP, polled_at=NOW)
    source.put(status(running_since=60, last_success=60))
    source.put(named_as("other", status(last_success=60)))

    assert source.refresh(after=900) == []
    assert sorted(source.refresh(after=1)) == ["other", "r"]
    assert {view.up for view in source.verdicts.views.values()} == {False}
    assert source.refresh(after=HOUR) == []
    assert source.words() == set()  # `stuck` begins only while it is read
    source.polling = replace(UP, polled_at=source.now)
    assert sorted(source.refresh()) == ["other", "r"]
    assert {view.up for view in source.verdicts.views.values()} == {True}
    assert source.words() == {"stuck"}


def test_what_stands_keeps_its_beginning() -> None:
    source = SourceUnderTest()
    source.put(status(last_success=60, item_failures=1))
    source.put(status(last_success=60, item_failures=2), after=300)
    source.put(status(last_success=60, item_failures=0), after=300)
    gone = source.words()
    source.put(status(last_success=60, item_failures=1), after=300)

    assert gone == set()
    assert source.since() == [NOW + 900]


def test_problems_from_before_a_restart_are_gone_on_from() -> None:
    source = SourceUnderTest()
    stood = Problem("partly_failed", WARNING, "as it was", since=NOW - DAY)
    source.put(replace(status(up=None, last_success=60), restored=(stood,)))
    before = source.words(), source.since()
    source.put(status(up=True, last_success=60, item_failures=3))

    assert before == ({"partly_failed"}, [NOW - DAY])
    assert (source.words(), source.since()) == ({"partly_failed"}, [NOW - DAY])
    assert source.verdicts.views["r"].status.restored == ()


def test_another_thing_under_an_old_name_begins_anew() -> None:
    source = SourceUnderTest()
    source.put(status(up=True, last_success=60, item_failures=3, observed=Observations(paused_since=NOW - DAY)))
    source.now += 300
    source.verdicts.set(source.verdicts.judge(status(up=None, first_seen=-300), source.polling, source.now))

    assert source.words() == set()
    assert source.verdicts.views["r"].status.observed == Observations()


def test_a_resource_that_disappeared_is_reported_for_a_day() -> None:
    source = SourceUnderTest()
    source.verdicts.disappeared["x"] = DisappearedResource(name="X", policy=Policy(), since=NOW)

    assert [one.text for one in source.verdicts.disappeared["x"].verdict(NOW + 3 * HOUR).problems] == [
        "It has been missing from the vendor's complete listing for 3 h."
    ]
    source.refresh(after=DAY - 1)
    assert set(source.verdicts.disappeared) == {"x"}
    source.refresh(after=1)
    assert set(source.verdicts.disappeared) == set()


def test_a_resource_that_comes_back_has_not_disappeared() -> None:
    source = SourceUnderTest()
    source.verdicts.disappeared["r"] = DisappearedResource(name="R", policy=Policy(), since=NOW)
    source.put(status(up=None))

    assert source.verdicts.disappeared == {}


def test_a_disappearance_can_be_ignored() -> None:
    verdict = DisappearedResource(name="X", policy=Policy(ignore=frozenset(("disappeared",))), since=NOW).verdict(NOW)

    assert (verdict.problems, [one.word for one in verdict.ignored], verdict.state) == ((), ["disappeared"], "fine")


def test_the_source_is_judged_when_its_time_comes() -> None:
    source = SourceUnderTest()
    source.polling = SourceStatus(configured_interval=300.0, interval=300.0, started_at=NOW)
    source.verdicts.judge_source(source.polling, NOW)

    source.refresh(after=900)
    assert source.verdicts.verdict.problems == ()
    source.refresh(after=1)
    assert name_problems(source.verdicts.verdict.problems) == {"data_stale"}


def test_a_clock_that_was_set_creates_no_duration() -> None:
    source = SourceUnderTest(max_age=1e9, max_duration=1e9)
    source.put(status(running_since=600, progress=40.0))
    source.set_clock(DAY)

    source.put(status(running_since=600, progress=40.0), after=60)
    assert source.words() == set()
    source.refresh(after=HOUR - 60)
    assert source.words() == {"progress_stalled"}


@pytest.mark.parametrize("by", [DAY, -HOUR])
def test_what_the_clock_has_dated_moves_with_it_and_what_the_vendor_has_dated_stays(by: float) -> None:
    source = SourceUnderTest(ignore=frozenset(("records_unreadable",)))
    stood = Problem("last_run_failed", WARNING, "as it was", since=NOW - DAY)
    read = status(last_success=4 * HOUR, last_finished=Status.FAILED, item_failures=1, unreadable_records=1)
    source.put(replace(read, restored=(stood,)))
    source.polling = replace(source.polling, failure="forbidden")
    source.verdicts.judge_source(source.polling, NOW)
    source.set_clock(by)
    moved = source.begun()
    source.refresh()

    assert moved == source.begun()
    assert moved == {
        "partly_failed": NOW + by,
        "records_unreadable": NOW + by,
        "last_run_failed": NOW - DAY,
        "too_old": NOW - 3 * HOUR,
    }
    assert [one.since for one in source.verdicts.verdict.problems] == [NOW + by]


def test_what_follows_from_an_observation_is_dated_anew_on_a_clock_that_was_set() -> None:
    source = SourceUnderTest(max_age=1e9)
    source.put(status(up=False, failure="timeout", last_success=60, observed=Observations(read_at=NOW - HOUR)))
    before = source.begun()
    source.set_clock(DAY)
    source.refresh()

    assert before == {"unreadable": NOW - HOUR / 2}
    assert source.begun() == {"unreadable": NOW - HOUR / 2 + DAY}

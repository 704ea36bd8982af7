"""The verdicts on a source and its resources as readings and time go by."""

from dataclasses import replace
from typing import Any

from exporter.settings import Policy
from exporter.state.observations import Observations
from exporter.state.problem import WARNING, Problem
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.steady_clock import Jump
from exporter.state.verdicts import Disappeared, SourceVerdicts, exposed_verdict
from tests.metrics.states import source
from tests.state.judged import DAY, HOUR, NOW, UP, name_problems, status


class World:
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

    def words(self, key: str = "r") -> set[str]:
        return name_problems(self.verdicts.views[key].verdict.problems)

    def since(self, key: str = "r") -> list[float | None]:
        return [one.since for one in self.verdicts.views[key].verdict.problems]


def named_as(key: str, one: ResourceStatus) -> ResourceStatus:
    return replace(one, resource=replace(one.resource, id=key))


def test_a_limit_that_passes_between_two_polls_shows_at_the_next_look() -> None:
    world = World()
    world.put(status(last_success=60))

    assert world.refresh(after=HOUR - 61) == []
    assert world.words() == set()
    assert world.refresh(after=2) == ["r"]
    assert world.words() == {"too_old"}
    assert world.refresh(after=HOUR) == ["r"]
    assert world.words() == {"too_old critical"}
    assert world.since() == [NOW - 60 + HOUR]


def test_a_look_judges_only_what_is_due() -> None:
    world = World()
    for number in range(5):
        world.put(named_as(f"r{number}", status(last_success=number * 600.0)))
    before = dict(world.verdicts.views)

    assert world.refresh(after=1201) == ["r4"]
    assert [key for key in before if world.verdicts.views[key] is not before[key]] == ["r4"]


def test_a_source_that_hangs_makes_everything_stale_and_a_poll_makes_it_fresh() -> None:
    world = World(max_age=1e9, max_duration=1000.0)
    world.polling = replace(UP, polled_at=NOW)
    world.put(status(running_since=60, last_success=60))
    world.put(named_as("other", status(last_success=60)))

    assert world.refresh(after=900) == []
    assert sorted(world.refresh(after=1)) == ["other", "r"]
    assert {view.up for view in world.verdicts.views.values()} == {False}
    assert world.refresh(after=HOUR) == []
    assert world.words() == set()  # `stuck` begins only while it is read
    world.polling = replace(UP, polled_at=world.now)
    assert sorted(world.refresh()) == ["other", "r"]
    assert {view.up for view in world.verdicts.views.values()} == {True}
    assert world.words() == {"stuck"}


def test_what_stands_keeps_its_beginning() -> None:
    world = World()
    world.put(status(last_success=60, item_failures=1))
    world.put(status(last_success=60, item_failures=2), after=300)
    world.put(status(last_success=60, item_failures=0), after=300)
    gone = world.words()
    world.put(status(last_success=60, item_failures=1), after=300)

    assert gone == set()
    assert world.since() == [NOW + 900]


def test_problems_from_before_a_restart_are_gone_on_from() -> None:
    world = World()
    stood = Problem("partly_failed", WARNING, "as it was", since=NOW - DAY)
    world.put(replace(status(up=None, last_success=60), restored=(stood,)))
    before = world.words(), world.since()
    world.put(status(up=True, last_success=60, item_failures=3))

    assert before == ({"partly_failed"}, [NOW - DAY])
    assert (world.words(), world.since()) == ({"partly_failed"}, [NOW - DAY])
    assert world.verdicts.views["r"].status.restored == ()


def test_another_thing_under_an_old_name_begins_anew() -> None:
    world = World()
    world.put(status(up=True, last_success=60, item_failures=3, observed=Observations(paused_since=NOW - DAY)))
    world.now += 300
    world.verdicts.set(world.verdicts.judge(status(up=None, first_seen=-300), world.polling, world.now))

    assert world.words() == set()
    assert world.verdicts.views["r"].status.observed == Observations()


def test_a_resource_that_disappeared_is_reported_for_a_day() -> None:
    world = World()
    world.verdicts.disappeared["x"] = Disappeared(name="X", policy=Policy(), since=NOW)

    assert [one.text for one in world.verdicts.disappeared["x"].verdict(NOW + 3 * HOUR).problems] == [
        "It has been missing from the vendor's complete listing for 3 h."
    ]
    world.refresh(after=DAY - 1)
    assert set(world.verdicts.disappeared) == {"x"}
    world.refresh(after=1)
    assert set(world.verdicts.disappeared) == set()


def test_a_resource_that_comes_back_has_not_disappeared() -> None:
    world = World()
    world.verdicts.disappeared["r"] = Disappeared(name="R", policy=Policy(), since=NOW)
    world.put(status(up=None))

    assert world.verdicts.disappeared == {}


def test_a_disappearance_can_be_ignored() -> None:
    verdict = Disappeared(name="X", policy=Policy(ignore=frozenset(("disappeared",))), since=NOW).verdict(NOW)

    assert (verdict.problems, [one.word for one in verdict.ignored], verdict.state) == ((), ["disappeared"], "fine")


def test_the_source_is_judged_when_its_time_comes() -> None:
    world = World()
    world.polling = SourceStatus(configured_interval=300.0, interval=300.0, started_at=NOW)
    world.verdicts.judge_source(world.polling, NOW)

    world.refresh(after=900)
    assert world.verdicts.verdict.problems == ()
    world.refresh(after=1)
    assert name_problems(world.verdicts.verdict.problems) == {"data_stale"}


def test_a_clock_that_was_set_creates_no_duration() -> None:
    world = World(max_age=1e9, max_duration=1e9)
    world.put(status(running_since=600, progress=40.0))
    world.verdicts.shift(Jump(DAY, world.now))
    world.now += DAY

    world.put(status(running_since=600, progress=40.0), after=60)
    assert world.words() == set()
    world.refresh(after=HOUR - 60)
    assert world.words() == {"progress_stalled"}

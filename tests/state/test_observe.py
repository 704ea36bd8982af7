"""What is added up over the readings of a resource, and over the discoveries of a source."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Details
from exporter.settings import Policy
from exporter.state.observations import GoneSchedule, Observations, SourceObservations
from exporter.state.observe import STALLED, observe, observe_discovery, shift
from exporter.state.problem import WARNING, Problem
from exporter.state.resource import ResourceStatus
from exporter.state.steady_clock import Jump
from tests.state.cases import DAY, HOUR, NOW, UP, ago, standing, status

DUMPS = Details(scheduled=True, interval=HOUR, intervals={"dump": DAY})
BOTH = Details(scheduled=True, interval=HOUR, intervals={"dump": DAY, "snapshot": HOUR})
NAMED: dict[str, Any] = {"last_success": 60.0, "last_success_by_kind": {"snapshot": 60.0}}


def after(
    before: ResourceStatus | None,
    after: ResourceStatus,
    *,
    at: float = NOW,
    policy: Policy | None = None,
    **stood: Problem,
) -> ResourceStatus:
    """Return a resource as it is when it takes the place of another."""
    carried = after if before is None else replace(after, observed=before.observed)
    observe_all = observe(
        before,
        carried,
        policy or Policy(),
        at,
        source=replace(UP, polled_at=at - 300),
        standing=standing(*stood.values()),
    )
    return replace(carried, observed=observe_all)


def observe_all(*statuses: ResourceStatus, every: float = 300.0, policy: Policy | None = None) -> Observations:
    """Return what is observed when these follow one another, the last one now."""
    current: ResourceStatus | None = None
    for number, one in enumerate(reversed(range(len(statuses)))):
        current = after(current, statuses[number], at=NOW - one * every, policy=policy)
    assert current is not None
    return current.observed


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([status(details=DUMPS, **NAMED)], {"dump": ago(0)}, id="known now"),
        pytest.param([status(details=DUMPS, **NAMED)] * 3, {"dump": ago(600)}, id="known for two readings"),
        pytest.param(
            [status(details=DUMPS, **NAMED), status(details=BOTH, **NAMED)],
            {"dump": ago(300), "snapshot": ago(0)},
            id="a second schedule is young",
        ),
        pytest.param(
            [status(details=BOTH, **NAMED), status(details=DUMPS, **NAMED)], {"dump": ago(300)}, id="one that is gone"
        ),
        pytest.param(
            [status(details=DUMPS, **NAMED), status(details=DUMPS, up=None)], {"dump": ago(300)}, id="not read yet"
        ),
        pytest.param([status(details=DUMPS, last_success=60)], {}, id="no record names a kind"),
        pytest.param([status(**NAMED)], {}, id="no schedule is known"),
    ],
)
def test_since_when_a_limit_is_known(statuses: list[ResourceStatus], expected: dict[str, float]) -> None:
    assert dict(observe_all(*statuses).limits_since) == expected


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        pytest.param([BOTH, DUMPS], {"snapshot": GoneSchedule(since=ago(0), interval=HOUR)}, id="gone now"),
        pytest.param([BOTH, DUMPS, DUMPS], {"snapshot": GoneSchedule(since=ago(300), interval=HOUR)}, id="since then"),
        pytest.param([BOTH, DUMPS, BOTH], {}, id="there again"),
        pytest.param([DUMPS, BOTH], {}, id="a new one"),
        pytest.param([None, DUMPS], {}, id="the first that is known"),
        pytest.param([BOTH, None], {}, id="not read"),
    ],
)
def test_schedules_that_are_gone(details: list[Details | None], expected: dict[str, GoneSchedule]) -> None:
    assert dict(observe_all(*(status(details=one, **NAMED) for one in details)).gone_schedules) == expected


def test_a_schedule_that_went_over_a_day_ago_is_forgotten_at_the_next_change() -> None:
    old = Observations(gone_schedules={"pitr": GoneSchedule(since=ago(DAY + 1), interval=HOUR)})
    before = status(details=BOTH, observed=old, **NAMED)

    assert set(after(before, status(details=DUMPS, **NAMED)).observed.gone_schedules) == {"snapshot"}


def running(percent: float | None, since: float = 600.0, **given: Any) -> ResourceStatus:
    return status(running_since=since, progress=percent, **given)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([running(40.0)], ago(0), id="seen once"),
        pytest.param([running(40.0)] * 3, ago(600), id="for two readings"),
        pytest.param([running(39.0), running(40.0), running(40.0)], ago(300), id="it moved once more"),
        pytest.param([running(0.0, 900.0), running(0.0, 600.0)], ago(0), id="another run at the same percentage"),
        pytest.param([running(40.0), running(None)], None, id="no percentage any more"),
        pytest.param([running(40.0), status(last_success=60)], None, id="it ended"),
        pytest.param([running(40.0), running(40.0, up=False), running(40.0)], ago(0), id="it could not be read once"),
        pytest.param([running(40.0), running(40.0, up=False)], ago(300), id="it cannot be read now"),
    ],
)
def test_since_when_a_percentage_stands(statuses: list[ResourceStatus], expected: float | None) -> None:
    assert observe_all(*statuses).progress_since == expected


def test_a_run_that_is_known_to_stand_still_goes_on_doing_so_after_an_outage() -> None:
    began = Observations(progress_since=ago(2 * HOUR), progress_of=(ago(600), 40.0))
    dark = running(40.0, up=False, observed=began)
    stood = Problem(STALLED[0], WARNING, "", since=ago(HOUR))

    assert after(dark, running(40.0), stood=stood).observed.progress_since == ago(2 * HOUR)
    assert after(dark, running(40.0)).observed.progress_since == NOW


@pytest.mark.parametrize(
    ("paused", "expected"),
    [
        pytest.param([True], ago(0), id="now"),
        pytest.param([True, True, True], ago(600), id="for two readings"),
        pytest.param([True, False], None, id="no longer"),
        pytest.param([True, False, True], ago(0), id="again"),
        pytest.param([False], None, id="not at all"),
    ],
)
def test_since_when_it_is_paused(paused: list[bool], expected: float | None) -> None:
    assert observe_all(*(status(paused=one, last_success=60) for one in paused)).paused_since == expected


def test_configured_pauses_count() -> None:
    assert observe_all(status(last_success=60), policy=Policy(paused=True)).paused_since == NOW


@pytest.mark.parametrize(
    ("ups", "expected"),
    [
        pytest.param([True], None, id="it can be read"),
        pytest.param([None, False], None, id="it never was"),
        pytest.param([True, False], ago(300), id="in the poll before this one"),
        pytest.param([True, False, False], ago(600), id="in the poll before that"),
        pytest.param([True, False, True], None, id="it can be read again"),
    ],
)
def test_when_it_was_read_last(ups: list[bool | None], expected: float | None) -> None:
    assert observe_all(*(status(up=up, last_success=60) for up in ups)).read_at == expected


def test_nothing_new_is_the_same_object() -> None:
    before = after(None, running(40.0, details=BOTH, paused=True, **NAMED))

    assert after(before, before, at=NOW + 60).observed is before.observed


def test_a_clock_that_was_set_shifts_all_of_it() -> None:
    known = Observations(
        read_at=1.0,
        limits_since={"dump": 2.0},
        gone_schedules={"pitr": GoneSchedule(since=3.0, interval=99.0)},
        progress_since=4.0,
        paused_since=None,
    )

    assert shift(known, Jump(100.0, 9.0)) == Observations(
        read_at=101.0,
        limits_since={"dump": 102.0},
        gone_schedules={"pitr": GoneSchedule(since=103.0, interval=99.0)},
        progress_since=104.0,
    )


@pytest.mark.parametrize(
    ("discoveries", "expected"),
    [
        pytest.param([(0, 0)], SourceObservations(), id="always empty"),
        pytest.param([(2, 3)], SourceObservations(populated=2), id="some"),
        pytest.param([(2, 3), (0, 0)], SourceObservations(populated=2, emptied_at=ago(0)), id="none any more"),
        pytest.param([(2, 3), (0, 0), (0, 0)], SourceObservations(populated=2, emptied_at=ago(HOUR)), id="since then"),
        pytest.param([(2, 3), (0, 0), (1, 1)], SourceObservations(populated=1), id="one again"),
        pytest.param([(0, 3), (0, 0)], SourceObservations(populated=0, emptied_at=ago(0)), id="only paused ones"),
    ],
)
def test_a_source_that_is_emptied(discoveries: list[tuple[int, int]], expected: SourceObservations) -> None:
    known = SourceObservations()
    for number, (unpaused, listed) in enumerate(discoveries):
        known = observe_discovery(known, unpaused, listed, ago(HOUR * (len(discoveries) - 1 - number)))

    assert known == expected

"""What is said as polls and time go by, to the second: what an alert's memory did in Prometheus, the store does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from exporter.model import Details
from exporter.settings import Thresholds
from exporter.state.resource import ResourceStatus
from exporter.state.store import Store
from tests.metrics.states import source
from tests.state.cases import DAY, HOUR, NOW, name_problems, status

pytestmark = pytest.mark.integration

Read = Callable[[float], ResourceStatus | None]
"""Returns what a poll so many seconds after the first one reads of the resource; None if no poll ends then."""
AGES: dict[str, Any] = {"max_age": 1e9, "max_duration": 1e9}
"""Limits that nothing here reaches, so that only the word in question is said."""
DUMPS = Details(scheduled=True, interval=HOUR, intervals={"dump": 1200.0})
SNAPSHOTS = Details(scheduled=True, interval=HOUR, intervals={"snapshot": HOUR})
TWO = Details(scheduled=True, interval=HOUR, intervals={"dump": 1200.0, "snapshot": HOUR})
BOTH = Details(scheduled=True, interval=HOUR, intervals={"dump": DAY, "snapshot": HOUR})
DUMP_LIMIT = 1200 + 2 * HOUR
"""An interval of 20 minutes, and the slack of 2 hours."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """One resource over some hours."""

    read: Read
    said: Mapping[float, set[str]]
    """From so many seconds after the first poll on; before that, nothing."""
    hours: float = 2.0
    every: float = 300.0
    """Seconds between two polls."""
    policy: Mapping[str, Any] | None = None

    def words(self) -> set[str]:
        """Return all that is said in it."""
        return set().union(*self.said.values())


class Watch:
    """A store of one source, polled and looked at, with a wall clock that may be set wrong."""

    def __init__(self, course: Course, wrong: Callable[[float], float]) -> None:
        self.course, self.passed, self.wrong = course, 0.0, wrong
        self.store = Store(lambda: NOW + self.passed + wrong(self.passed), lambda: self.passed)
        policy = {**AGES, "poll_interval": course.every, **(course.policy or {})}
        self.store.add_source(source("main", **policy))

    def poll(self) -> None:
        read = self.course.read(self.passed)
        if read is None:
            return
        if read.up is None:  # the poll goes on
            self.store.put("main", read)
            return
        view = self.store.entries["main"].views.get("r")
        if view is not None and read is not REBORN:
            read = replace(read, observed=view.status.observed, first_seen=view.status.first_seen)
        self.store.put("main", read)
        now, before = self.store.now(), self.store.entries["main"].status
        up = read.up or read.failure == "forbidden"
        self.store.set_status(
            "main", replace(before, up=up, polled_at=now, last_success=now if up else before.last_success)
        )

    def look(self) -> set[str]:
        self.store.refresh_verdicts()
        entry = self.store.entries["main"]
        resource = entry.views["r"].verdict.problems if "r" in entry.views else ()
        return name_problems(resource) | name_problems(entry.verdict.problems)

    def follow(self, heard: Callable[[str], bool] = bool) -> dict[float, set[str]]:
        """Return which of the words heard are said, by the seconds since which they are.

        They are looked at each minute, and about each second at which they are expected to change.
        """
        said: dict[float, set[str]] = {}
        last: set[str] = set()
        end, every = int(self.course.hours * HOUR), int(self.course.every)
        expected = {int(second) + near for second in self.course.said for near in (-1, 0, 1)}
        for passed in sorted({*range(0, end, every), *range(0, end, 60), *expected} - {-1}):
            self.passed = float(passed)
            if passed % every == 0:
                self.poll()
            if (words := set(filter(heard, self.look()))) != last:
                said[passed], last = words, words
        return said


def at(*steps: tuple[float, ResourceStatus | None]) -> Read:
    """Return what reads the last of these whose seconds have passed."""
    return lambda passed: [one for since, one in steps if since <= passed][-1]


def running(percent: float | None, since: float = 600.0, **given: Any) -> ResourceStatus:
    return status(running_since=since, progress=percent, **given)


def unread(one: ResourceStatus, reason: str = "timeout") -> ResourceStatus:
    return replace(one, up=False, failure=reason)


def kinds(details: Details, **by_kind: float) -> ResourceStatus:
    return status(details=details, created=99999, last_success=min(by_kind.values()), last_success_by_kind=by_kind)


FINE = status(last_success=60)
UNBORN = status(counts={"completed": 0})
"""Its creation is not known, but that there is no backup."""
STANDS = running(40.0)
OLD = {"too_old"}
SNAPSHOT_ONLY = kinds(DUMPS, snapshot=60)
REBORN = replace(status(created=-4200), first_seen=NOW + 4200)

FIRST_SIGHT = "no success, by the first sight"
COURSES = {
    "a percentage that stands": Course(read=at((0, STANDS)), said={3600: {"progress_stalled"}}),
    "one that stands while paused": Course(read=at((0, running(40.0, paused=True))), said={}),
    "one that moved once more": Course(read=at((0, running(39.0)), (900, STANDS)), said={4500: {"progress_stalled"}}),
    "one that moves": Course(read=lambda passed: running(10.0 + passed / 300), said={}),
    "several runs at the same percentage": Course(
        read=lambda passed: running(0.0, 60 - passed // 1800 * 1800), said={}
    ),
    "one that could not be read once": Course(
        read=at((0, STANDS), (2100, unread(STANDS)), (2400, STANDS)), said={6000: {"progress_stalled"}}
    ),
    "a run that ends": Course(
        read=at((0, STANDS), (5400, FINE)), said={3600: {"progress_stalled"}, 5400: set()}
    ),
    "a percentage that stands, polled hourly": Course(
        read=at((0, STANDS)), every=3600.0, hours=5, said={14400: {"progress_stalled"}}
    ),
    "one that stands, polled less often": Course(read=at((0, STANDS)), every=3601.0, hours=5, said={}),
    "one that stands longer than a threshold of its own": Course(
        read=at((0, STANDS)), policy={"thresholds": Thresholds(stalled=1800.0)}, said={1800: {"progress_stalled"}}
    ),
    "a kind that never succeeded": Course(
        read=at((0, SNAPSHOT_ONLY)), hours=3, said={DUMP_LIMIT + 1: {"never_succeeded_by_kind dump"}}
    ),
    "a kind whose schedule is young": Course(
        read=at((0, kinds(SNAPSHOTS, snapshot=60)), (7200, kinds(TWO, snapshot=60))), hours=5,
        said={7200 + DUMP_LIMIT + 1: {"never_succeeded_by_kind dump"}},
    ),
    "a kind that succeeds at last": Course(
        read=at((0, SNAPSHOT_ONLY), (9000, kinds(DUMPS, snapshot=60, dump=-8900))), hours=3,
        said={DUMP_LIMIT + 1: {"never_succeeded_by_kind dump"}, 9000: set()},
    ),
    "a kind that cannot be read": Course(
        read=at((0, SNAPSHOT_ONLY), (300, unread(SNAPSHOT_ONLY)), (9000, SNAPSHOT_ONLY)), hours=3,
        said={600: {"down"}, 9000: {"never_succeeded_by_kind dump"}},
    ),
    "a kind that another one hides": Course(
        read=lambda passed: kinds(DUMPS, dump=3000, snapshot=-passed), hours=2,
        said={DUMP_LIMIT - 3000 + 1: {"too_old_by_kind dump"}},
    ),
    "no success, by the creation": Course(
        read=at((0, status(created=3000))), policy={"max_age": HOUR}, said={601: {"never_succeeded critical"}}
    ),
    FIRST_SIGHT: Course(
        read=at((0, UNBORN)), policy={"max_age": HOUR}, said={3601: {"never_succeeded critical"}}
    ),
    "what was not read whole is not known to lack backups": Course(
        read=at((0, unread(status(created=99999), "forbidden"))), policy={"max_age": HOUR}, said={0: {"unreadable"}}
    ),
    "a success, then age, then twice the limit": Course(
        read=at((0, FINE)), policy={"max_age": HOUR}, hours=2.5,
        said={3541: OLD, 7141: {"too_old critical"}},
    ),
    "another thing under the old name": Course(
        read=at((0, status(created=99999, last_success=600)), (4200, REBORN)), policy={"max_age": HOUR}, hours=3,
        said={3001: OLD, 4200: set(), 7801: {"never_succeeded critical"}},
    ),
    "a first success": Course(
        read=at((0, status(created=9999)), (900, status(created=9999, last_success=-840))), policy={"max_age": HOUR},
        said={0: {"never_succeeded critical"}, 900: set(), 4441: OLD},
    ),
    "a schedule that goes": Course(
        read=at((0, kinds(BOTH, snapshot=60, dump=60)), (1800, kinds(SNAPSHOTS, snapshot=60, dump=60))), hours=25,
        every=600.0, said={1800: {"schedule_gone dump"}, 1800 + DAY + 1: set()},
    ),
    "a schedule that comes back": Course(
        read=at(
            (0, kinds(BOTH, snapshot=60, dump=60)),
            (1800, kinds(SNAPSHOTS, snapshot=60, dump=60)),
            (3600, kinds(BOTH, snapshot=60, dump=60)),
        ),
        said={1800: {"schedule_gone dump"}, 3600: set()},
    ),
    "the last schedule": Course(
        read=at((0, kinds(SNAPSHOTS, snapshot=60)), (1800, kinds(Details(scheduled=False), snapshot=60))),
        said={1800: {"schedule_off"}},
    ),
    "a pause": Course(
        read=at((0, status(last_success=60, paused=True))), hours=170, every=3600.0,
        said={7 * DAY: {"paused_too_long info"}},
    ),
    "a pause that began an hour later": Course(
        read=at((0, FINE), (3600, status(last_success=60, paused=True))), hours=170, every=3600.0,
        said={7 * DAY + 3600: {"paused_too_long info"}},
    ),
    "a pause that ends": Course(
        read=at((0, status(last_success=60, paused=True)), (6 * DAY, FINE), (6 * DAY + 3600, status(paused=True))),
        hours=170, every=3600.0, said={},
    ),
    "a pause, and polls that do not end for a while": Course(
        read=at((0, status(paused=True)), (75 * HOUR, None), (76 * HOUR, status(paused=True))),
        hours=170, every=3600.0, said={7 * DAY: {"paused_too_long info"}},
    ),
    "a resource that cannot be read": Course(
        read=at((0, FINE), (1200, unread(FINE, "forbidden")), (6000, FINE)),
        said={900 + 1800: {"unreadable"}, 6000: set()},
    ),
    "one that cannot be read for ten minutes": Course(
        read=at((0, FINE), (1200, unread(FINE, "forbidden")), (1800, FINE)), said={}
    ),
    "one that cannot be read, polled hourly": Course(
        read=at((0, FINE), (3600, unread(FINE, "forbidden"))), every=3600.0, hours=4, said={9000: {"unreadable"}}
    ),
    "a source that cannot be read": Course(
        read=at((0, FINE), (1200, unread(FINE)), (3000, FINE)), said={1500: {"down"}, 3000: set()}
    ),
    "a source that failed once": Course(read=at((0, FINE), (1200, unread(FINE)), (1500, FINE)), said={}),
    "a source that cannot be read, polled hourly": Course(
        read=at((0, FINE), (3600, unread(FINE))), every=3600.0, hours=3, said={7200: {"down"}}
    ),
    "a source that never answered": Course(read=at((0, unread(FINE))), said={0: {"down"}}),
    "polls that end no more": Course(read=at((0, FINE), (300, None)), said={901: {"data_stale"}}),
    "a first poll that does not end": Course(read=at((0, None)), said={901: {"data_stale"}}),
    "a first poll that does not end, polled daily": Course(read=at((0, None)), every=DAY, said={}),
    "a run that is stuck, and ends": Course(
        read=at((0, running(None, 0.0)), (5400, FINE)), policy={"max_duration": HOUR},
        said={3601: {"stuck"}, 5400: set()},
    ),
    "a start in the future whose time comes": Course(
        read=at((0, status(last_success=60, last_attempt=-301))), said={0: {"time_in_future"}, 1: set()}
    ),
    "too few backups, once it is old enough": Course(
        read=at((0, status(created=14400, last_success=60, counts={"completed": 1}))),
        policy={"min_backups": 4, "max_age": HOUR}, hours=0.9, said={1: {"too_few"}},
    ),
    "values that stand still between two polls": Course(
        read=lambda passed: status(
            created=99999, details=Details(scheduled=True, interval=HOUR), last_success=600 - passed,
            oldest_success=90000, counts={"completed": 5}, running_since=600, progress=10 + passed / 180,
        ),
        every=3600.0, hours=4.5, policy={"max_age": 2 * HOUR, "max_duration": 6 * HOUR}, said={},
    ),
    "a discovery that is done and listings that are not": Course(
        read=at(
            (0, status(up=None, created=99999, details=BOTH)),
            (600, status(
                created=99999, details=BOTH, last_success=-500, oldest_success=9000, counts={"completed": 3},
                last_success_by_kind={"dump": -500.0, "snapshot": -500.0},
            )),
        ),
        policy={"max_age": HOUR, "min_backups": 3, "min_retention": 2 * HOUR, "max_duration": HOUR}, hours=1, said={},
    ),
}  # fmt: skip


TIMED = {
    "progress_stalled", "never_succeeded_by_kind dump", "schedule_gone dump", "paused_too_long info", "unreadable",
    "down", "data_stale",
}  # fmt: skip
"""What the exporter times itself; the other words go by the vendor's times."""


def set_by(seconds: float, until: float) -> Callable[[float], float]:
    """Return by how much a clock is wrong that is set after ten minutes, and set right again later."""
    return lambda passed: seconds if 600 <= passed < until else 0.0


@pytest.mark.parametrize("wrong", [0, DAY, -DAY], ids=["the clock is right", "a day ahead", "a day behind"])
@pytest.mark.parametrize("name", COURSES)
def test_each_word_comes_and_goes_in_its_second_even_if_the_clock_jumps_and_back(name: str, wrong: float) -> None:
    assert Watch(COURSES[name], set_by(wrong, 1440)).follow() == COURSES[name].said


@pytest.mark.parametrize("until", [4000, 1e9], ids=["for an hour", "for good"])
@pytest.mark.parametrize("wrong", [DAY, -DAY], ids=["ahead", "behind"])
@pytest.mark.parametrize(
    "name",
    [
        name if name in (FIRST_SIGHT, "polls that end no more") else pytest.param(name, marks=pytest.mark.slow)
        for name, one in COURSES.items()
        if name == FIRST_SIGHT or one.words() <= TIMED
    ],
)
def test_a_clock_that_is_set_neither_hastens_nor_delays_what_the_exporter_times(
    name: str, wrong: float, until: float
) -> None:
    heard = (TIMED | COURSES[name].words()).__contains__

    assert Watch(COURSES[name], set_by(wrong, until)).follow(heard) == COURSES[name].said

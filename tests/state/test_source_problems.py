"""The words about sources, each on both sides of its threshold to the second."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.state.observations import SourceObservations
from exporter.state.problem import CRITICAL, SOURCE_WORDS, WARNING, Problem
from exporter.state.resource import SourceStatus, UnreadableScope
from exporter.state.source_verdict import judge_source
from tests.state.cases import DAY, NOW, UP, ago, name_problems, standing

CLOSED = UnreadableScope(id="p", name="closed", reason="forbidden")
NEW = SourceStatus(configured_interval=300.0, interval=300.0, started_at=NOW)
DOWN = replace(UP, up=False, failure="timeout")


def source_status(base: SourceStatus = UP, **given: Any) -> SourceStatus:
    own: dict[str, Any] = {
        name: ago(value) if name in ("last_success", "started_at") else value for name, value in given.items()
    }
    return replace(base, **own)


def empty(before: int | None, gone: float | None) -> SourceObservations:
    return SourceObservations(populated=before, emptied_at=None if gone is None else ago(gone))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(UP, set(), id="all is well"),
        pytest.param(NEW, set(), id="not polled yet"),
        pytest.param(source_status(DOWN, failure="unauthorized"), {"credentials_rejected critical"}, id="unauthorized"),
        pytest.param(source_status(DOWN, failure="forbidden"), {"credentials_rejected critical"}, id="forbidden"),
        pytest.param(DOWN, set(), id="another reason, once"),
        pytest.param(source_status(DOWN, last_success=600), {"down"}, id="two intervals without a good poll"),
        pytest.param(source_status(DOWN, last_success=599), set(), id="a second less"),
        pytest.param(replace(DOWN, last_success=None), {"down"}, id="it never answered since the start"),
        pytest.param(source_status(last_success=600), set(), id="up again"),
        pytest.param(
            source_status(DOWN, last_success=7199, interval=3600.0, configured_interval=3600.0), set(), id="hourly"
        ),
        pytest.param(
            source_status(DOWN, last_success=7200, interval=3600.0, configured_interval=3600.0),
            {"down"},
            id="hourly, twice",
        ),
        pytest.param(source_status(last_success=901), {"data_stale"}, id="a second over three intervals"),
        pytest.param(source_status(last_success=900), set(), id="exactly three intervals"),
        pytest.param(source_status(DOWN, last_success=99999), {"down"}, id="it fails, which is another word's"),
        pytest.param(
            source_status(last_success=3600, interval=3600.0, configured_interval=3600.0), set(), id="polled hourly"
        ),
        pytest.param(source_status(NEW, started_at=901), {"data_stale"}, id="a first poll that never ends"),
        pytest.param(source_status(NEW, started_at=900), set(), id="a first poll of exactly three intervals"),
        pytest.param(
            source_status(NEW, started_at=901, interval=86400.0, configured_interval=86400.0), set(), id="slow first"
        ),
        pytest.param(replace(DOWN, failure="rate_limited"), {"rate_limited"}, id="held back"),
        pytest.param(replace(UP, rate_limited_resources=2), {"rate_limited"}, id="some resources are held back"),
        pytest.param(
            replace(DOWN, failure="rate_limited", rate_limited_resources=2), {"rate_limited"}, id="both are one problem"
        ),
        pytest.param(replace(DOWN, failure="server_error"), set(), id="failing for another reason"),
        pytest.param(
            replace(UP, limits=frozenset(("pages", "labels"))),
            {"limit_reached pages", "limit_reached labels"},
            id="each cap by its name",
        ),
        pytest.param(
            replace(UP, unreadable_scopes=(CLOSED, CLOSED)), {"scopes_unreadable"}, id="scopes that cannot be listed"
        ),
        pytest.param(replace(UP, unreadable_scopes=()), set(), id="all can be"),
        pytest.param(replace(UP, interval=900.0), {"interval_stretched info"}, id="three times as long"),
        pytest.param(replace(UP, interval=301.0), {"interval_stretched info"}, id="a second more"),
        pytest.param(replace(UP, interval=299.0), set(), id="a second less"),
        pytest.param(replace(UP, interval=300.0), set(), id="exactly as configured"),
        pytest.param(replace(UP, listed_resources=0, matching_resources=0), set(), id="always empty"),
        pytest.param(
            replace(UP, listed_resources=0, matching_resources=0, observed=empty(2, 60)),
            {"emptied critical"},
            id="all are gone",
        ),
        pytest.param(
            replace(UP, listed_resources=0, matching_resources=0, observed=empty(2, DAY)),
            {"emptied critical"},
            id="for a day",
        ),
        pytest.param(
            replace(UP, listed_resources=0, matching_resources=0, observed=empty(2, DAY + 1)),
            set(),
            id="for a second more",
        ),
        pytest.param(
            replace(UP, listed_resources=0, matching_resources=0, observed=empty(0, 60)),
            set(),
            id="only paused ones are gone",
        ),
        pytest.param(
            replace(UP, listed_resources=1, matching_resources=1, observed=empty(2, None)), set(), id="one is left"
        ),
        pytest.param(
            replace(UP, listed_resources=40, matching_resources=0), {"emptied critical"}, id="the filters leave none"
        ),
        pytest.param(
            replace(UP, listed_resources=40, matching_resources=1, resources=0),
            set(),
            id="they leave one, of another shard",
        ),
        pytest.param(
            replace(DOWN, listed_resources=0, matching_resources=0, observed=empty(2, 60)),
            {"emptied critical"},
            id="down since then",
        ),
    ],
)
def test_source_words(status: SourceStatus, expected: set[str]) -> None:
    assert name_problems(judge_source(status, frozenset(), NOW).problems) == expected


def test_worst_first() -> None:
    bad = replace(DOWN, failure="forbidden", last_success=None, interval=600.0, unreadable_scopes=(CLOSED,))

    assert [one.word for one in judge_source(bad, frozenset(), NOW).problems] == [
        "credentials_rejected", "down", "interval_stretched",
    ]  # fmt: skip


def test_ignored_words_are_apart() -> None:
    bad = replace(DOWN, failure="forbidden", last_success=None)

    verdict = judge_source(bad, frozenset(("down",)), NOW)

    assert [one.word for one in verdict.problems] == ["credentials_rejected"]
    assert [one.word for one in verdict.ignored] == ["down"]


def test_texts_have_the_numbers() -> None:
    statuses = (
        source_status(DOWN, last_success=1200, failure="connection"),
        source_status(last_success=1200),
        replace(UP, interval=720.0),
        replace(UP, listed_resources=12, matching_resources=0),
        replace(UP, listed_resources=0, observed=empty(12, 3 * 3600)),
    )

    assert [one.text for status in statuses for one in judge_source(status, frozenset(), NOW).problems] == [
        "No poll has succeeded for 20 min, reason: connection.",
        "No poll has ended for 20 min; the interval is 5 min.",
        "Polled every 12 min instead of every 5 min: the vendor's rate limit does not allow more.",
        "The vendor lists 12 resources, and include and exclude leave none of them.",
        "The vendor lists no resource; until 3 h ago it listed 12.",
    ]


BEFORE = standing(
    Problem("down", WARNING, "before", since=ago(900)),
    Problem("limit_reached", WARNING, "before", since=ago(900), limit="pages"),
    Problem("emptied", CRITICAL, "before", since=ago(900)),
    Problem("scopes_unreadable", WARNING, "before", since=ago(900)),
)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(NEW, {"down", "limit_reached pages", "emptied critical", "scopes_unreadable"}, id="not polled"),
        pytest.param(
            replace(DOWN, last_success=None),
            {"down", "limit_reached pages", "emptied critical", "scopes_unreadable"},
            id="the first poll failed",
        ),
        pytest.param(
            replace(UP, listed_resources=1, matching_resources=1, unreadable_scopes=()),
            set(),
            id="a poll that succeeded ends them",
        ),
    ],
)
def test_what_stood_before_a_restart_stands_until_a_poll_ends_it(status: SourceStatus, expected: set[str]) -> None:
    verdict = judge_source(status, frozenset(), NOW, standing=BEFORE)

    assert name_problems(verdict.problems) == expected
    assert {one.since for one in verdict.problems} <= {ago(900)}


@pytest.mark.parametrize("word", ["credentials_rejected", "rate_limited"])
@pytest.mark.parametrize(("seconds", "stands"), [(599, False), (600, True), (DAY, True)])
def test_what_two_polls_heard_stands_through_an_outage_until_a_poll_succeeds(
    word: str, seconds: float, stands: bool
) -> None:
    heard = standing(Problem(word, SOURCE_WORDS[word][0], "heard", since=ago(seconds)))
    silent = replace(DOWN, failure="connection")

    assert [one.text for one in judge_source(silent, frozenset(), NOW, standing=heard).problems] == ["heard"] * stands
    assert judge_source(UP, frozenset(), NOW, standing=heard).problems == ()


def test_a_good_poll_ends_all_that_a_bad_one_said() -> None:
    rejected = replace(DOWN, failure="unauthorized", last_success=None, interval=900.0, limits=frozenset(("body",)))
    held_back = replace(UP, rate_limited_resources=2, unreadable_scopes=(CLOSED,))
    bad = [judge_source(one, frozenset(), NOW) for one in (rejected, held_back)]
    good = replace(UP, listed_resources=1, matching_resources=1, unreadable_scopes=())

    assert [name_problems(one.problems) for one in bad] == [
        {"credentials_rejected critical", "down", "limit_reached body", "interval_stretched info"},
        {"rate_limited", "scopes_unreadable"},
    ]
    assert [judge_source(good, frozenset(), NOW, standing=one.standing).problems for one in bad] == [(), ()]


def test_what_ends_by_itself_does_so_over_a_restart() -> None:
    gone = standing(Problem("emptied", CRITICAL, "before", since=ago(DAY), until=NOW))

    assert judge_source(NEW, frozenset(), NOW - 1, standing=gone).problems != ()
    assert judge_source(NEW, frozenset(), NOW, standing=gone).problems == ()

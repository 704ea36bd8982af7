"""The verdict on one source: how its polling goes, and whether its resources are gone."""

from collections.abc import Iterator
from itertools import chain

from exporter.human import count, duration
from exporter.schedule import DAY
from exporter.state.problem import CRITICAL, INFO, WARNING, EvaluationTime, Problem, Standing
from exporter.state.resource import SourceStatus
from exporter.state.resource_verdict import NOTHING_STANDS, Verdict, conclude
from exporter.state.verdict_inputs import STALE_INTERVALS

REJECTIONS = frozenset({"unauthorized", "forbidden"})
DOWN_INTERVALS = 2
"""Intervals without a good poll: at least two polls have failed."""
HEARD_WORDS = frozenset({"credentials_rejected", "rate_limited"})
"""Words about the requests themselves."""


def judge_source(
    status: SourceStatus,
    ignore: frozenset[str],
    now: float,
    *,
    standing: Standing = NOTHING_STANDS,
) -> Verdict:
    """Return the verdict on a source at `now`, and until when it holds if nothing is polled."""
    at = EvaluationTime(now)
    rules = (
        _judge_credentials,
        _judge_emptied,
        _judge_down,
        _judge_staleness,
        _judge_rate_limit,
        _judge_limits,
        _judge_scopes,
        _judge_interval,
    )
    found = {one.key: one for one in chain.from_iterable(rule(status, at) for rule in rules)}
    carried = {key: one for key, one in standing.items() if _is_carried(one, status, at)}
    return conclude({**carried, **found}, ignore, standing, at)


def _is_carried(one: Problem, status: SourceStatus, at: EvaluationTime) -> bool:
    """Return whether a problem lasts because what could end it has not been read.

    A third poll without an answer does not end what two polls reported; a single refusal may be part of the outage.
    """
    if one.until is not None and at.check_reached(one.until):
        return False
    if not status.polled:
        return True  # since before a restart
    if one.word == "emptied":
        return status.listed_resources is None
    if one.word == "scopes_unreadable":
        return status.unreadable_scopes is None or status.up is False
    if status.up is False and one.word in HEARD_WORDS:
        return one.since is not None and at.check_reached(one.since + DOWN_INTERVALS * status.interval)
    return status.up is False and one.word == "limit_reached"


def _judge_credentials(status: SourceStatus, at: EvaluationTime) -> Iterator[Problem]:
    del at
    if status.failure in REJECTIONS:
        text = f"The vendor rejects the credentials, reason: {status.failure}."
        yield Problem("credentials_rejected", CRITICAL, text)


def _judge_emptied(status: SourceStatus, at: EvaluationTime) -> Iterator[Problem]:
    if status.listed_resources and status.matching_resources == 0:
        number = count(status.listed_resources, "resource")
        text = f"The vendor lists {number}, and include and exclude leave none of them."
        yield Problem("emptied", CRITICAL, text)
        return
    gone, before = status.observed.emptied_at, status.observed.populated
    if gone is not None and before and not at.check_past(gone + DAY):
        text = f"The vendor lists no resource; until {duration(at.now - gone)} ago it listed {before}."
        yield Problem("emptied", CRITICAL, text, since=gone, until=gone + DAY)


def _judge_down(status: SourceStatus, at: EvaluationTime) -> Iterator[Problem]:
    if status.up is not False:
        return
    last, reason = status.last_success, status.failure or "unknown"
    if last is None:
        yield Problem("down", WARNING, f"No poll has succeeded since the start, reason: {reason}.")
    elif at.check_reached(last + DOWN_INTERVALS * status.interval):
        text = f"No poll has succeeded for {duration(at.now - last)}, reason: {reason}."
        yield Problem("down", WARNING, text, since=last + DOWN_INTERVALS * status.interval)


def _judge_staleness(status: SourceStatus, at: EvaluationTime) -> Iterator[Problem]:
    """Yield whether no poll ends although none fails: the exporter may hang."""
    since = status.last_success if status.polled else status.started_at
    if status.up is False or since is None:
        return
    due = since + STALE_INTERVALS * status.interval
    if at.check_past(due):
        text = f"No poll has ended for {duration(at.now - since)}; the interval is {duration(status.interval)}."
        yield Problem("data_stale", WARNING, text, since=due)


def _judge_rate_limit(status: SourceStatus, at: EvaluationTime) -> Iterator[Problem]:
    del at
    if status.failure == "rate_limited":
        yield Problem("rate_limited", WARNING, "The last poll failed because of the vendor's rate limit.")
    elif status.rate_limited_resources:
        number = count(status.rate_limited_resources, "resource")
        text = f"The last poll could not read {number} because of the vendor's rate limit."
        yield Problem("rate_limited", WARNING, text)


def _judge_limits(status: SourceStatus, at: EvaluationTime) -> Iterator[Problem]:
    del at
    for limit in status.limits:
        what = "not watched, or only together with others" if limit == "labels" else "not watched"
        text = f"The exporter's cap on {limit} was reached; what is beyond it is {what}."
        yield Problem("limit_reached", WARNING, text, limit=limit)


def _judge_scopes(status: SourceStatus, at: EvaluationTime) -> Iterator[Problem]:
    del at
    if status.unreadable_scopes and status.up is not False:  # else `down` reports it
        number = count(len(status.unreadable_scopes), "scope")
        text = f"{number} (projects, apps, customers or the like) could not be listed in the last discovery."
        yield Problem("scopes_unreadable", WARNING, text)


def _judge_interval(status: SourceStatus, at: EvaluationTime) -> Iterator[Problem]:
    del at
    if status.interval > status.configured_interval:
        text = f"Polled every {duration(status.interval)} instead of every {duration(status.configured_interval)}:"
        yield Problem("interval_stretched", INFO, f"{text} the vendor's rate limit does not allow more.")

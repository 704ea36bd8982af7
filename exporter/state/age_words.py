"""The words about how old backups are: too old, never succeeded, no limit."""

from collections.abc import Iterator

from exporter.human import duration
from exporter.state.case import Case
from exporter.state.limits import created_or_first_seen, max_age_by_kind
from exporter.state.problem import CRITICAL, WARNING, Problem


def judge_age(case: Case) -> Iterator[Problem]:
    """Yield what is wrong with the age of the newest completed backup, of all kinds together and of each."""
    success = case.summary.last_success if case.summary is not None else None
    if success is None:
        yield from _never_succeeded(case)
    else:
        yield from _too_old(case, success)
        yield from _by_kind(case, success)
    yield from _limit_unknown(case)


def _too_old(case: Case, success: float) -> Iterator[Problem]:
    if case.limit is None or not case.at.is_past(success + case.limit):
        return
    critical = case.limit * case.policy.thresholds.too_old_critical
    text = f"The newest completed backup started {duration(case.at.now - success)} ago; the limit is"
    text = f"{text} {duration(case.limit)}"
    if case.at.is_past(success + critical):
        text = f"{text}, and beyond {duration(critical)} it is critical."
        yield Problem("too_old", CRITICAL, text, since=success + case.limit)
    else:
        yield Problem("too_old", WARNING, f"{text}.", since=success + case.limit)


def _by_kind(case: Case, success: float) -> Iterator[Problem]:
    assert case.summary is not None  # noqa: S101 - there is a success
    by_kind = case.summary.last_success_by_kind
    for kind, limit in max_age_by_kind(case.status, case.policy).items():
        own = by_kind.get(kind)
        if own is None:
            yield from _never_by_kind(case, kind, limit)
        elif own < success and case.at.is_past(own + limit):
            age = duration(case.at.now - own)
            text = f"The newest completed {kind} backup started {age} ago; the limit of its schedule is"
            text = f"{text} {duration(limit)}. Backups of another kind are newer."
            yield Problem("too_old_by_kind", WARNING, text, kind=kind, since=own + limit)


def _never_by_kind(case: Case, kind: str, limit: float) -> Iterator[Problem]:
    known = case.status.observed.limits_since.get(kind)
    if known is None or not case.may_stand("never_succeeded_by_kind", kind) or not case.at.is_past(known + limit):
        return
    text = f"No completed {kind} backup is known; its schedule has been known for {duration(case.at.now - known)},"
    text = f"{text} and the limit is {duration(limit)}. Backups of another kind complete."
    yield Problem("never_succeeded_by_kind", WARNING, text, kind=kind, since=known + limit)


def _never_succeeded(case: Case) -> Iterator[Problem]:
    if case.limit is None or not case.may_stand("never_succeeded"):
        return
    since = created_or_first_seen(case.status)
    if not case.at.is_past(since + case.limit):
        return
    age = duration(case.at.now - since)
    age = f"has been known for {age}" if case.status.resource.created is None else f"is {age} old"
    text = f"No completed backup is known; the resource {age}, and the limit is {duration(case.limit)}."
    yield Problem("never_succeeded", CRITICAL, text, since=since + case.limit)


def _limit_unknown(case: Case) -> Iterator[Problem]:
    off = case.status.details is not None and case.status.details.scheduled is False
    if case.limit is None and not off and case.may_stand("limit_unknown"):
        text = "No age limit is known: the vendor lists no schedule, and max_age is not configured."
        yield Problem("limit_unknown", WARNING, text)

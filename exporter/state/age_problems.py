"""The problems of how old backups are: too old, never succeeded, no limit."""

from collections.abc import Iterator

from exporter.human import duration
from exporter.state.limits import created_or_first_seen, max_age_by_kind
from exporter.state.problem import CRITICAL, WARNING, Problem
from exporter.state.verdict_inputs import VerdictInputs


def judge_age(inputs: VerdictInputs) -> Iterator[Problem]:
    """Yield what is wrong with the age of the newest completed backup, of all kinds together and of each."""
    success = inputs.summary.last_success if inputs.summary is not None else None
    if success is None:
        yield from _judge_never_succeeded(inputs)
    else:
        yield from _judge_newest(inputs, success)
        yield from _judge_kinds(inputs, success)
    yield from _judge_limit_unknown(inputs)


def _judge_newest(inputs: VerdictInputs, success: float) -> Iterator[Problem]:
    if inputs.limit is None or not inputs.at.check_past(success + inputs.limit):
        return
    critical = inputs.limit * inputs.policy.thresholds.too_old_critical
    text = f"The newest completed backup started {duration(inputs.at.now - success)} ago; the limit is"
    text = f"{text} {duration(inputs.limit)}"
    if inputs.at.check_past(success + critical):
        text = f"{text}, and beyond {duration(critical)} it is critical."
        yield Problem("too_old", CRITICAL, text, since=success + inputs.limit)
    else:
        yield Problem("too_old", WARNING, f"{text}.", since=success + inputs.limit)


def _judge_kinds(inputs: VerdictInputs, success: float) -> Iterator[Problem]:
    assert inputs.summary is not None  # noqa: S101 - there is a success
    by_kind = inputs.summary.last_success_by_kind
    for kind, limit in max_age_by_kind(inputs.status, inputs.policy).items():
        own = by_kind.get(kind)
        if own is None:
            yield from _judge_never_by_kind(inputs, kind, limit)
        elif own < success and inputs.at.check_past(own + limit):
            age = duration(inputs.at.now - own)
            text = f"The newest completed {kind} backup started {age} ago; the limit of its schedule is"
            text = f"{text} {duration(limit)}. Backups of another kind are newer."
            yield Problem("too_old_by_kind", WARNING, text, kind=kind, since=own + limit)


def _judge_never_by_kind(inputs: VerdictInputs, kind: str, limit: float) -> Iterator[Problem]:
    known = inputs.status.observed.limits_since.get(kind)
    if (
        known is None
        or not inputs.may_stand("never_succeeded_by_kind", kind)
        or not inputs.at.check_past(known + limit)
    ):
        return
    text = f"No completed {kind} backup is known; its schedule has been known for {duration(inputs.at.now - known)},"
    text = f"{text} and the limit is {duration(limit)}. Backups of another kind complete."
    yield Problem("never_succeeded_by_kind", WARNING, text, kind=kind, since=known + limit)


def _judge_never_succeeded(inputs: VerdictInputs) -> Iterator[Problem]:
    if inputs.limit is None or not inputs.may_stand("never_succeeded"):
        return
    since = created_or_first_seen(inputs.status)
    if not inputs.at.check_past(since + inputs.limit):
        return
    age = duration(inputs.at.now - since)
    age = f"has been known for {age}" if inputs.status.resource.created is None else f"is {age} old"
    text = f"No completed backup is known; the resource {age}, and the limit is {duration(inputs.limit)}."
    yield Problem("never_succeeded", CRITICAL, text, since=since + inputs.limit)


def _judge_limit_unknown(inputs: VerdictInputs) -> Iterator[Problem]:
    off = inputs.status.details is not None and inputs.status.details.scheduled is False
    if inputs.limit is None and not off and inputs.may_stand("limit_unknown"):
        text = "No age limit is known: the vendor lists no schedule, and max_age is not configured."
        yield Problem("limit_unknown", WARNING, text)

"""The problems of what is kept, what is scheduled, and what cannot be read."""

from collections.abc import Iterator

from exporter.human import duration
from exporter.model import Status
from exporter.schedule import DAY
from exporter.state.limits import created_or_first_seen
from exporter.state.problem import CRITICAL, INFO, WARNING, Problem
from exporter.state.resource import FUTURE_TOLERANCE
from exporter.state.summary import Summary
from exporter.state.verdict_inputs import VerdictInputs

MAX_PAUSE = 7 * DAY
UNREAD_WAIT = 1800.0
RARE_INTERVAL = 900.0
"""If polls are further apart, an unreadable resource gets the longer wait."""
RARE_UNREAD_WAIT = 9000.0


def judge_kept(inputs: VerdictInputs) -> Iterator[Problem]:
    """Yield what is wrong with how many backups are kept, and how far back they reach."""
    summary = inputs.summary
    if summary is None:
        return
    completed = summary.counts.get(Status.COMPLETED)
    window = summary.oldest_success is not None or _has_recovery_point(inputs)
    if completed is not None and not (completed == 0 and window):
        yield from _judge_number(inputs, completed)
    if summary.oldest_success is not None:
        yield from _judge_retention(inputs, summary.oldest_success)
    if completed == 0 and not window and summary.last_success is not None and inputs.may_stand("nothing_to_restore"):
        age = duration(inputs.at.now - summary.last_success)
        text = f"The vendor lists no completed backup any more; the last one started {age} ago."
        yield Problem("nothing_to_restore", CRITICAL, text)
    yield from _judge_records(inputs, summary)


def _has_recovery_point(inputs: VerdictInputs) -> bool:
    """Return whether the vendor gives the newest point of a recovery window; such a vendor may list no backups."""
    listing = inputs.status.listing
    return listing is not None and listing.recovery is not None and listing.recovery.latest is not None


def _judge_number(inputs: VerdictInputs, completed: int) -> Iterator[Problem]:
    wanted = inputs.policy.min_backups
    if wanted is None or completed >= wanted:
        return
    if inputs.limit is not None and not inputs.at.check_past(
        created_or_first_seen(inputs.status) + wanted * inputs.limit
    ):
        return  # too young to have that many
    text = f"{completed} completed backup{'s are' if completed != 1 else ' is'} listed; at least {wanted} are wanted."
    yield Problem("too_few", WARNING, text)


def _judge_retention(inputs: VerdictInputs, oldest: float) -> Iterator[Problem]:
    wanted = inputs.policy.min_retention
    if wanted is None or inputs.at.check_reached(oldest + wanted):
        return
    if not inputs.at.check_past(created_or_first_seen(inputs.status) + wanted + (inputs.limit or 0.0)):
        return  # too young to reach back that far
    reach = duration(max(0.0, inputs.at.now - oldest))
    text = f"The oldest completed backup listed started {reach} ago; {duration(wanted)} are wanted."
    yield Problem("retention_too_short", WARNING, text)


def _judge_records(inputs: VerdictInputs, summary: Summary) -> Iterator[Problem]:
    starts = (summary.last_attempt, summary.last_success, summary.future)
    newest = max((start for start in starts if start is not None), default=None)
    if newest is not None and not inputs.at.check_reached(newest - FUTURE_TOLERANCE):
        text = f"The newest backup has a start time {duration(newest - inputs.at.now)} in the future."
        yield Problem("time_in_future", WARNING, text, until=newest - FUTURE_TOLERANCE)
    if inputs.status.unreadable_records:
        number = inputs.status.unreadable_records
        text = f"{number} record{'s' if number != 1 else ''} of the newest whole listing could not be understood."
        yield Problem("records_unreadable", WARNING, text)


def judge_schedule(inputs: VerdictInputs) -> Iterator[Problem]:
    """Yield what is wrong with the vendor's schedule."""
    details = inputs.status.details
    if details is None:
        return
    if details.scheduled is False:
        text = "The vendor reports that no backups are scheduled."
        if inputs.limit is None:
            text = f"{text} max_age is not configured either, so nothing else reports when backups stop."
        yield Problem("schedule_off", WARNING, text)
    if details.scheduled is not True:
        return
    for kind, gone in inputs.status.observed.gone_schedules.items():
        until = gone.since + DAY
        if inputs.may_stand("schedule_gone", kind) and not inputs.at.check_past(until):
            text = f"Until {duration(inputs.at.now - gone.since)} ago {kind} backups were scheduled every"
            text = f"{text} {duration(gone.interval)}; now only other kinds are."
            yield Problem("schedule_gone", WARNING, text, kind=kind, since=gone.since, until=until)


def judge_reading(inputs: VerdictInputs) -> Iterator[Problem]:
    """Yield whether a resource cannot be read while its source can; once unreadable, it stays so until it is read."""
    if inputs.status.up is not False:
        return
    standing = ("unreadable", "", "") in inputs.standing
    if inputs.source.up is not True and not standing:
        return
    read, reason = inputs.status.observed.read_at, inputs.status.failure or "unknown"
    if read is None:
        yield Problem("unreadable", WARNING, f"It was not read since the exporter started, reason: {reason}.")
        return
    wait = RARE_UNREAD_WAIT if inputs.source.interval > RARE_INTERVAL else UNREAD_WAIT
    if standing or inputs.at.check_reached(read + wait):
        text = f"It was not read for {duration(inputs.at.now - read)}, reason: {reason}."
        yield Problem("unreadable", WARNING, text, since=read + wait)


def judge_pause(inputs: VerdictInputs) -> Iterator[Problem]:
    """Yield whether a paused resource has been so for a week."""
    since = inputs.status.observed.paused_since
    if since is not None and inputs.at.check_reached(since + MAX_PAUSE):
        text = f"Paused for {duration(inputs.at.now - since)}; its backups are not judged meanwhile."
        yield Problem("paused_too_long", INFO, text, since=since + MAX_PAUSE)

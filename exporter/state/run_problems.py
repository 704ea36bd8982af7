"""The problems of runs: failed, failing, stuck, standing still, slow; and about restores and downloads."""

from collections.abc import Iterator

from exporter.human import count, duration
from exporter.model import Status
from exporter.state.problem import INFO, WARNING, Problem
from exporter.state.summary import Summary
from exporter.state.verdict_inputs import VerdictInputs

MIN_STUCK = 900.0
"""Seconds before which no run is stuck, however quick it usually is."""
MIN_SLOW = 600.0
"""Seconds beyond the typical duration before which no run is slow."""
FEWEST_POLLS = 4
"""How many polls must have seen the same percentage before it counts as stalled."""


def judge_runs(inputs: VerdictInputs) -> Iterator[Problem]:
    """Yield what is wrong with the runs of a resource that has been listed, or is remembered."""
    if inputs.summary is not None:
        yield from _judge_failures(inputs, inputs.summary)
        yield from _judge_failures_by_kind(inputs, inputs.summary)
        yield from _judge_running(inputs, inputs.summary)
        yield from _judge_durations(inputs, inputs.summary)
        if inputs.summary.item_failures:
            text = f"{count(inputs.summary.item_failures, 'item')} failed within the newest completed backup."
            yield Problem("partly_failed", WARNING, text)
    yield from _judge_restore(inputs)
    if inputs.status.not_downloadable:
        text = f"The newest completed backup could not be downloaded: {inputs.status.not_downloadable}."
        yield Problem("not_downloadable", WARNING, text)


def _judge_failures(inputs: VerdictInputs, summary: Summary) -> Iterator[Problem]:
    success, failure = summary.last_success, summary.last_failure
    if success is not None and failure is not None and success > failure:
        return
    if summary.last_finished is Status.FAILED:
        began = "" if failure is None else f", started {duration(inputs.at.now - failure)} ago,"
        done = "none is known to have completed"
        if success is not None:
            done = f"the newest completed one started {duration(inputs.at.now - success)} ago"
        text = f"The newest backup that has ended{began} failed; {done}."
        yield Problem("last_run_failed", WARNING, text)
    if summary.failures is not None and summary.failures >= inputs.policy.thresholds.failures:
        if success is None:
            since = "; none is known to have completed"
        else:
            since = f" since the newest completed one, which started {duration(inputs.at.now - success)} ago"
        text = f"{count(summary.failures, 'backup')} failed{since}."
        yield Problem("failing_repeatedly", WARNING, text)


def _judge_failures_by_kind(inputs: VerdictInputs, summary: Summary) -> Iterator[Problem]:
    most = inputs.policy.thresholds.failures
    if summary.failures is None or summary.failures >= most:
        return  # `failing_repeatedly` covers every kind
    failure = summary.last_failure
    for kind, failures in summary.failures_by_kind.items():
        success = summary.last_success_by_kind.get(kind)
        if not kind or failures < most or (success is not None and failure is not None and success > failure):
            continue
        text = f"{count(failures, f'{kind} backup')} failed since the last success of that kind; another kind succeeds."
        yield Problem("failing_repeatedly_by_kind", WARNING, text, kind=kind)


def _judge_running(inputs: VerdictInputs, summary: Summary) -> Iterator[Problem]:
    if summary.running_since is None:
        return
    typical = max(summary.typical_duration.values(), default=None)
    if typical is None:
        limit, usually = inputs.policy.max_duration, "max_duration is"
    else:
        limit, usually = max(inputs.policy.thresholds.stuck * typical, MIN_STUCK), "usually"
    if limit is not None and inputs.may_stand("stuck") and inputs.at.check_past(summary.running_since + limit):
        running = duration(inputs.at.now - summary.running_since)
        text = f"Running for {running}; {usually} {duration(limit if typical is None else typical)}."
        yield Problem("stuck", WARNING, text, since=summary.running_since + limit)
    yield from _judge_stalled(inputs, summary)


def _judge_stalled(inputs: VerdictInputs, summary: Summary) -> Iterator[Problem]:
    since, wait = inputs.status.observed.progress_since, _stalling_time(inputs)
    if summary.progress is None or since is None or wait is None or not inputs.may_stand("progress_stalled"):
        return
    if inputs.at.check_reached(since + wait):
        text = f"The backup in progress has been at {summary.progress:.3g} % for {duration(inputs.at.now - since)}."
        yield Problem("progress_stalled", WARNING, text, since=since + wait)


def _stalling_time(inputs: VerdictInputs) -> float | None:
    """Return how long a percentage must be unchanged: four polls at least; None if polls are too rare."""
    stalled, interval = inputs.policy.thresholds.stalled, inputs.source.interval
    if interval * FEWEST_POLLS <= stalled:
        return stalled
    return stalled * FEWEST_POLLS if interval <= stalled else None


def _judge_durations(inputs: VerdictInputs, summary: Summary) -> Iterator[Problem]:
    for kind, took in summary.last_duration.items():
        typical = summary.typical_duration.get(kind)
        if typical is not None and took > inputs.policy.thresholds.slow * typical and took - typical > MIN_SLOW:
            named = f"{kind} backup" if kind else "backup"
            text = f"The newest completed {named} took {duration(took)}; usually {duration(typical)}."
            yield Problem("slow", INFO, text, kind=kind)


def _judge_restore(inputs: VerdictInputs) -> Iterator[Problem]:
    restore = inputs.status.details.restore if inputs.status.details is not None else None
    if restore is None or restore.status is not Status.FAILED:
        return
    until = restore.started + inputs.policy.thresholds.restore_failed
    if not inputs.at.check_reached(until):
        text = f"The newest restore, started {duration(inputs.at.now - restore.started)} ago, failed."
        yield Problem("restore_failed", WARNING, text, until=until)

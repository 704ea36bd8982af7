"""The problems of the size of the newest completed backup, by kind."""

from collections.abc import Iterator

from exporter.human import size
from exporter.state.problem import INFO, WARNING, Problem, Severity
from exporter.state.verdict_inputs import VerdictInputs

MIB = 1024.0 * 1024.0
MIN_DROP = MIB
MIN_GROWTH = 10 * MIB


def judge_sizes(inputs: VerdictInputs) -> Iterator[Problem]:
    """Yield what is wrong with the sizes of a resource's newest completed backups."""
    if inputs.summary is None:
        return
    thresholds = inputs.policy.thresholds
    for kind, newest in inputs.summary.last_size.items():
        if kind in inputs.policy.delta_kinds:
            continue
        if newest == 0:
            yield Problem("empty", WARNING, f"The newest completed {_name(kind)} has 0 bytes.", kind=kind)
            continue
        typical = inputs.summary.typical_size.get(kind)
        if typical is None:
            continue
        if newest < thresholds.size_drop * typical and typical - newest > MIN_DROP:
            yield _judge_change("size_dropped", WARNING, kind, newest, typical)
        elif newest > thresholds.size_growth * typical and newest - typical > MIN_GROWTH:
            yield _judge_change("size_grew", INFO, kind, newest, typical)


def _judge_change(word: str, severity: Severity, kind: str, newest: float, typical: float) -> Problem:
    text = f"The newest completed {_name(kind)} has {size(newest)}; usually {size(typical)}."
    return Problem(word, severity, text, kind=kind)


def _name(kind: str) -> str:
    return f"{kind} backup" if kind else "backup"

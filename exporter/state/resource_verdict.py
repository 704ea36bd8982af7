"""The verdict on one resource: a pure function of its status, its policy and the time."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from math import inf
from types import MappingProxyType

from exporter.settings import Policy
from exporter.state.age_problems import judge_age
from exporter.state.content_problems import judge_kept, judge_pause, judge_reading, judge_schedule
from exporter.state.problem import EvaluationTime, Problem, Standing, worst_first, worst_rank
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.run_problems import judge_runs
from exporter.state.size_problems import judge_sizes
from exporter.state.steady_clock import Jump
from exporter.state.verdict_inputs import VerdictInputs

NOTHING_STANDS: Standing = MappingProxyType({})

REMEMBERED_WORDS = frozenset({
    "too_old", "too_old_by_kind", "never_succeeded", "limit_unknown", "slow", "size_dropped", "size_grew", "empty",
    "schedule_off", "schedule_gone", "paused_too_long",
})  # fmt: skip
"""Their inputs are in the state file, so that after a restart they are judged before anything is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong with one resource or source at one instant."""

    problems: tuple[Problem, ...] = ()
    """Worst first; each has its `since`."""
    ignored: tuple[Problem, ...] = ()
    """What would be a problem, but is ignored by configuration."""
    state: str = "fine"
    """The overall state: one of STATES."""
    due: float = inf
    """The next instant at which it may be another verdict although nothing is read."""

    @property
    def rank(self) -> int:
        """The worst severity: 0 none, 1 info, 2 warning, 3 critical."""
        return worst_rank(self.problems)

    @property
    def standing(self) -> Standing:
        """All problems by their keys, the ignored ones too: which the next verdict continues from."""
        return {one.key: one for one in chain(self.problems, self.ignored)}

    def shift(self, jump: Jump) -> "Verdict":
        """Return it on a clock that has been set; where it has problems, it is due."""
        problems, ignored = (tuple(one.shift(jump) for one in found) for found in (self.problems, self.ignored))
        return replace(self, problems=problems, ignored=ignored, due=-inf) if problems or ignored else self


STATES = ("critical", "warning", "info", "fine", "paused")
"""The overall states of a resource, worst first."""


def count_states(verdicts: Iterable[Verdict]) -> Mapping[str, int]:
    """Return how many verdicts there are of each state, worst first."""
    counts = Counter(verdict.state for verdict in verdicts)
    return {state: counts[state] for state in STATES}


def judge(
    status: ResourceStatus, policy: Policy, now: float, *, source: SourceStatus, standing: Standing = NOTHING_STANDS
) -> Verdict:
    """Return the verdict on a resource at `now`, and until when it holds if nothing is read."""
    at = EvaluationTime(now)
    inputs = VerdictInputs(status=status, policy=policy, source=source, standing=standing, at=at)
    paused = policy.paused or status.paused
    if paused:
        found: Iterable[Problem] = judge_pause(inputs)
    else:
        rules = (judge_age, judge_runs, judge_sizes, judge_kept, judge_schedule, judge_reading)
        found = chain.from_iterable(rule(inputs) for rule in rules)
    by_key = {one.key: one for one in found}
    if not paused and not inputs.read:
        by_key = {**_carry(standing, at), **by_key}
    return conclude(by_key, policy.ignore, standing, at, paused=paused)


def conclude(
    found: Mapping[tuple[str, str, str], Problem],
    ignore: frozenset[str],
    standing: Standing,
    at: EvaluationTime,
    *,
    paused: bool = False,
) -> Verdict:
    """Return the verdict made of problems, each with its beginning, the ignored ones apart."""
    dated = worst_first(one.begin(standing.get(one.key), at.now) for one in found.values()) if found else ()
    ignored = tuple(one for one in dated if one.word in ignore) if ignore else ()
    left = tuple(one for one in dated if one.word not in ignore) if ignored else dated
    state = "paused" if paused else left[0].severity.value if left else "fine"
    return Verdict(problems=left, ignored=ignored, state=state, due=at.due)


def _carry(standing: Standing, at: EvaluationTime) -> Standing:
    """Return the problems from before a restart that only a reading can end, or their own time."""
    return {
        key: one
        for key, one in standing.items()
        if one.word not in REMEMBERED_WORDS and (one.until is None or not at.check_reached(one.until))
    }

"""What is kept of verdicts across a restart: problems with their beginning, and observations over time.

The fields are the file's format. Whatever an older file lacks is unknown, and makes no problem.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import MappingProxyType

from exporter.state.observations import UNOBSERVED, GoneSchedule, Observations, SourceObservations
from exporter.state.problem import RESOURCE_WORDS, SOURCE_WORDS, Problem, Severity
from exporter.state.verdicts import DisappearedResource, RestoredSource


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProblem:
    """One problem as it stood."""

    problem: str
    severity: str
    text: str = ""
    kind: str = ""
    limit: str = ""
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSchedule:
    """A schedule that went."""

    since: float
    interval: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObservations:
    """What was observed of a resource."""

    limits_since: dict[str, float] = field(default_factory=dict)
    gone_schedules: dict[str, StoredSchedule] = field(default_factory=dict)
    progress_since: float | None = None
    progress_of: tuple[float | None, float] | None = None
    paused_since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDisappearance:
    """A resource that is reported as gone."""

    name: str = ""
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSource:
    """What is kept of a source itself."""

    name: str
    provider: str
    populated: int | None = None
    emptied_at: float | None = None
    problems: tuple[StoredProblem, ...] = ()
    disappeared: dict[str, StoredDisappearance] = field(default_factory=dict)
    options: str | None = None
    """A digest of its options but for secrets; empty where no complete discovery has followed a change."""

    def restore(self) -> RestoredSource:
        """Return what a source goes on from."""
        gone = {
            key: DisappearedResource(name=one.name or key, since=one.since) for key, one in self.disappeared.items()
        }
        return RestoredSource(
            provider=self.provider,
            observed=SourceObservations(populated=self.populated, emptied_at=self.emptied_at),
            problems=load_problems(self.problems),
            disappeared=gone,
            options=self.options,
        )


def store_problems(problems: Iterable[Problem]) -> tuple[StoredProblem, ...]:
    """Return what is kept of problems."""
    return tuple(
        StoredProblem(
            problem=one.word,
            severity=one.severity.value,
            text=one.text,
            kind=one.kind,
            limit=one.limit,
            since=one.since,
            until=one.until,
        )
        for one in problems
    )


def load_problems(stored: Iterable[StoredProblem]) -> tuple[Problem, ...]:
    """Return problems as they stood; a word or severity that this exporter does not know is left out."""
    known = {**RESOURCE_WORDS, **SOURCE_WORDS}
    severities = set(Severity)
    return tuple(
        Problem(
            one.problem,
            Severity(one.severity),
            one.text,
            kind=one.kind,
            since=one.since,
            limit=one.limit,
            until=one.until,
        )
        for one in stored
        if one.problem in known and one.severity in severities
    )


def store_observations(known: Observations) -> StoredObservations | None:
    """Return what is kept of observations; None if there is nothing to keep."""
    kept = StoredObservations(
        limits_since=dict(known.limits_since),
        gone_schedules={
            kind: StoredSchedule(since=one.since, interval=one.interval) for kind, one in known.gone_schedules.items()
        },
        progress_since=known.progress_since,
        progress_of=known.progress_of,
        paused_since=known.paused_since,
    )
    return None if kept == StoredObservations() else kept


def load_observations(stored: StoredObservations | None) -> Observations:
    """Return the observations that were stored."""
    if stored is None:
        return UNOBSERVED
    return Observations(
        limits_since=MappingProxyType(stored.limits_since),
        gone_schedules=MappingProxyType({
            kind: GoneSchedule(since=one.since, interval=one.interval) for kind, one in stored.gone_schedules.items()
        }),
        progress_since=stored.progress_since,
        progress_of=stored.progress_of,
        paused_since=stored.paused_since,
    )  # fmt: skip

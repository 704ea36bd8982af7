"""The inputs of a verdict on one resource: what is known of it, its policy, and the problems of the last verdict."""

from dataclasses import dataclass, field

from exporter.settings import Policy
from exporter.state.limits import max_age
from exporter.state.problem import EvaluationTime, Standing
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.summary import Summary

STALE_INTERVALS = 3
"""Poll intervals after which a reading no longer counts as fresh."""


@dataclass(slots=True, kw_only=True)
class VerdictInputs:
    """What the rules of the words read."""

    status: ResourceStatus
    policy: Policy
    source: SourceStatus
    standing: Standing
    at: EvaluationTime
    limit: float | None = field(init=False)
    """The age limit in force."""
    fresh: bool = field(init=False)
    """What `backup_resource_up` says: read whole in the newest poll, and that is not long ago."""

    def __post_init__(self) -> None:
        """Compute what several rules need."""
        self.limit = max_age(self.status, self.policy)
        self.fresh = is_fresh(self.status, self.source, self.at.now)

    @property
    def summary(self) -> Summary | None:
        """The numbers of the resource's backups; None before the first listing if nothing is remembered."""
        return self.status.summary

    @property
    def read(self) -> bool:
        """Whether it was read whole since the start."""
        return self.status.up is True or self.status.observed.read_at is not None

    def may_stand(self, word: str, kind: str = "") -> bool:
        """Return whether a word that begins only while the resource is read may stand now."""
        return self.fresh or (word, kind, "") in self.standing


def is_fresh(status: ResourceStatus, source: SourceStatus, now: float) -> bool:
    """Return whether a resource was read whole in its newest poll, at most three intervals ago."""
    return status.up is True and not is_stale(source, now)


def is_stale(source: SourceStatus, now: float) -> bool:
    """Return whether a source's newest poll is more than three intervals ago."""
    return source.polled_at is not None and now > source.polled_at + STALE_INTERVALS * source.interval

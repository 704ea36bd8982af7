"""A resource as metrics, pages and the state file see it: what is known of it, what is demanded, what is wrong."""

from dataclasses import dataclass, field, replace

from exporter.settings import Policy
from exporter.state.resource import ResourceStatus
from exporter.state.resource_verdict import Verdict

FINE = Verdict()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceView:
    """One resource at one instant; the store makes it when something is read or when its verdict is due."""

    status: ResourceStatus
    policy: Policy = field(default_factory=Policy)
    verdict: Verdict = FINE
    up: bool | None = None
    """Whether it was read whole in its newest poll, at most three intervals ago; None before the first."""

    def snapshot(self) -> ResourceStatus:
        """Return the status with its problems, as it outlives a restart, a reload or the resource's disappearance."""
        return replace(self.status, restored=(*self.verdict.problems, *self.verdict.ignored))

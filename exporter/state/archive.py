"""Keeps the state of resources that are gone, for as long as they may come back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from exporter.model import Resource
from exporter.state.history import History
from exporter.state.observations import UNOBSERVED, Observations
from exporter.state.problem import Problem
from exporter.state.resource import FUTURE_TOLERANCE, ResourceStatus
from exporter.state.summary import summarize_remembered
from exporter.state.verdicts import RestoredSource

RETENTION = 7 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedResource:
    """What outlives a resource's disappearance, or a restart."""

    first_seen: float
    created: float | None
    history: History
    gone_since: float
    observed: Observations = UNOBSERVED
    problems: tuple[Problem, ...] = ()
    uid: str = ""


class Archive:
    """The resources that are not in the store, by source and resource id."""

    def __init__(self, stored: Mapping[tuple[str, str], ArchivedResource] | None = None) -> None:
        """Start with what a state file kept."""
        self._gone = dict(stored or {})
        self._live: dict[str, Sequence[ResourceStatus]] = {}
        self._sources: dict[str, RestoredSource] = {}

    def load(
        self,
        gone: Mapping[tuple[str, str], ArchivedResource],
        live: Mapping[str, Sequence[ResourceStatus]],
        sources: Mapping[str, RestoredSource],
    ) -> None:
        """Take what a state file kept: of resources that are gone, and by source of those that were there."""
        self._gone.update(gone)
        self._live.update(live)
        self._sources.update(sources)

    def find_live(self, source: str) -> Sequence[ResourceStatus]:
        """Return the resources that a source had before the restart."""
        return self._live.get(source, ())

    def find_source(self, source: str) -> RestoredSource | None:
        """Return what the state file held of a source itself."""
        return self._sources.get(source)

    def drop_live(self, source: str) -> None:
        """Forget what a source had before the restart, since the store has it now."""
        self._live.pop(source, None)
        self._sources.pop(source, None)

    def restore(self, source: str, resource: Resource, now: float, *, sizes: bool) -> ResourceStatus:
        """Return a newly discovered resource, with what is remembered of it; nothing of another thing of its name."""
        known = self._gone.pop((source, resource.id), None)
        if known is None or resource.replaces(known.uid, known.created) or now - known.gone_since > RETENTION:
            return ResourceStatus(resource=resource, first_seen=now, details=resource.details)
        summary = summarize_remembered(known.history, sizes=sizes, until=now + FUTURE_TOLERANCE)
        return ResourceStatus(
            resource=resource,
            first_seen=known.first_seen,
            details=resource.details,
            history=known.history,
            summary=summary,
            observed=known.observed,
            restored=known.problems,
        )

    def add(self, source: str, resource_status: ResourceStatus, now: float) -> None:
        """Remember a resource that is gone."""
        key = source, resource_status.resource.id
        self._gone.pop(key, None)
        self._gone[key] = archive(resource_status, now)

    def expire(self, now: float) -> None:
        """Forget the resources that have been gone for too long."""
        for key in [key for key, one in self._gone.items() if now - one.gone_since > RETENTION]:
            del self._gone[key]

    def entries(self, now: float) -> Iterator[tuple[tuple[str, str], ArchivedResource]]:
        """Yield what is still worth remembering."""
        yield from ((key, one) for key, one in self._gone.items() if now - one.gone_since <= RETENTION)


def archive(resource_status: ResourceStatus, now: float) -> ArchivedResource:
    """Return what outlives a resource, as if it were gone since `now`."""
    history = replace(resource_status.history, attempt=None, failure=None, finished=None)
    resource = resource_status.resource
    return ArchivedResource(
        first_seen=resource_status.first_seen,
        created=resource.created,
        history=history,
        gone_since=now,
        observed=replace(resource_status.observed, read_at=None),
        problems=resource_status.restored,
        uid=resource.uid,
    )

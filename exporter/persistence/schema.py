"""The records of the state file, and how they are made from the state and turned into it again.

The fields are the file's format: named one by one, so that nothing gets into the file that was not meant to.
"""

from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType

from exporter.model import Details, KindGroup, Resource
from exporter.persistence.verdicts import (
    StoredObservations,
    StoredProblem,
    load_observations,
    load_problems,
    store_observations,
    store_problems,
)
from exporter.state.archive import ArchivedResource
from exporter.state.download_check import DownloadCheck
from exporter.state.history import History
from exporter.state.recent_backups import CompletedBackup, RecentBackups
from exporter.state.resource import FUTURE_TOLERANCE, ResourceStatus
from exporter.state.summary import summarize_remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDetails:
    """The inputs of the age limit, so that a backup can be too old while the vendor is down."""

    scheduled: bool | None = None
    interval: float | None = None
    intervals: dict[str, float] = field(default_factory=dict)
    groups: tuple[KindGroup, ...] = ()
    retention: float | None = None
    recovers: bool | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDownloadCheck:
    """When the download was last checked, so that a restart does not check everything at once."""

    at: float
    reason: str | None = None
    """Why it failed; none if it did not."""
    duration: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResource:
    """One resource in the state file; `gone_since` stands on one that has disappeared."""

    source: str
    provider: str = ""
    id: str
    name: str = ""
    kind: str = ""
    scope: str = ""
    place: tuple[str, ...] = ()
    first_seen: float
    created: float | None = None
    uid: str = ""
    gone_since: float | None = None
    paused: bool = False
    facts: StoredDetails | None = None
    successes: dict[str, tuple[CompletedBackup, ...]] = field(default_factory=dict)
    download_check: StoredDownloadCheck | None = None
    observed: StoredObservations | None = None
    problems: tuple[StoredProblem, ...] = ()

    def history(self) -> History:
        """Return the successes in the order that the rest relies on, whoever wrote the file."""
        successes = {kind: RecentBackups(known) for kind, known in self.successes.items() if known}
        return History(successes=MappingProxyType(successes))

    def to_status(self, *, sizes: bool, now: float = inf) -> ResourceStatus:
        """Return the resource as the store holds it after a restart: its history, but no numbers of a listing."""
        history = self.history()
        return ResourceStatus(
            resource=Resource(
                id=self.id,
                name=self.name,
                kind=self.kind,
                created=self.created,
                uid=self.uid,
                paused=self.paused,
                path=self.place,
                scope=self.scope,
            ),
            first_seen=self.first_seen,
            details=None if self.facts is None else _load_details(self.facts),
            history=history,
            summary=summarize_remembered(history, sizes=sizes, until=now + FUTURE_TOLERANCE),
            download_check=None if self.download_check is None else _load_check(self.download_check),
            observed=load_observations(self.observed),
            restored=load_problems(self.problems),
        )

    def to_archived(self, now: float) -> ArchivedResource:
        """Return it as a resource that is gone, since `now` if it was there when the file was written."""
        return ArchivedResource(
            first_seen=self.first_seen,
            created=self.created,
            uid=self.uid,
            history=self.history(),
            gone_since=now if self.gone_since is None else self.gone_since,
            observed=load_observations(self.observed),
            problems=load_problems(self.problems),
        )


def store_live(source: str, provider: str, resource_status: ResourceStatus) -> StoredResource:
    """Return what is kept of a resource that is there; `restored` are the problems that it has."""
    resource = resource_status.resource
    return StoredResource(
        source=source,
        provider=provider,
        id=resource.id,
        name=resource.name,
        kind=resource.kind,
        scope=resource.scope,
        place=resource.path,
        first_seen=resource_status.first_seen,
        created=resource.created,
        uid=resource.uid,
        paused=resource.paused,
        facts=None if resource_status.details is None else _store_details(resource_status.details),
        successes={kind: tuple(known) for kind, known in resource_status.history.successes.items()},
        download_check=_store_check(resource_status.download_check),
        observed=store_observations(resource_status.observed),
        problems=store_problems(resource_status.restored),
    )


def store_archived(source: str, id_: str, known: ArchivedResource) -> StoredResource:
    """Return what is kept of a resource that is gone."""
    return StoredResource(
        source=source,
        id=id_,
        first_seen=known.first_seen,
        created=known.created,
        uid=known.uid,
        gone_since=known.gone_since,
        successes={kind: tuple(recent) for kind, recent in known.history.successes.items()},
        observed=store_observations(known.observed),
        problems=store_problems(known.problems),
    )


def _store_details(details: Details) -> StoredDetails:
    return StoredDetails(
        scheduled=details.scheduled,
        interval=details.interval,
        intervals=dict(details.intervals),
        groups=details.groups,
        retention=details.retention,
        recovers=details.recovers,
        paused=details.paused,
    )


def _load_details(known: StoredDetails) -> Details:
    return Details(
        scheduled=known.scheduled,
        interval=known.interval,
        intervals=MappingProxyType(known.intervals),
        groups=known.groups,
        retention=known.retention,
        recovers=known.recovers,
        paused=known.paused,
    )


def _store_check(check: DownloadCheck | None) -> StoredDownloadCheck | None:
    if check is None or check.at is None:
        return None
    return StoredDownloadCheck(at=check.at, reason=check.reason, duration=check.duration)


def _load_check(known: StoredDownloadCheck) -> DownloadCheck:
    return DownloadCheck(at=known.at, success=known.reason is None, reason=known.reason, duration=known.duration)

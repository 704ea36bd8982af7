"""The status of a source and of each of its resources: frozen, replaced as a whole, never changed in place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf

from exporter.model import UNFINISHED, Backup, Details, Resource, Status
from exporter.state.backup_table import NO_HASHES
from exporter.state.download_check import DownloadCheck
from exporter.state.history import REPORTED, History
from exporter.state.kinds import judged_intervals, scheduled_intervals
from exporter.state.listing import Listing
from exporter.state.observations import UNOBSERVED, UNOBSERVED_SOURCE, Observations, SourceObservations
from exporter.state.problem import Problem
from exporter.state.steady_clock import Jump
from exporter.state.summary import Summary, summarize

FUTURE_TOLERANCE = 300.0
"""Seconds by which a start may lie ahead, since clocks differ; later ones lie in the future."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceStatus:
    """A resource with all that is known of it."""

    resource: Resource
    first_seen: float
    details: Details | None = None
    details_read_at: float | None = None
    """When they were read, on the loop's clock; None: they are due."""
    listing: Listing | None = None
    fully_listed_at: float | None = None
    """When the whole listing was last read, on the loop's clock."""
    response_hashes: tuple[int, ...] = ()
    """The answers that the listing was made of, by their hashes; none if it has been changed since."""
    etag: str = ""
    """The vendor's own mark of the listing, where one answer held all that was read and the vendor marks it."""
    link: str = ""
    """The `Link` header of that answer."""
    history: History = field(default_factory=History)
    summary: Summary | None = None
    up: bool | None = None
    failure: str | None = None
    observed: Observations = UNOBSERVED
    """What the store collects over the readings."""
    restored: tuple[Problem, ...] = ()
    """The problems that stood before a restart or a reload, until the store takes its first verdict."""
    unreadable_records: int | None = None
    """Records of the newest whole listing that could not be understood."""
    download_check: DownloadCheck | None = None
    """Where downloads are verified."""

    @property
    def paused(self) -> bool:
        """Whether the vendor reports the resource itself as paused."""
        return self.resource.paused or (self.details is not None and self.details.paused)

    @property
    def not_downloadable(self) -> str | None:
        """Why the newest backup could not be downloaded when that was tried last; None: it could, or was not tried."""
        return None if self.download_check is None else self.download_check.reason

    @property
    def state(self) -> str | None:
        """The vendor's word for the resource's own state."""
        word = self.details.state if self.details is not None else None
        return word or self.resource.state

    def update_resource(self, resource: Resource, now: float) -> "ResourceStatus":
        """Return it as discovery sees it now; nothing is kept of another thing under the same name."""
        if resource.replaces(self.resource.uid, self.resource.created):
            return ResourceStatus(resource=resource, first_seen=now, details=resource.details)
        details = self.details if resource.details is None else resource.details
        return replace(self, resource=replace(resource, uid=resource.uid or self.resource.uid), details=details)

    def update_listing(
        self, listing: Listing, *, sizes: bool, fresh: Mapping[str, Backup] | None = None, now: float = inf
    ) -> "ResourceStatus":
        """Return it with a listing that was just read; `fresh` are those that differ from the one before.

        Without `fresh`, all are looked at; so they are while a start lies beyond `now`, whose time may have come.
        """
        until = now + FUTURE_TOLERANCE
        reported = self.details.last_success if self.details is not None else None
        pointed = listing.recovery is not None or reported is not None
        if fresh is None or pointed or self.awaits or self.history.remembers([*fresh, REPORTED]):
            listing = _restore_completed(listing, self.history)
            history = self.history.merge_listing(listing.backups.values(), listing.recovery, reported, until=until)
        else:
            history = self.history.add(fresh.values(), until=until)
        summary = summarize(listing, history, sizes=sizes, until=until)
        unreadable = len(listing.backups.unread())
        return replace(self, listing=listing, history=history, summary=summary, unreadable_records=unreadable)

    def invalidate(self) -> "ResourceStatus":
        """Return a copy with the same numbers that makes the next poll read and map everything again."""
        known = self.listing
        return replace(
            self,
            listing=None if known is None else replace(known, backups=known.backups.without_hashes()),
            details_read_at=None,
            fully_listed_at=None,
            response_hashes=(),
            etag="",
            link="",
        )

    @property
    def awaits(self) -> float | None:
        """The instant at which a listed backup begins to count whose start lies in the future; None without one."""
        start = None if self.summary is None else self.summary.next_start
        return None if start is None else start - FUTURE_TOLERANCE

    def with_reported_success(self, *, sizes: bool, now: float = inf) -> "ResourceStatus":
        """Return it with the success that its details report, if the listing has none as new."""
        if self.listing is None or self.details is None or self.details.last_success is None:
            return self
        known = self.update_listing(self.listing, sizes=sizes, now=now)
        return self if known.history == self.history else known

    def with_ends(self, ends: Mapping[str, float], *, sizes: bool, now: float = inf) -> "ResourceStatus":
        """Return it with the ends of listed backups, by their ids, that the vendor reports outside its listing."""
        if self.listing is None:
            return self
        backups = self.listing.backups
        known = [backups[key] for key in ends if key in backups]
        changed = {
            one.id: replace(one, finished=ends[one.id])
            for one in known
            if one.finished is None and one.status not in UNFINISHED
        }
        if not changed:
            return self
        revised = backups.revise(changed, backups.hashes_of(changed), None)
        return self.update_listing(replace(self.listing, backups=revised), sizes=sizes, now=now)

    @property
    def scheduled_intervals(self) -> Mapping[str, float]:
        """The interval of each kind that has one."""
        return scheduled_intervals(self.details, self.summary)

    @property
    def judged_intervals(self) -> Mapping[str, float]:
        """The interval of each kind that has an age limit of its own."""
        return judged_intervals(self.details, self.summary)

    def running_backups(self) -> list[Backup]:
        """Return the backups that are running as far as we know."""
        known = self.listing.backups.unfinished() if self.listing else ()
        return [backup for backup in known if backup.status is Status.IN_PROGRESS]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableScope:
    """A part of an account whose resources could not be listed."""

    id: str
    name: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How the polling of one source goes."""

    configured_interval: float
    interval: float
    up: bool | None = None
    failure: str | None = None
    resources: int | None = None
    duration: float | None = None
    last_success: float | None = None
    limits: frozenset[str] = frozenset()
    started_at: float | None = None
    """Since when the source is watched."""
    polled_at: float | None = None
    """When the newest poll ended, well or badly."""
    listed_resources: int | None = None
    """How many resources the vendor lists, before shards and filters; None before the first discovery."""
    matching_resources: int | None = None
    """How many of these `include` and `exclude` leave, before shards."""
    unreadable_scopes: tuple[UnreadableScope, ...] | None = None
    """The scopes that could not be listed in the last discovery; None before the first."""
    refused_resources: tuple[tuple[str, str], ...] = ()
    """Names of resources that a cap does not let in, each with the reason; the first few."""
    tried_resources: int = 0
    """How many resources the first poll has read so far, or could not."""
    rate_limited_resources: int = 0
    """How many resources the vendor's rate limit kept from being read in the newest poll."""
    observed: SourceObservations = UNOBSERVED_SOURCE
    options_changed: bool = False
    """Whether options have changed since the last complete discovery: the next may list other resources."""

    @property
    def excluded_resources(self) -> int | None:
        """How many resources `include` and `exclude` leave out; None before the first discovery."""
        if self.listed_resources is None or self.matching_resources is None:
            return None
        return self.listed_resources - self.matching_resources

    def shift(self, jump: Jump) -> "SourceStatus":
        """Return it on a clock that has been set."""
        return replace(
            self,
            last_success=jump.carry(self.last_success),
            started_at=jump.carry(self.started_at),
            polled_at=jump.carry(self.polled_at),
            observed=replace(self.observed, emptied_at=jump.carry(self.observed.emptied_at)),
        )

    @property
    def polled(self) -> bool:
        """Whether the first poll has ended, well or badly."""
        return self.up is not None


def _restore_completed(listing: Listing, history: History) -> Listing:
    """Return the listing with completed backups that a lagging replica first forgot and then shows running again."""
    unfinished = listing.backups.unfinished()
    if not unfinished:
        return listing
    seen = {(one.id, one.started): (kind, one) for kind, recent in history.successes.items() for one in recent}
    changed = {}
    for backup in unfinished:
        if backup.started is not None and (backup.id, backup.started) in seen:
            kind, one = seen[backup.id, backup.started]
            finished = None if one.duration is None else one.started + one.duration
            changed[backup.id] = Backup(
                id=one.id, status=Status.COMPLETED, started=one.started, finished=finished, size=one.size, kind=kind
            )
    return replace(listing, backups=listing.backups.revise(changed, NO_HASHES, None)) if changed else listing

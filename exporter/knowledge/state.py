"""What is known of a source and of each of its resources: frozen, replaced whole, never changed in place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from exporter.knowledge.history import History
from exporter.knowledge.listing import Listing
from exporter.knowledge.packed import NONE
from exporter.knowledge.summary import Summary, summarize
from exporter.model import Backup, Facts, Resource, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A resource with all that is known of it."""

    resource: Resource
    first_seen: float
    facts: Facts | None = None
    facts_read: float | None = None
    """When they were read, on the loop's clock; None: they are due."""
    listing: Listing | None = None
    listed_whole: float | None = None
    """When the whole listing was last read, on the loop's clock."""
    heard: tuple[int, ...] = ()
    """The answers that the listing was made of, by their hashes; none if it has been changed since."""
    etag: str = ""
    """The vendor's own mark of the listing, where one answer held all that was read and the vendor marks it."""
    history: History = field(default_factory=History)
    summary: Summary | None = None
    up: bool | None = None
    failure: str | None = None

    @property
    def paused(self) -> bool:
        """Whether the vendor says that the resource itself rests."""
        return self.resource.paused or (self.facts is not None and self.facts.paused)

    @property
    def state(self) -> str | None:
        """The vendor's word for the resource's own state."""
        told = self.facts.state if self.facts is not None else None
        return told or self.resource.state

    def rediscovered(self, resource: Resource, now: float) -> "Watched":
        """Return it as discovery sees it now; a new creation time means another thing under an old name."""
        created = self.resource.created, resource.created
        if None not in created and created[0] != created[1]:
            return Watched(resource=resource, first_seen=now, facts=resource.facts)
        facts = self.facts if resource.facts is None else resource.facts
        return replace(self, resource=resource, facts=facts)

    def listed(self, listing: Listing, *, sizes: bool, fresh: Mapping[str, Backup] | None = None) -> "Watched":
        """Return it with a listing that was just read; `fresh` are those that differ from the one before.

        Without `fresh`, all are looked at.
        """
        if fresh is None or listing.recovery or self.history.remembers(fresh.keys()):
            listing = _settled(listing, self.history)
            history = self.history.after(listing.backups.values(), listing.recovery)
        else:
            history = self.history.joined_by(fresh.values())
        return replace(self, listing=listing, history=history, summary=summarize(listing, history, sizes=sizes))

    def running(self) -> list[Backup]:
        """Return the backups that are running as far as we know."""
        known = self.listing.backups.unfinished() if self.listing else ()
        return [backup for backup in known if backup.status is Status.IN_PROGRESS]


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

    @property
    def polled(self) -> bool:
        """Whether the first poll has ended, well or badly."""
        return self.up is not None


def _settled(listing: Listing, history: History) -> Listing:
    """Return the listing with completed backups that a lagging replica first forgot and then shows running again."""
    unfinished = listing.backups.unfinished()
    if not unfinished:
        return listing
    seen = {(one.id, one.started): (kind, one) for kind, kept in history.successes.items() for one in kept}
    changed = {}
    for backup in unfinished:
        if backup.started is not None and (backup.id, backup.started) in seen:
            kind, one = seen[backup.id, backup.started]
            finished = None if one.duration is None else one.started + one.duration
            changed[backup.id] = Backup(
                id=one.id, status=Status.COMPLETED, started=one.started, finished=finished, size=one.size, kind=kind
            )
    return replace(listing, backups=listing.backups.revised(changed, NONE, None)) if changed else listing

"""The vendor-neutral vocabulary: frozen records that travel from a vendor's answer to the metrics.

Instants are Unix seconds, spans are seconds, sizes are bytes; `None` is "the vendor did not say".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """The status of a backup, the same for all vendors."""

    COMPLETED = "completed"
    FAILED = "failed"
    IN_PROGRESS = "in_progress"
    PENDING = "pending"
    CANCELLED = "cancelled"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"


UNFINISHED = frozenset({Status.IN_PROGRESS, Status.PENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One record of a vendor's list of backups."""

    id: str
    status: Status
    started: float | None = None
    finished: float | None = None
    size: float | None = None
    kind: str = ""
    progress: float | None = None
    failures: int | None = None
    """How many items failed within a backup that completed all the same, where the vendor lists them."""
    expires: float | None = None
    """When the vendor deletes it, where the vendor reports that."""
    unmapped: str | None = None
    """The vendor's word for the status, if it is not in the provider's table."""
    unread: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """What the vendor gives and the exporter cannot read: the field (`started`, `finished`, `size`) and its form."""

    @property
    def duration(self) -> float | None:
        """Seconds from start to finish of a backup that has ended; None where that is unknown or absurd."""
        if self.status in UNFINISHED or self.started is None or self.finished is None:
            return None
        seconds = self.finished - self.started
        return seconds if seconds >= 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryWindow:
    """A window of time to any point of which can be restored."""

    kind: str
    earliest: float | None = None
    latest: float | None = None
    interval: float | None = None
    """How many seconds after the latest point a newer one is expected, where the schedule does not say that."""
    beside_backups: bool = False
    """Whether the vendor lists single backups too; then their counts and sizes stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """The newest restore that has ended."""

    started: float
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class KindGroup:
    """Kinds of which any will do: together they are one sort of backup, with an interval of its own."""

    kinds: tuple[str, ...]
    interval: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What changes rarely about a resource: its schedule, its own state, its last restore."""

    scheduled: bool | None = None
    interval: float | None = None
    """The largest gap in seconds between two slots of the schedule, all kinds together."""
    intervals: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """The same for each kind that has a schedule of its own."""
    groups: tuple[KindGroup, ...] = ()
    """Sorts of backups of which each is judged by itself, as soon as the records name more than one of them."""
    retention: float | None = None
    """How many seconds the vendor is configured to keep backups."""
    last_success: float | None = None
    """A start or an end of the newest completed backup, which the vendor reports outside its listing."""
    recovers: bool | None = None
    """Whether the resource has a recovery window; None: the vendor does not report it here."""
    state: str | None = None
    """The vendor's word for the resource's state, where `details` give it and discovery does not, or later."""
    paused: bool = False
    restore: Restore | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A part of an account that is listed by a request of its own: an organization, a project, an app, a customer."""

    id: str
    name: str = ""
    path: tuple[str, ...] = ()
    """The vendor's coordinates for its paths; only its provider reads them."""
    inner: bool = False
    """Whether it is divided further, so that its parts have to be listed before its resources."""
    optional: bool = False
    """Whether an account may lack it: its failure alone never makes the source fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing that is backed up, as discovery saw it."""

    id: str
    name: str
    kind: str
    state: str | None = None
    created: float | None = None
    uid: str = ""
    """An id that a later namesake does not inherit; empty where the vendor has none."""
    paused: bool = False
    path: tuple[str, ...] = ()
    """The vendor's coordinates for its paths; only its provider reads them."""
    details: Details | None = None
    """What discovery found already, so that the provider's `details` need not be called."""
    scope: str = field(default="", compare=False)
    """The id of the scope that lists it; discovery fills it in, not the provider."""

    def replaces(self, uid: str, created: float | None) -> bool:
        """Return whether it is another thing under the id of an older one, which had this `uid` and creation time."""
        if self.uid and uid:
            return self.uid != uid
        return None not in (created, self.created) and created != self.created

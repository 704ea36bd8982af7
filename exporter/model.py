"""The vendor-neutral vocabulary: frozen records that travel from a vendor's answer to the metrics.

Instants are Unix seconds, spans are seconds, sizes are bytes; `None` is "the vendor did not say".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """What became of a backup: one word for what five vendors call by some twenty."""

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
    unmapped: str | None = None
    """The vendor's word for the status, where our table does not know it."""
    unread: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """What the vendor gives and nobody understands: the field (`started`, `finished`, `size`) and its form."""

    @property
    def duration(self) -> float | None:
        """Seconds from start to finish of a backup that has ended; None where that is unknown or absurd."""
        if self.status in UNFINISHED or self.started is None or self.finished is None:
            return None
        seconds = self.finished - self.started
        return seconds if seconds >= 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryWindow:
    """A window of time to any point of which can be restored, where a vendor keeps that in place of single backups."""

    kind: str
    earliest: float | None = None
    latest: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """The newest restore that has ended."""

    started: float
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What changes rarely about a resource: its schedule, its own state, its last restore."""

    scheduled: bool | None = None
    interval: float | None = None
    """The largest gap in seconds between two slots of the schedule, all kinds together."""
    intervals: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """The same for each kind that has a schedule of its own."""
    state: str | None = None
    """The vendor's word for the resource's state, where it is told here and not (or later) by discovery."""
    paused: bool = False
    restore: Restore | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A part of an account that is listed by a request of its own: an organization, a project, an app, a customer."""

    id: str
    name: str = ""
    path: tuple[str, ...] = ()
    """The vendor's own coordinates for its paths; nobody but its provider reads them."""
    inner: bool = False
    """Whether it is divided further, so that its parts have to be listed before its resources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing that is backed up, as discovery saw it."""

    id: str
    name: str
    kind: str
    state: str | None = None
    created: float | None = None
    paused: bool = False
    path: tuple[str, ...] = ()
    """The vendor's own coordinates for its paths; nobody but its provider reads them."""
    details: Details | None = None
    """What discovery told already, so that the provider's `facts` need not be asked."""
    scope: str = field(default="", compare=False)
    """The id of the scope that lists it; discovery fills it in, not the provider."""

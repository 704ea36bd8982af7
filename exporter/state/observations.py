"""Observations over time about a resource or a source: since when something has been as it is.

Instants are Unix seconds of the store's clock. All of it but `read_at` outlives a restart in the state file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NO_INSTANTS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneSchedule:
    """A kind's schedule that was there and is gone."""

    since: float
    interval: float
    """What it was."""


NO_SCHEDULES: Mapping[str, GoneSchedule] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """What was observed of one resource over its readings."""

    read_at: float | None = None
    """When it was last read whole before it failed; None if it never was since the start, or does not fail."""
    limits_since: Mapping[str, float] = field(default_factory=lambda: NO_INSTANTS)
    """By kind, since when its age limit is known."""
    gone_schedules: Mapping[str, GoneSchedule] = field(default_factory=lambda: NO_SCHEDULES)
    """By kind, schedules that went within a day."""
    progress_since: float | None = None
    """Since when the oldest running backup has stood at its percentage, read whole all the while."""
    progress_of: tuple[float | None, float] | None = None
    """Which backup at which percentage: its start, and how far it was."""
    paused_since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceObservations:
    """What was observed of one source over its discoveries."""

    populated: int | None = None
    """How many resources that are not paused the vendor listed last, when it listed any; None: it never did."""
    emptied_at: float | None = None
    """When a complete discovery found none of them any more; None while there are some."""


UNOBSERVED = Observations()
UNOBSERVED_SOURCE = SourceObservations()

"""Turns the slots of a schedule into the largest gap between two of them."""

from collections.abc import Iterable
from dataclasses import dataclass

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class AgeLimit:
    """The age limit that follows from an interval: the interval, and the slack or a tenth of it if that is more."""

    slack: float

    def __call__(self, interval: float) -> float:
        """Return the limit in seconds."""
        return interval + max(self.slack, interval / 10)


def largest_gap(slots: Iterable[float], cycle: float) -> float | None:
    """Return the longest wait in seconds from one slot to the next on a circle of `cycle` seconds.

    Slots are offsets from the start of the cycle; a single one returns the whole cycle, none at all None.
    """
    offsets = sorted({slot % cycle for slot in slots})
    if not offsets:
        return None
    following = [*offsets[1:], offsets[0] + cycle]
    return max(later - earlier for earlier, later in zip(offsets, following, strict=True))

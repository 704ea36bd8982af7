"""Holds a value that changes at instants, in a few bytes for each change."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil, isnan


def _make_column() -> "array[float]":
    return array("d")


@dataclass(frozen=True, slots=True)
class Steps:
    """A value over time: unknown before the first instant, then each value from its instant until the next one.

    NaN means that the value is unknown from its instant on.
    """

    at: "array[float]" = field(default_factory=_make_column)
    """Instants in ascending order, no two the same."""
    values: "array[float]" = field(default_factory=_make_column)

    @property
    def begin(self) -> float | None:
        """The instant from which the value is known."""
        return self.at[0] if self.at else None

    def value(self, instant: float) -> float | None:
        """Return the value at an instant; None where it is unknown."""
        index = bisect_right(self.at, instant) - 1
        return None if index < 0 or isnan(self.values[index]) else self.values[index]

    def pieces(self, begin: float, end: float) -> Iterator[tuple[float, float, float]]:
        """Yield (from, to, value) for the pieces between two instants, without what is unknown."""
        index = max(0, bisect_right(self.at, begin) - 1)
        while index < len(self.at) and self.at[index] < end:
            following = self.at[index + 1] if index + 1 < len(self.at) else end
            piece = max(begin, self.at[index]), min(end, following)
            if not isnan(self.values[index]):
                yield *piece, self.values[index]
            index += 1

    def on(self, ticks: range) -> Iterator[tuple[int, int, float]]:
        """Yield (first, behind the last, value) by index into `ticks`, for each run of ticks with one value."""
        index = max(0, bisect_right(self.at, ticks.start) - 1)
        while index < len(self.at):
            first = _find_index(ticks, self.at[index])
            behind = _find_index(ticks, self.at[index + 1]) if index + 1 < len(self.at) else len(ticks)
            if first >= len(ticks):
                return
            if first < behind and not isnan(self.values[index]):
                yield first, behind, self.values[index]
            index += 1


def make_steps(changes: Iterable[tuple[float, float]]) -> Steps:
    """Make steps of (instant, value) in ascending order; of several at one instant the last counts."""
    at, values = _make_column(), _make_column()
    for instant, value in changes:
        if at and at[-1] == instant:
            values[-1] = value
        elif not values or values[-1] != value:
            at.append(instant)
            values.append(value)
    return Steps(at, values)


def _find_index(ticks: range, instant: float) -> int:
    """Return the index of the first tick that is not before an instant."""
    return min(len(ticks), max(0, ceil((instant - ticks.start) / ticks.step)))

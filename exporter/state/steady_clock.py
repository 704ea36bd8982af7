"""The clock of the verdicts: the wall clock without jumps that do not last.

If the wall clock jumps a day ahead for a minute, every backup would be too old; if it jumps by an hour while something
is timed, the duration would be wrong by an hour. The event loop's clock does not jump, so the difference shows a jump.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

JUMP_TOLERANCE = 5.0
"""Seconds by which the two clocks may part between two readings without it being a jump."""
MIN_SUSPENSION = 1.0
"""Seconds; less is the time between the readings of the two clocks, which differs each time."""
BELIEVED_AFTER = 900.0
"""Seconds for which the wall clock must stay where it jumped to."""


def elapsed_time() -> float:
    """Return the running event loop's clock, the monotonic clock where none runs, with the time of suspensions."""
    try:
        running = asyncio.get_running_loop().time()
    except RuntimeError:
        running = time.monotonic()
    return running + _suspended_seconds()


def _suspended_seconds() -> float:
    """Return how long the machine has been suspended, during which the monotonic clock stands still (Linux)."""
    boot_time: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    suspended = 0.0 if boot_time is None else time.clock_gettime(boot_time) - time.monotonic()
    return suspended if suspended > MIN_SUSPENSION else 0.0


@dataclass(frozen=True, slots=True)
class Jump:
    """What becomes of the instants that a clock gave when it is set."""

    by: float
    """Seconds by which it is set forward, or back where they are negative."""
    until: float
    """What the clock read until now: it did not give what lies beyond, which a state file may hold."""

    def __bool__(self) -> bool:
        """Return whether the clock is set at all."""
        return self.by != 0.0

    def move(self, instant: float) -> float:
        """Return an instant on the clock as it is now."""
        return instant + self.by if instant <= self.until else instant

    def carry(self, instant: float | None) -> float | None:
        """Return an instant on the clock as it is now, None for none."""
        return None if instant is None else self.move(instant)


class SteadyClock:
    """Returns Unix seconds; follows a jump of the wall clock only after it has lasted."""

    def __init__(self, wall: Callable[[], float], ticks: Callable[[], float] = elapsed_time) -> None:
        """Read nothing yet; `ticks` returns seconds from any start and never jumps."""
        self._wall, self._ticks = wall, ticks
        self._anchor: tuple[float, float] | None = None
        """The time and the tick of the last reading at which both clocks agreed."""
        self._jump: tuple[float, float] | None = None
        """By how much the wall clock jumped, and the tick at which it was noticed."""

    def now(self) -> float:
        """Return the time; a jump is not accepted before `advance` is called."""
        wall, tick = self._wall(), self._ticks()
        if self._anchor is None or tick < self._anchor[1]:
            return wall
        steady = self._anchor[0] + tick - self._anchor[1]
        return wall if abs(wall - steady) <= JUMP_TOLERANCE else steady

    def advance(self) -> tuple[float, Jump]:
        """Return the time, and the shift by a jump that is accepted by this: stored instants move with it."""
        wall, tick = self._wall(), self._ticks()
        if self._anchor is None or tick < self._anchor[1]:
            self._anchor = wall, tick
            return wall, Jump(0.0, wall)
        steady = self._anchor[0] + tick - self._anchor[1]
        gap = wall - steady
        if abs(gap) <= JUMP_TOLERANCE:
            self._anchor, self._jump = (wall, tick), None
            return wall, Jump(0.0, wall)
        if self._jump is None or abs(gap - self._jump[0]) > JUMP_TOLERANCE:
            self._jump = gap, tick
        if tick - self._jump[1] < BELIEVED_AFTER:
            return steady, Jump(0.0, steady)
        self._anchor, self._jump = (wall, tick), None
        return wall, Jump(gap, steady)

"""A wall clock that jumps, beside one that does not."""

import time

import pytest

from exporter.state.steady_clock import BELIEVED_AFTER, Jump, SteadyClock
from tests.state.cases import DAY, NOW


class Clocks:
    """A wall clock and a tick that go on together, until the wall clock is set."""

    def __init__(self) -> None:
        self.wall, self.tick = NOW, 7.0
        self.steady = SteadyClock(lambda: self.wall, lambda: self.tick)
        self.steady.advance()

    def go_on(self, seconds: float) -> tuple[float, float]:
        """Return the time, and by how much the clock was set."""
        self.wall += seconds
        self.tick += seconds
        now, jump = self.steady.advance()
        return now, jump.by


def test_without_a_jump_it_is_the_wall_clock() -> None:
    clocks = Clocks()

    assert [clocks.go_on(seconds) for seconds in (0.5, 60, 3 * DAY)] == [
        (NOW + 0.5, 0.0),
        (NOW + 60.5, 0.0),
        (NOW + 60.5 + 3 * DAY, 0.0),
    ]


@pytest.mark.parametrize("jump", [DAY, -DAY, 10.0])
def test_a_jump_ahead_and_back_changes_nothing(jump: float) -> None:
    clocks = Clocks()
    clocks.wall += jump
    during = [clocks.go_on(seconds) for seconds in (0, 60, 800)]
    clocks.wall -= jump

    assert during == [(NOW, 0.0), (NOW + 60, 0.0), (NOW + 860, 0.0)]
    assert clocks.go_on(140) == (NOW + 1000, 0.0)


def test_a_jump_that_lasts_is_believed_once() -> None:
    clocks = Clocks()
    clocks.wall += DAY
    clocks.go_on(0)

    assert clocks.go_on(BELIEVED_AFTER - 1) == (NOW + BELIEVED_AFTER - 1, 0.0)
    assert clocks.go_on(1) == (NOW + DAY + BELIEVED_AFTER, DAY)
    assert clocks.go_on(60) == (NOW + DAY + BELIEVED_AFTER + 60, 0.0)


def test_a_clock_that_jumps_again_and_again_is_not_believed() -> None:
    clocks = Clocks()
    for number in range(20):
        clocks.wall += DAY if number % 2 == 0 else -DAY / 2
        assert clocks.go_on(600) == (NOW + 600 * (number + 1), 0.0)


def test_small_differences_are_followed() -> None:
    clocks = Clocks()
    clocks.wall += 2.0

    assert clocks.go_on(60) == (NOW + 62, 0.0)


def test_another_event_loop_begins_anew() -> None:
    clocks = Clocks()
    clocks.tick = 0.0
    clocks.wall += 3 * DAY

    assert clocks.go_on(0) == (NOW + 3 * DAY, 0.0)


@pytest.mark.parametrize("by", [DAY, -DAY])
def test_what_the_clock_gave_moves_with_it_and_nothing_else(by: float) -> None:
    jump = Jump(by, NOW)

    assert [jump.move(instant) for instant in (NOW - 60, NOW)] == [NOW - 60 + by, NOW + by]
    assert jump.move(NOW + 1) == NOW + 1  # of before a restart, on a clock that was right
    assert (jump.carry(NOW), jump.carry(None)) == (NOW + by, None)


def test_a_clock_that_is_set_says_what_it_read_until_then() -> None:
    clocks = Clocks()
    clocks.wall += DAY
    clocks.go_on(0)
    clocks.wall += BELIEVED_AFTER
    clocks.tick += BELIEVED_AFTER

    assert clocks.steady.advance() == (NOW + DAY + BELIEVED_AFTER, Jump(DAY, NOW + BELIEVED_AFTER))


def test_the_time_of_a_suspension_passes_and_is_no_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux stops the monotonic clock while a machine is suspended; the wall clock goes on."""
    suspended, wall = 0.0, NOW
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(time, "clock_gettime", lambda _: time.monotonic() + suspended)
    steady = SteadyClock(lambda: wall)
    steady.advance()

    suspended, wall = 8 * 3600.0, NOW + 8 * 3600.0
    assert steady.advance() == (wall, Jump(0.0, wall))


@pytest.mark.parametrize("by", [DAY, -DAY])
def test_reading_the_time_neither_notices_nor_accepts_a_jump(by: float) -> None:
    clocks = Clocks()
    clocks.wall += by
    for _ in range(2):
        clocks.wall += BELIEVED_AFTER
        clocks.tick += BELIEVED_AFTER
        clocks.steady.now()

    assert clocks.steady.now() == NOW + 2 * BELIEVED_AFTER
    assert clocks.go_on(0) == (NOW + 2 * BELIEVED_AFTER, 0.0)
    assert clocks.go_on(BELIEVED_AFTER) == (NOW + by + 3 * BELIEVED_AFTER, by)
    assert clocks.steady.now() == NOW + by + 3 * BELIEVED_AFTER

"""An event loop in which waiting takes no time: its clock jumps to the next timer when nothing else is ready."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

START = 1_763_467_200.0
"""What the wall clock shows, in Unix seconds, when a loop begins: midnight UTC."""
LONGEST = 10 * 86400.0
"""A test that goes on for longer waits for what will not happen."""


class LeapingSelector(selectors.DefaultSelector):
    """Polls the sockets without waiting, and lets the time pass that it was to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None or self.now > LONGEST:
            raise RuntimeError("everything waits for something that never happens")
        self.now += max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop on a clock of its own that starts at zero."""

    def __init__(self) -> None:
        self._leaping = LeapingSelector()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now


def run_virtual(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)


def virtually(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Make an asynchronous test one that runs in virtual time."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_virtual(test(*args, **kwargs))

    return run


def now() -> float:
    """Return the seconds since the loop began."""
    return asyncio.get_running_loop().time()


def wall_clock() -> float:
    """Return the Unix time of the virtual world."""
    return START + now()

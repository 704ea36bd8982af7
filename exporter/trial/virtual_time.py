"""An event loop in which waiting takes no time: its clock jumps to the next timer when nothing else is ready."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from exporter.schedule import DAY

T = TypeVar("T")


class LeapingSelector(selectors.DefaultSelector):
    """Polls the sockets without waiting, and lets the time pass that it was to wait."""

    def __init__(self, longest: float) -> None:
        """Begin at zero; fail after `longest` virtual seconds, when what is awaited will not happen."""
        super().__init__()
        self.now = 0.0
        self.longest = longest

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Poll without waiting, and let the time pass."""
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None or self.now > self.longest:
            raise RuntimeError("the event loop waits for something that never happens")
        self.now += max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop on a virtual clock that starts at zero."""

    def __init__(self, longest: float = DAY) -> None:
        """Take the seconds after which a run is given up."""
        self._leaping = LeapingSelector(longest)
        super().__init__(self._leaping)

    def time(self) -> float:
        """Return the seconds that have passed."""
        return self._leaping.now


class _ThreadlessLoop(VirtualTimeLoop):
    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":  # type: ignore[override]  # the result of a task is that of a future
        """Compute at once: this clock would not wait for a thread."""
        del executor
        return self.create_task(_compute(func, *args))


async def _compute(func: Callable[..., T], *args: Any) -> T:
    return func(*args)


def run_at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end in this thread, without waiting for any timer."""
    with asyncio.Runner(loop_factory=_ThreadlessLoop) as runner:
        return runner.run(work)

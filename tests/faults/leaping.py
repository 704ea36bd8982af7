"""An event loop whose sockets are real and whose time leaps: when nothing is on its way, the next timer is due.

A stall of 20 seconds, a byte a second and a `Retry-After` of an hour are lived through as they are configured, in
milliseconds. Names under `.test` are resolved here, to loopback; no other name is.
"""

import asyncio
import selectors
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

START = 1_763_467_200.0
"""What the wall clock shows, in Unix seconds, when a loop begins: midnight UTC."""
LONGEST = 30.0
"""Real seconds after which a run is given up."""
NEAR = 2.0


class SocketAwareSelector(selectors.DefaultSelector):
    """Waits in truth only while something is on its way: in a socket, or in a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.threads = 0
        self.until = time.monotonic() + LONGEST

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if time.monotonic() > self.until:
            raise RuntimeError(f"not done after {LONGEST:.0f} s of real time")
        if self.threads:
            return super().select(0.05)
        ready = super().select(0.001 if timeout is not None and timeout <= NEAR else 0.01)
        if not ready and timeout is not None:
            self.now += timeout
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop on a clock of its own that starts at zero."""

    def __init__(self) -> None:
        self._leaping = SocketAwareSelector()
        self.unresolvable: set[str] = set()
        """Names that the resolver does not know at the moment."""
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now

    def leap(self, seconds: float) -> None:
        """Let it be later."""
        self._leaping.now += seconds

    def allow(self) -> None:
        """Begin to count real time anew."""
        self._leaping.until = time.monotonic() + LONGEST

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        self._leaping.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _: Any) -> None:
        self._leaping.threads -= 1


async def resolve(host: str, port: int, _: int) -> list[tuple[Any, ...]]:
    """Stand in for the exporter's own lookup of names."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, LeapingLoop)
    if not host.endswith(".test") or host in loop.unresolvable:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]


async def let_pass(seconds: float) -> None:
    """Leap at once over a time in which nothing happens; what came due meanwhile is done after it."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, LeapingLoop)
    loop.leap(seconds - 1)
    await asyncio.sleep(1)


class Leaping:
    """Runs one thing after the other on the same leaping loop."""

    def __init__(self) -> None:
        self._loop = LeapingLoop()
        self._runner = asyncio.Runner(loop_factory=lambda: self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end."""
        self._loop.allow()
        return self._runner.run(work)

    def close(self) -> None:
        """Close the loop."""
        self._loop.allow()
        self._runner.close()


def wall_clock() -> float:
    """Return the Unix time of this loop."""
    return START + asyncio.get_running_loop().time()

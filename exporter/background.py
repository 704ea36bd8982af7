"""Runs what may block in threads that are abandoned at the end: a hung file system must not keep the process alive.

The event loop's own pool of threads is waited for when the loop is closed, and once more when the interpreter ends.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


class DaemonThreads(Executor):
    """An executor that starts a thread for each call."""

    def __init__(self) -> None:
        """Start none yet."""
        self._lock = Lock()
        self._running = 0

    @property
    def is_busy(self) -> bool:
        """Return whether a thread is still running."""
        return self._running > 0

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Start `work` at once."""
        future: Future[Any] = Future()

        def run() -> None:
            future.set_running_or_notify_cancel()
            with _Failure(future):
                future.set_result(work(*args, **kwargs))
            with self._lock:
                self._running -= 1

        with self._lock:
            self._running += 1
        Thread(target=run, name=getattr(work, "__name__", "background"), daemon=True).start()
        return future


class _Failure:
    """Puts an exception into a future, in place of raising it in a thread where it would be lost."""

    def __init__(self, future: "Future[Any]") -> None:
        self._future = future

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> bool:
        if error is not None:
            self._future.set_exception(error)
        return error is not None


_threads = DaemonThreads()


def is_busy() -> bool:
    """Return whether a thread is still running, which may never end."""
    return _threads.is_busy


def start(work: Callable[[], T]) -> "asyncio.Future[T]":
    """Run `work` in a thread; return the future of its result, for the running loop."""
    return asyncio.get_running_loop().run_in_executor(_threads, work)


async def run(work: Callable[[], T]) -> T:
    """Run `work` in a thread and return its result."""
    return await start(work)


def run_within(seconds: float, work: Callable[[], T]) -> T:
    """Run `work` in a thread and return its result; TimeoutError if it takes longer, and the thread is abandoned."""
    done, future = Event(), _threads.submit(work)
    future.add_done_callback(lambda _: done.set())
    if not done.wait(seconds):
        raise TimeoutError
    result: T = future.result()
    return result

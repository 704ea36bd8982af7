"""Runs long computations in one worker thread, so that none blocks the loop and only one at a time uses memory."""

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MAX_INLINE_VALUES = 2000
"""Up to this many values are processed in the event loop; more are processed in the worker thread."""
_WORKER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker")


class _Progress:
    """How many functions the one worker thread has begun, and how many it has done."""

    def __init__(self) -> None:
        self.begun = self.done = 0

    def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, and count it."""
        self.begun += 1
        try:
            return work()
        finally:
            self.done += 1


_PROGRESS = _Progress()


def is_busy() -> bool:
    """Return whether the worker is busy: the end of the program would wait for it."""
    return _PROGRESS.begun != _PROGRESS.done


async def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Compute a pure function in the worker thread and return its result."""
    work = partial(_PROGRESS.run, partial(function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_WORKER, work)


async def run_off_loop(size: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Compute a pure function and return its result: directly for a few values, else as `run` does."""
    return function(*args, **kwargs) if size <= MAX_INLINE_VALUES else await run(function, *args, **kwargs)


class LargeReadings:
    """Hides the objects of large readings from the garbage collector, which would stop every thread."""

    def __init__(self) -> None:
        self._under_way = 0

    def begin(self) -> None:
        """Count a reading that has become large."""
        self._under_way += 1

    def freeze_heap(self) -> None:
        """Exclude all existing objects from collections until the last large reading has ended."""
        if self._under_way:
            gc.freeze()

    def end(self) -> None:
        """Count a reading that is done."""
        self._under_way -= 1
        if not self._under_way:
            gc.unfreeze()


LARGE_READINGS = LargeReadings()


def run_without_gc(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that creates many values with the garbage collector off, and return its result.

    The collector would traverse all of them repeatedly and find no garbage, while no other thread runs.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return function(*args, **kwargs)
    finally:
        if was_enabled:
            gc.enable()

"""Runs tests in virtual time, in which waiting takes no time, with a wall clock that begins at a known instant."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from exporter.schedule import DAY
from exporter.trial.virtual_time import VirtualTimeLoop

T = TypeVar("T")
P = ParamSpec("P")

START = 1_763_467_200.0
"""What the wall clock shows, in Unix seconds, when a loop begins: midnight UTC."""
LONGEST = 10 * DAY


def run_virtual(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end in virtual time."""
    with asyncio.Runner(loop_factory=partial(VirtualTimeLoop, LONGEST)) as runner:
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
    """Return the virtual Unix time."""
    return START + now()

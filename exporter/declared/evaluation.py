"""Evaluates expressions on an answer: on a large one in the worker thread, so that it does not block the loop.

An expression may look at every value of an answer, which takes some microseconds each.
"""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from exporter import workers
from exporter.provider import Answer

P = ParamSpec("P")
T = TypeVar("T")

MAX_INLINE_BYTES = 2**16
"""Bytes; more than that is evaluated beside the event loop."""


async def evaluate(answer: Answer, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a pure function makes of an answer, whose PollErrors pass."""
    if answer.size <= MAX_INLINE_BYTES:
        return function(*args, **kwargs)
    return await workers.run(workers.run_without_gc, partial(function, *args, **kwargs))

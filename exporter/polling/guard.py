"""Turns every exception of a provider into a PollError."""

from collections.abc import Awaitable
from typing import Any, TypeVar

from exporter.errors import InternalError, PollError

T = TypeVar("T")


async def guard(log: Any, doing: str, work: Awaitable[T]) -> T:
    """Return what `work` gives, or raise a PollError; a bug is logged with its traceback and becomes InternalError."""
    try:
        return await work
    except PollError as error:
        error.__context__ = error.__cause__ = None
        raise error.with_traceback(None) from None  # else what is kept of it keeps the answers that its frames hold
    except Exception:  # broad: a bug about one vendor must not end the others
        log.exception("bug", doing=doing)
        raise InternalError(f"internal error while {doing}") from None

"""Sets up the logs: one event a line, constant names, everything else as keys."""

import logging
import sys
from typing import Any, Literal

import structlog
from structlog.dev import plain_traceback

Format = Literal["logfmt", "json", "console"]
LEVELS = ("debug", "info", "warning", "error")


def configure(level: str, format_: Format | None) -> None:
    """Write to stderr from `level` up; without a format, console on a terminal and logfmt elsewhere."""
    chosen = format_ or ("console" if sys.stderr.isatty() else "logfmt")
    renderers: dict[str, Any] = {
        "json": structlog.processors.JSONRenderer(),
        "logfmt": structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event"), bool_as_flag=False),
        "console": structlog.dev.ConsoleRenderer(exception_formatter=plain_traceback),  # rich ones show local variables
    }
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if chosen != "console":
        processors.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*processors, renderers[chosen]],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # it logs requests and tracebacks; ours say what matters

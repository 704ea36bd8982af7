"""Sets up the logs: one event a line, constant names, everything else as keys.

What a value holds is data: no control character, line separator or bidirectional control stands raw in a line.
"""

import logging
import sys
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Literal

import structlog
from structlog.dev import plain_traceback

from exporter.characters import UNSAFE, escape_controls, escape_controls_as_json, escape_controls_in_lines
from exporter.log_sink import LogSink

Format = Literal["logfmt", "json", "console"]
LEVELS = ("debug", "info", "warn", "warning", "error")
FIRST_KEYS = ("timestamp", "level", "event")
QUIET = 60.0
"""Seconds in which a library's message is logged once only."""

_sink: LogSink | None = None
"""None until the log is configured."""
_redirected: Callable[[str], None] | None = None
"""Who gets the lines in place of the sink, while something is drawn on the terminal."""
Event = MutableMapping[str, Any]


def configure(level: str, format_: Format | None) -> None:
    """Write to stderr from `level` up; without a format, console on a terminal and logfmt elsewhere."""
    global _sink  # noqa: PLW0603 - as the configuration of structlog, there is one a process
    stream = sys.stderr
    _sink = sink = LogSink(stream)
    chosen = format_ or ("console" if stream is not None and stream.isatty() else "logfmt")
    renderers: dict[str, Any] = {
        "json": [structlog.processors.JSONRenderer(), _escape_delete],
        "logfmt": [render_logfmt],
        "console": [_escape_values, structlog.dev.ConsoleRenderer(exception_formatter=plain_traceback)],
    }
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,  # not the console's own way, which shows local variables
    ]
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*processors, *renderers[chosen]],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: _SinkLogger(sink),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    if not any(isinstance(handler, _LibraryHandler) for handler in root.handlers):
        root.addHandler(_LibraryHandler())  # without one the standard library writes to stderr, and waits for it
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # it logs requests and tracebacks; ours say what matters


@contextmanager
def redirect(write: Callable[[str], None]) -> Iterator[None]:
    """Hand each line to `write` for the length of the block: to a terminal that draws something else as well."""
    global _redirected  # noqa: PLW0603 - as the sink, there is one a process
    _redirected = write
    try:
        yield
    finally:
        _redirected = None


def write_line(text: str) -> None:
    """Write a text that is no event to stderr, as carefully as the log."""
    sink = _sink or LogSink(sys.stderr)
    sink.write(text)
    if sink is not _sink:
        sink.flush(1.0)


def flush(seconds: float = 0.25) -> None:
    """Wait until the log is written, for so many seconds at most."""
    if _sink is not None:
        _sink.flush(seconds)


def lines_dropped() -> int:
    """Return how many lines could not be written so far."""
    return 0 if _sink is None else _sink.dropped


def render_logfmt(_: Any, __: str, event: Event) -> str:
    """Write an event as logfmt; a value is quoted, and escaped as in JSON, where it has to be."""
    keys = [*(key for key in FIRST_KEYS if key in event), *(key for key in event if key not in FIRST_KEYS)]
    return " ".join(f"{key}={_logfmt_value(event[key])}" for key in keys)


def _logfmt_value(value: object) -> str:
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not (UNSAFE.search(text) or any(mark in text for mark in ' ="')):
        return text
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escape_controls_as_json(quoted)}"'


def _escape_delete(_: Any, __: str, line: str) -> str:
    r"""Write DEL as `\u007f`: of the control characters it is the one that JSON lets stand."""
    return line.replace("\x7f", "\\u007f")


def _escape_values(_: Any, __: str, event: Event) -> Event:
    """Escape the values for the console, which prints texts as they are."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = escape_controls_in_lines(value) if key == "exception" else escape_controls(value)
    return event


class _SinkLogger:
    """What structlog hands its finished lines to."""

    def __init__(self, sink: LogSink) -> None:
        self._sink = sink

    def msg(self, line: str) -> None:
        """Write a line."""
        (_redirected or self._sink.write)(line)

    log = debug = info = warn = warning = error = critical = exception = fatal = failure = msg


class _LibraryHandler(logging.Handler):
    """Logs what libraries say as events, the same text of a library no more than once in a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record."""
        now, key = time.monotonic(), (record.name, str(record.msg))
        if now - self._last.get(key, -QUIET) < QUIET:
            return
        self._last = {other: at for other, at in self._last.items() if now - at < QUIET} | {key: now}
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        structlog.get_logger().log(
            record.levelno, "library", logger=record.name, message=message, exc_info=record.exc_info
        )


def bind_source(provider: str, source: str) -> Any:
    """Return the logger of one source."""
    return structlog.get_logger().bind(provider=provider, source=source)

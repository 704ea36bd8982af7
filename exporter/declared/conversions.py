"""Turns what an expression finds into a text, an instant, a size, a span or a number; None where it is none.

Nothing is guessed: a time is read in the format that the declaration names, a number in the unit that it names.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from exporter import wire
from exporter.config import durations

SIZES: Mapping[str, int] = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
SPANS: Mapping[str, float] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
TIMES = ("iso8601", "epoch", "epoch_ms")
PERCENT = 100.0
MAX_INTEGER = 2**128
"""Above every id that a vendor counts up or draws, of 64 bits or, as a UUID, of 128."""

_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_SIZED = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) ?([A-Za-z]{1,3})", re.ASCII)


def to_text(value: Any) -> str | None:
    """Return a text that is not empty, a number's digits, or `true` and `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < MAX_INTEGER else None
    if isinstance(value, float):
        return repr(value)
    return wire.text(value)


def to_number(value: Any) -> float | None:
    """Return a finite number that is not below zero, written as one or as a text."""
    if isinstance(value, str):
        value = float(value) if _NUMBER.fullmatch(value.strip()) else None
    return wire.number(value)


def to_percent(value: Any) -> float | None:
    """Return a number from 0 to 100."""
    number = to_number(value)
    return number if number is not None and number <= PERCENT else None


def to_time(value: Any, written: str) -> float | None:
    """Return an instant as Unix seconds; `written` is one of `TIMES` or a strptime pattern. Naive times are UTC."""
    if written == "iso8601":
        return wire.timestamp(value)
    if written in TIMES:
        number = to_number(value)
        if number is None:
            return None
        return wire.plausible(number / 1000 if written == "epoch_ms" else number)
    text = to_text(value)
    return None if text is None else _parse_by_pattern(text, written)


def to_size(value: Any, unit: str) -> float | None:
    """Return bytes; a text may carry its own unit, such as `1.5 GiB`."""
    if isinstance(value, str) and (found := _SIZED.fullmatch(value.strip())) is not None:
        return _count_bytes(found[1], SIZES.get(found[2]))
    number = to_number(value)
    if number is None:
        return None
    return number if unit == "B" else _count_bytes(str(value).strip(), SIZES[unit])


def to_span(value: Any, unit: str) -> float | None:
    """Return seconds: of a number in `unit`, or of a text such as `1h30m`; of a list the shortest."""
    if isinstance(value, list):
        spans = [span for span in (to_span(element, unit) for element in value) if span is not None]
        return min(spans, default=None)
    number = to_number(value)
    if number is not None:
        return wire.number(number * SPANS[unit])
    try:
        return durations.parse(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def to_interval(value: Any, unit: str) -> float | None:
    """Return a span above zero; of a list the shortest."""
    if isinstance(value, list):
        spans = [span for span in (to_interval(element, unit) for element in value) if span is not None]
        return min(spans, default=None)
    return to_span(value, unit) or None


def find_pattern_problem(pattern: str) -> str | None:
    """Return what is wrong with a strptime pattern, or None."""
    if "%" not in pattern:
        return "is not a format"
    sample = datetime(2026, 11, 25, 12, 30, 45, tzinfo=UTC)
    try:
        parsed = datetime.strptime(sample.strftime(pattern), pattern)  # noqa: DTZ007 - the zone is not looked at
    except (ValueError, re.error):
        return "is not a strptime pattern"
    return None if parsed.year == sample.year else "is a pattern without a year"


def _parse_by_pattern(text: str, pattern: str) -> float | None:
    try:
        parsed = datetime.strptime(text, pattern)  # noqa: DTZ007 - a naive time is UTC
        return wire.plausible((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def _count_bytes(digits: str, size: int | None) -> float | None:
    """Return whole bytes, multiplied in decimal: 1.1 GB is 1100000000, whatever a double makes of 1.1."""
    if size is None:
        return None
    try:
        return wire.number(float(round(Decimal(digits) * size)))
    except (InvalidOperation, OverflowError):
        return None

"""Reads and writes spans of time as Prometheus writes them: 90s, 5m, 26h, 7d, 1h30m."""

import math
import re

_MILLISECONDS = {
    "y": 365 * 24 * 3_600_000,
    "w": 7 * 24 * 3_600_000,
    "d": 24 * 3_600_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
_WRITTEN = re.compile("".join(rf"(?:([0-9]{{1,15}}){unit})?" for unit in _MILLISECONDS))
_ONLY_WHOLE = ("y", "w")  # 90d reads better than 12w6d
_LONGEST = 2**63 // 1_000_000  # what Prometheus can hold, some 292 years


def parse(text: str) -> float:
    """Return the seconds of a duration, whose units go from large to small; ValueError for any other text."""
    if text == "0":
        return 0.0
    found = _WRITTEN.fullmatch(text)
    if not text or found is None:
        raise ValueError("not a duration such as 90s, 5m, 26h, 7d or 1h30m")
    total = sum(int(count) * size for count, size in zip(found.groups(), _MILLISECONDS.values(), strict=True) if count)
    if total > _LONGEST:
        raise ValueError("a duration beyond 292 years")
    return total / 1000


def format_duration(seconds: float) -> str:
    """Return seconds as Prometheus writes them, to the millisecond; ValueError below zero or beyond all bounds."""
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError("only a span of time from 0 up can be written as a duration")
    rest = round(seconds * 1000)
    parts = []
    for unit, size in _MILLISECONDS.items():
        if unit in _ONLY_WHOLE and rest % size:
            continue
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"

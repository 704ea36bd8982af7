"""Colours, words and units: what a number looks like."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

STATES = (
    ("paused", "text"),
    ("up to date", "green"),
    ("no limit known", "blue"),
    ("schedule off", "yellow"),
    ("unreadable", "yellow"),
    ("last run failed", "orange"),
    ("late", "orange"),
    ("late over twice the limit", "red"),
    ("nothing to restore", "red"),
    ("never succeeded", "red"),
)
"""What a resource may be, each worse than the one before; its place is its number."""
STATUSES = (
    ("completed", "green"),
    ("unknown", "purple"),
    ("unsupported", "blue"),
    ("cancelled", "yellow"),
    ("failed", "red"),
)


def words(pairs: Sequence[tuple[str, str]], first: int = 0) -> list[ValueMapping]:
    """Map whole numbers from `first` on to words and colours."""
    options = {
        str(number): ValueMappingResult(text=text, color=color, index=number - first)
        for number, (text, color) in enumerate(pairs, first)
    }
    return [ValueMap(options)]


STATE_WORDS = words(STATES)
STATUS_WORDS = words(STATUSES, first=1)
UP_WORDS = words((("down", "red"), ("up", "green")))
READ_WORDS = words((("unreadable", "red"), ("read", "green")))
RELOAD_WORDS = words((("failed", "red"), ("good", "green")))
SEVERITY_COLORS: list[ValueMapping] = [
    ValueMap({"critical": ValueMappingResult(color="red"), "warning": ValueMappingResult(color="orange")})
]
CAP_WORDS = words((("clear", "green"), ("reached", "red")))
SCHEDULE_WORDS = words((("off", "orange"), ("on", "green")))


def steps(*above: tuple[str, float], base: str = "green") -> ThresholdsConfig:
    """Give the colour from each value on, and `base` below the first."""
    colors = [Threshold(color=base), *(Threshold(color=color, value=value) for color, value in above)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(colors)


NEUTRAL = steps(base="blue")
CALM = steps(base="text")
ANY_IS_BAD = steps(("red", 1))
ANY_IS_ODD = steps(("orange", 1))
SHARE_OF_LIMIT = steps(("orange", 1), ("red", 2))
INTERVALS = steps(("yellow", 2), ("red", 3))

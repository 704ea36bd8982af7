"""Colours, words and units: what a number looks like."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    SpecialValueMap,
    SpecialValueMatch,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

STATES = (("paused", "text"), ("fine", "green"), ("info", "blue"), ("warning", "orange"), ("critical", "red"))
"""What a resource is as a whole: paused, or the worst severity of its problems; its place is its number."""
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


UNREAD: list[ValueMapping] = [ValueMap({"1.5": ValueMappingResult(text="not read", color="text", index=len(STATES))})]
"""A resource whose source is down: it was fine, and whether it still is cannot be seen."""
STATE_WORDS = [*words(STATES), *UNREAD]
STATUS_WORDS = words(STATUSES, first=1)
UP_WORDS = words((("down", "red"), ("up", "green")))
READ_WORDS = words((("unreadable", "red"), ("read", "green")))
RELOAD_WORDS = words((("failed", "red"), ("good", "green")))
SEVERITIES = (("fine", "green"), ("info", "blue"), ("warning", "orange"), ("critical", "red"))
"""The ranks of a problem's severity from 0 on; a colour means a severity and nothing else."""
SEVERITY_WORDS = words(SEVERITIES)
ALL_OK: list[ValueMapping] = [ValueMap({"0": ValueMappingResult(text="All OK", color="green", index=0)})]


def unknown(text: str) -> ValueMapping:
    """Map what is not known to a text without a colour: it would take that of the lowest threshold."""
    result = ValueMappingResult(text=text, color="transparent")
    return SpecialValueMap(DashboardSpecialValueMapOptions(match=SpecialValueMatch.NULL_AND_NAN, result=result))


UNKNOWN = unknown("\N{EN DASH}")
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
WITHIN = steps(("orange", 0.95), ("green", 0.999), base="red")
INTERVALS = steps(("yellow", 2), ("red", 3))

"""Words, colours and units of a dashboard's panels, as their JSON has them."""

from collections.abc import Mapping, Sequence
from typing import Any

from exporter.human import span
from pages.drawing import Cell

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")

Series = Mapping[str, Any]


def look_of(panel: Mapping[str, Any], column: str) -> dict[str, Any]:
    """Return how a column looks: its unit, mappings, and thresholds."""
    overrides = (each for each in panel["fieldConfig"]["overrides"] if each["matcher"]["options"] == column)
    return {each["id"]: each["value"] for override in overrides for each in override["properties"]}


def cell(value: str | None, look: Mapping[str, Any]) -> Cell:
    """Return a value as its column shows it; nothing where there is none."""
    if value is None:
        return Cell("")
    if "mappings" in look:
        return Cell(*map_value(look["mappings"], value))
    try:
        number = float(value)
    except ValueError:
        return Cell(value)
    return Cell(format_value(number, look.get("unit", "none")), threshold(look, number) if "thresholds" in look else "")


def label_of(series: Series) -> str:
    """Return the legend of a series."""
    return f"{series['metric']['source']} / {series['metric']['resource_name']}"


def map_value(mappings: Sequence[Mapping[str, Any]], value: str) -> tuple[str, str]:
    """Return the word and the colour for a number."""
    (options,) = (each["options"] for each in mappings)
    return options[value]["text"], options[value]["color"]


def threshold(look: Mapping[str, Any], value: float) -> str:
    """Return the colour of the highest step that the value reaches."""
    steps = look["thresholds"]["steps"]
    return str([step["color"] for step in steps if step.get("value") is None or value >= step["value"]][-1])


def format_value(value: float, unit: str) -> str:
    """Return a number in its unit for a person."""
    match unit:
        case "s":
            return span(value)
        case "percentunit":
            return f"{value:.0%}"
        case "bytes":
            power = next((power for power in range(len(UNITS)) if value < 1024 ** (power + 1)), len(UNITS) - 1)
            return f"{value / 1024**power:.3g} {UNITS[power]}"
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"

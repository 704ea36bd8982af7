"""Rules and routes with less patience: what takes minutes to days in earnest, one wants to watch within seconds."""

import re
from typing import Any

FLOOR_SECONDS = 3.0
"""Nothing becomes shorter than this: below, a scrape or an evaluation that comes late would decide."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_DURATION = re.compile(r"(?:\d+(?:ms|[smhdwy]))+")
_PLACES = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)"""  # a bracket in a regular expression is no range
    r"""|(?P<range>\[[^\]]*\])"""
    r"""|(?P<offset>\boffset\s+-?(?:\d+(?:ms|[smhdwy]))+)"""
)
_TIMING_KEYS = ("for", "keep_firing_for", "interval", "group_wait", "group_interval")
"""How often one is reminded of what was told already stays: that is no wait."""


def shorten(rules: dict[str, Any], *, factor: float) -> dict[str, Any]:
    """Return a copy of a rule file in which everything that waits or looks back does so `factor` times shorter."""
    groups = [
        {**_shorten_timing(group, factor), "rules": [_rule(rule, factor) for rule in group["rules"]]}
        for group in rules["groups"]
    ]
    return {**rules, "groups": groups}


def shorten_route(route: dict[str, Any], *, factor: float) -> dict[str, Any]:
    """Return a copy of an Alertmanager's route in which news and what goes with it are awaited so much shorter."""
    routes = {"routes": [shorten_route(inner, factor=factor) for inner in route["routes"]]} if "routes" in route else {}
    return {**_shorten_timing(route, factor), **routes}


def _rule(rule: dict[str, Any], factor: float) -> dict[str, Any]:
    return {**_shorten_timing(rule, factor), "expr": _expression(str(rule["expr"]), factor)}


def _shorten_timing(entry: dict[str, Any], factor: float) -> dict[str, Any]:
    return {key: _duration(str(value), factor) if key in _TIMING_KEYS else value for key, value in entry.items()}


def _expression(text: str, factor: float) -> str:
    def place(match: re.Match[str]) -> str:
        if match["string"] is not None:
            return match[0]
        return _DURATION.sub(lambda duration: _duration(duration[0], factor), match[0])

    return _PLACES.sub(place, text)


def _duration(text: str, factor: float) -> str:
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    milliseconds = round(1000 * min(seconds, max(FLOOR_SECONDS, seconds / factor)))
    return f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"

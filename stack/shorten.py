"""Shortens rules and routes: what takes minutes to days in operation can be watched within seconds."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

FLOOR_SECONDS = 3.0
"""No wait becomes shorter than this: below, a scrape or an evaluation that comes late would decide."""
INTERVAL_SECONDS = 1.0
"""Groups are evaluated no more often than this."""
PENDING_SECONDS = 8.0
"""An alert is pending for longer than a Prometheus that starts takes to find its targets, which is 5 seconds."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_TIMING_KEYS = ("for", "keep_firing_for", "interval", "group_wait", "group_interval")
"""The interval of repeated notifications stays: it delays no first one."""


def shorten(rules: dict[str, Any], *, factor: float, keep_firing: float = FLOOR_SECONDS) -> dict[str, Any]:
    """Return a copy of a rule file in which everything waits `factor` times shorter.

    An alert goes on firing for `keep_firing` seconds at least, if it did for so long.
    """
    floors = {"keep_firing_for": keep_firing, "interval": INTERVAL_SECONDS, "for": PENDING_SECONDS}
    groups = [
        {
            **_shorten_timing(group, factor, floors),
            "rules": [_shorten_timing(rule, factor, floors) for rule in group["rules"]],
        }
        for group in rules["groups"]
    ]
    return {**rules, "groups": groups}


def shorten_route(route: dict[str, Any], *, factor: float) -> dict[str, Any]:
    """Return a copy of an Alertmanager's route in which news and what goes with it are awaited so much shorter."""
    routes = {"routes": [shorten_route(inner, factor=factor) for inner in route["routes"]]} if "routes" in route else {}
    return {**_shorten_timing(route, factor), **routes}


def _shorten_timing(
    entry: dict[str, Any], factor: float, floors: Mapping[str, float] = MappingProxyType({})
) -> dict[str, Any]:
    return {
        key: _duration(str(value), factor, floors.get(key, FLOOR_SECONDS)) if key in _TIMING_KEYS else value
        for key, value in entry.items()
    }


def _duration(text: str, factor: float, floor: float) -> str:
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    milliseconds = round(1000 * min(seconds, max(floor, seconds / factor)))
    return f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"

"""Reads the settings of the verdict and its metrics: `parse_thresholds`, `ignore`, `metrics`."""

import math
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from exporter.config.location import Location
from exporter.config.sections import find_nearest, make_list_parser, parse_section
from exporter.config.values import (
    InvalidValueError,
    Parser,
    make_number_parser,
    parse_duration,
    parse_fraction,
    parse_text,
    reject,
)
from exporter.metrics.families import PROTECTED_FAMILIES, REQUIRED_FAMILIES, family_names
from exporter.settings import ThresholdChanges
from exporter.state.problem import RESOURCE_WORDS, SOURCE_WORDS, Severity

METRICS_KEYS = ("exclude",)


def make_factor_parser(least: float) -> Parser[float]:
    """Make the parser of a number of times, above `least`."""

    def read(value: Any, location: Location) -> float:
        del location
        if isinstance(value, (int, float)) and not isinstance(value, bool) and least < value < math.inf:
            return float(value)
        return reject(value, f"a number above {least:g}, such as {least + 1.5:g}: so many times")

    return read


THRESHOLDS: Mapping[str, Parser[Any]] = {
    "too_old_critical": make_factor_parser(1),
    "failures": make_number_parser(1),
    "stuck": make_factor_parser(0),
    "stalled": parse_duration,
    "slow": make_factor_parser(0),
    "size_drop": parse_fraction,
    "size_growth": make_factor_parser(0),
    "restore_failed": parse_duration,
}


def parse_thresholds(value: Any, location: Location) -> ThresholdChanges:
    """Read thresholds: those that are given, sorted by name."""
    found = parse_section(value, location)
    found.check_keys(THRESHOLDS)
    return tuple(sorted(found.read_all(THRESHOLDS).items()))


def make_ignore_parser(words: Mapping[str, tuple[Severity, ...]]) -> Parser[frozenset[str]]:
    """Make the parser of a list of problems to ignore; warn of one that can be critical."""

    def word(value: Any, location: Location) -> str:
        found = parse_text(value, location)
        if found not in words:
            raise InvalidValueError(f"unknown problem; the nearest is {find_nearest(found, words)}")
        if Severity.CRITICAL in words[found]:
            location.warning(f"{found} can be critical; while it is ignored, no alert reports it")
        return found

    return lambda value, location: frozenset(make_list_parser(word)(value, location))


ignored_of_source = make_ignore_parser({**RESOURCE_WORDS, **SOURCE_WORDS})
ignored_of_resource = make_ignore_parser(RESOURCE_WORDS)


def parse_excluded_families(value: Any, location: Location) -> frozenset[str]:
    """Read `metrics`: the names of the metric families that are not exposed."""
    found = parse_section(value, location)
    found.check_keys(METRICS_KEYS)
    return frozenset().union(*(found.read("exclude", make_list_parser(_parse_family_glob)) or ()))


def _parse_family_glob(value: Any, location: Location) -> frozenset[str]:
    """Read a glob over the names of metric families; return the names that it fits."""
    pattern, known = parse_text(value, location), family_names()
    fitting = frozenset(name for name in known if fnmatchcase(name, pattern))
    if protected := sorted(fitting & PROTECTED_FAMILIES):
        raise InvalidValueError(f"it would exclude {protected[0]}, which the alerts read; choose a narrower glob")
    if not fitting:
        location.warning(f"no metric has this name; the nearest is {find_nearest(pattern, known)}")
    for name in sorted(fitting & REQUIRED_FAMILIES):
        location.warning(f"excludes {name}, which the alerts need")
    return fitting

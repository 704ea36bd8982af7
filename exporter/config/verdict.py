"""Reads the settings of the verdict and its metrics: `thresholds`, `ignore`, `metrics`."""

import math
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from exporter.config.location import Location
from exporter.config.sections import list_of, nearest, section
from exporter.config.values import InvalidValueError, Parser, duration, fraction, reject, text, whole_number
from exporter.metrics.families import PROTECTED_FAMILIES, REQUIRED_FAMILIES, family_names
from exporter.settings import ThresholdChanges
from exporter.state.problem import RESOURCE_WORDS, SOURCE_WORDS, Severity

METRICS_KEYS = ("exclude",)


def factor(least: float) -> Parser[float]:
    """Make the parser of a number of times, above `least`."""

    def read(value: Any, location: Location) -> float:
        del location
        if isinstance(value, (int, float)) and not isinstance(value, bool) and least < value < math.inf:
            return float(value)
        return reject(value, f"a number above {least:g}, such as {least + 1.5:g}: so many times")

    return read


THRESHOLDS: Mapping[str, Parser[Any]] = {
    "too_old_critical": factor(1),
    "failures": whole_number(1),
    "stuck": factor(0),
    "stalled": duration,
    "slow": factor(0),
    "size_drop": fraction,
    "size_growth": factor(0),
    "restore_failed": duration,
}


def thresholds(value: Any, location: Location) -> ThresholdChanges:
    """Read thresholds: those that are given, sorted by name."""
    found = section(value, location)
    found.check_keys(THRESHOLDS)
    return tuple(sorted(found.read_all(THRESHOLDS).items()))


def ignored_words(words: Mapping[str, tuple[Severity, ...]]) -> Parser[frozenset[str]]:
    """Make the parser of a list of problems that are none here; one that may be critical is a warning."""

    def word(value: Any, location: Location) -> str:
        found = text(value, location)
        if found not in words:
            raise InvalidValueError(f"unknown problem; the nearest is {nearest(found, words)}")
        if Severity.CRITICAL in words[found]:
            location.warning(f"{found} can be critical; while it is ignored, no alert reports it")
        return found

    return lambda value, location: frozenset(list_of(word)(value, location))


ignored_of_source = ignored_words({**RESOURCE_WORDS, **SOURCE_WORDS})
ignored_of_resource = ignored_words(RESOURCE_WORDS)


def excluded_families(value: Any, location: Location) -> frozenset[str]:
    """Read `metrics`: the names of the metric families that are not exposed."""
    found = section(value, location)
    found.check_keys(METRICS_KEYS)
    return frozenset().union(*(found.read("exclude", list_of(_family_glob)) or ()))


def _family_glob(value: Any, location: Location) -> frozenset[str]:
    """Read a glob over the names of metric families; return the names that it fits."""
    pattern, known = text(value, location), family_names()
    fitting = frozenset(name for name in known if fnmatchcase(name, pattern))
    if protected := sorted(fitting & PROTECTED_FAMILIES):
        raise InvalidValueError(f"it would exclude {protected[0]}, which the alerts read; choose a narrower glob")
    if not fitting:
        location.warning(f"no metric has this name; the nearest is {nearest(pattern, known)}")
    for name in sorted(fitting & REQUIRED_FAMILIES):
        location.warning(f"excludes {name}, which the alerts need")
    return fitting

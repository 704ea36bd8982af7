"""Reads composite values: mappings key by key, lists, labels; reports each problem at its own place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from exporter.config.document import UNSET
from exporter.config.location import Location
from exporter.config.values import InvalidValueError, Parser, T, describe_misread, is_text, parse_text, reject
from exporter.labels import LABEL_NAME, REPLICA_LABELS, TAKEN_LABELS
from exporter.settings import Labels

RESERVED_LABELS = TAKEN_LABELS | {"instance"}
_RESERVED_PREFIXES = ("resource_", "__")


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping of the configuration."""

    values: Mapping[str, Any]
    location: Location

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def read(self, key: str, parser: Parser[T]) -> T | None:
        """Return the value of `key`; None if it is absent, or wrong and reported."""
        return attempt(parser, self.values[key], self.location.key(key)) if key in self.values else None

    def require(self, key: str, parser: Parser[T], cure: str) -> T | None:
        """Return the value of `key`; its absence is a problem."""
        if key not in self.values:
            self.location.key(key).problem(f"is missing; {cure}")
        return self.read(key, parser)

    def read_all(self, parsers: Mapping[str, Parser[Any]]) -> dict[str, Any]:
        """Return the keys that are given and valid."""
        found = {key: self.read(key, parser) for key, parser in parsers.items()}
        return {key: value for key, value in found.items() if value is not None}

    def check_keys(self, known: Iterable[str]) -> None:
        """Report every unknown key, with the known one nearest to it."""
        known = tuple(known)
        for key in self.values:
            if key not in known:
                name, colon, _ = key.partition(":")  # without its space `token:value` is all key, and may be a secret
                shown = f"{name}:..." if colon else name
                self.location.key(key, shown).problem(f"unknown key; the nearest is {find_nearest(name, known)}")


def attempt(parser: Parser[T], value: Any, location: Location) -> T | None:
    """Return what a parser returns for a value; None if it rejects it, which is reported, or if there is no value."""
    if value is UNSET:
        return None
    try:
        return parser(value, location)
    except InvalidValueError as refused:
        location.problem(str(refused))
        return None


def find_nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is nearest to another."""
    return next(iter(get_close_matches(word, tuple(known), n=1, cutoff=0.0)), "(none)")


def parse_section(value: Any, location: Location) -> Section:
    """Read a mapping; without a value it is an empty one."""
    if value is None:
        return Section({}, location)
    if not isinstance(value, dict):
        reject(value, "a mapping (lines of `key: value`)")
    for key in value:
        if not is_text(key):
            location.problem(
                f"a key must be a text, but YAML reads one here as {describe_misread(key)}; put it in quotes"
            )
    return Section({str(key): inside for key, inside in value.items() if is_text(key)}, location)


def make_list_parser(parser: Parser[T]) -> Parser[tuple[T, ...]]:
    """Make the parser of a list out of the parser of its elements; without a value the list is empty."""

    def read(value: Any, location: Location) -> tuple[T, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            reject(value, "a list (lines that begin with `- `, or [one, two])")
        found = [attempt(parser, element, location.item(number)) for number, element in enumerate(value)]
        return tuple(element for element in found if element is not None)

    return read


def parse_labels(value: Any, location: Location) -> Labels:
    """Read labels: pairs of a name and a value, sorted by name."""
    found = parse_section(value, location)
    pairs = []
    for name in found.values:
        if not LABEL_NAME.fullmatch(name):
            location.key(name).problem("is not a valid label name: use letters, digits and _, and no digit first")
        elif name in RESERVED_LABELS or name.startswith(_RESERVED_PREFIXES):
            location.key(name).problem("is a label that the exporter or Prometheus sets itself; choose another name")
        else:
            if name in REPLICA_LABELS:
                location.key(name).warning("the shipped rules aggregate this label away, so no alert carries it")
            pairs.append((name, found.read(name, parse_text)))
    return tuple(sorted((name, said) for name, said in pairs if said is not None))

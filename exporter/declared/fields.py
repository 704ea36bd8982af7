"""Reads one value out of a record as a declaration describes it: the first choice that yields something."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from exporter import wire
from exporter.declared import conversions
from exporter.declared.expressions import Expression, is_true
from exporter.model import Status

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to find a value: an expression or a constant, under a condition, then mapped and converted."""

    expr: Expression | None = None
    value: Any = None
    when: Expression | None = None
    map: Mapping[str, Scalar] | None = None
    """What stands for a word; a word that it does not hold gives nothing."""
    unit: str = ""
    format: str = "iso8601"

    def find(self, record: Any) -> Any:
        """Return what is found in a record before it is converted; None where the condition does not hold."""
        if self.when is not None and not is_true(self.when.search(record)):
            return None
        found = self.value if self.expr is None else self.expr.search(record)
        return found if self.map is None else self._look_up(found, self.map)

    def _look_up(self, found: Any, words: Mapping[str, Scalar]) -> Any:
        if isinstance(found, list):
            return [words[word] for word in map(conversions.to_text, found) if word is not None and word in words]
        return words.get(conversions.to_text(found) or "")

    @property
    def expressions(self) -> Iterator[Expression]:
        """The expressions that are evaluated."""
        yield from (one for one in (self.expr, self.when) if one is not None)


Convert = Callable[[Any, Choice], Any]


def read_text(found: Any, _: Choice) -> str | None:
    """Convert to a text."""
    return conversions.to_text(found)


def read_truth(found: Any, _: Choice) -> bool | None:
    """Convert to JMESPath's truth value; null yields nothing."""
    return None if found is None else is_true(found)


def read_time(found: Any, choice: Choice) -> float | None:
    """Convert to an instant."""
    return conversions.to_time(found, choice.format)


def read_size(found: Any, choice: Choice) -> float | None:
    """Convert to bytes."""
    return conversions.to_size(found, choice.unit or "B")


def read_span(found: Any, choice: Choice) -> float | None:
    """Convert to seconds."""
    return conversions.to_span(found, choice.unit or "s")


def read_interval(found: Any, choice: Choice) -> float | None:
    """Convert to seconds above zero."""
    return conversions.to_interval(found, choice.unit or "s")


def read_percent(found: Any, _: Choice) -> float | None:
    """Convert to a percentage."""
    return conversions.to_percent(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A value of a record: the first of its choices that yields something after conversion."""

    path: str = field(compare=False)
    """Where it stands in the declaration."""
    choices: tuple[Choice, ...]
    convert: Convert

    def read(self, record: Any) -> Any:
        """Return the converted value, or None."""
        for choice in self.choices:
            found = choice.find(record)
            if found is not None and (value := self.convert(found, choice)) is not None:
                return value
        return None

    def raw(self, record: Any) -> Any:
        """Return what is found before it is converted: the first of what the choices find."""
        return next((found for choice in self.choices if (found := choice.find(record)) is not None), None)

    @property
    def expressions(self) -> Iterator[Expression]:
        """The expressions that are evaluated."""
        for choice in self.choices:
            yield from choice.expressions


@dataclass(frozen=True, kw_only=True)
class StatusField:
    """A status: one that is always meant, or the vendor's word with the map of all words."""

    path: str = field(compare=False)
    choices: tuple[Choice, ...] = ()
    words: Mapping[str, Status] = field(default_factory=lambda: MappingProxyType({}))
    """By the vendor's word in one spelling, see `wire.status_word`."""
    always: Status | None = None

    def word(self, record: Any) -> str:
        """Return the vendor's word in a record, or an empty text."""
        if self.always is not None:
            return str(self.always)
        for choice in self.choices:
            found = conversions.to_text(choice.find(record))
            if found:
                return found
        return ""

    @cached_property
    def statuses(self) -> Mapping[str, Status]:
        """The map to read words with."""
        return {str(self.always): self.always} if self.always is not None else self.words

    def read(self, record: Any) -> Status:
        """Return the status of a record."""
        return self.statuses.get(wire.status_word(self.word(record)), Status.UNKNOWN)

    @cached_property
    def possible(self) -> frozenset[Status]:
        """The statuses that a backup can have; all of them where the vendor lists failures."""
        if self.always is not None:
            return frozenset({self.always})
        stated = frozenset(self.words.values())
        return frozenset(Status) if Status.FAILED in stated else stated | {Status.UNKNOWN}

    @property
    def expressions(self) -> Iterator[Expression]:
        """The expressions that are evaluated."""
        for choice in self.choices:
            yield from choice.expressions


def list_expressions(*parts: Field | StatusField | Expression | None) -> Sequence[Expression]:
    """Return every expression of some fields and conditions."""
    found: list[Expression] = []
    for part in parts:
        if isinstance(part, Expression):
            found.append(part)
        elif part is not None:
            found += part.expressions
    return found

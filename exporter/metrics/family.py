"""A metric family: a name, a help text, a type, and a pure function from a view to its samples."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

V_contra = TypeVar("V_contra", contravariant=True)

Sample = tuple[tuple[str, ...], float]
"""The values of the family's own labels, and the number."""

RESOURCE_LABELS = ("provider", "source", "resource")
SOURCE_LABELS = ("provider", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family(Generic[V_contra]):
    """One metric family."""

    name: str
    help: str
    samples: Callable[[V_contra], Iterable[Sample]]
    type: Literal["gauge", "counter", "histogram"] = "gauge"
    common: tuple[str, ...] = RESOURCE_LABELS
    own: tuple[str, ...] = ()
    """Label names that stand on this family beside the common ones; a histogram's is `le`."""
    total: Callable[[V_contra], float] | None = None
    """The `_sum` of a histogram."""

    @property
    def labels(self) -> tuple[str, ...]:
        """All label names but the configured ones."""
        return self.common + self.own


def one(value: Callable[[V_contra], float | None]) -> Callable[[V_contra], Iterable[Sample]]:
    """Return a function that gives a single sample, or none where the value is unknown."""

    def samples(view: V_contra) -> Iterable[Sample]:
        number = value(view)
        return () if number is None else (((), number),)

    return samples


def each(values: Callable[[V_contra], Mapping[str, float] | None]) -> Callable[[V_contra], Iterable[Sample]]:
    """Return a function that gives a sample for each key of a mapping."""

    def samples(view: V_contra) -> Iterable[Sample]:
        return [((key,), number) for key, number in (values(view) or {}).items()]

    return samples


def state_set(
    states: Iterable[str], current: Callable[[V_contra], str | None]
) -> Callable[[V_contra], Iterable[Sample]]:
    """Return a function that gives 1 for the current state and 0 for the others; nothing before there is one."""
    known = tuple(states)

    def samples(view: V_contra) -> Iterable[Sample]:
        word = current(view)
        return () if word is None else [((state,), float(state == word)) for state in known]

    return samples


def flag(value: bool | None) -> float | None:
    """Return 1 for true, 0 for false, and nothing for what is not known."""
    return None if value is None else float(value)

"""The result of a measurement: pairs of our cost and the reference's, taken in turns, so that noise affects both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table: our cost against a reference, both measured several times in one run."""

    benchmark: str
    what: str
    reference: str
    unit: str
    ours: Sequence[float]
    theirs: Sequence[float]
    goal: float | None = None
    """The greatest ratio to reach; None for a row that only informs."""
    inverted: bool = False
    """Whether the ratio is shown as how many times faster we are, with the goal as its least value."""
    remark: str = ""
    ratios: Sequence[float] = field(init=False)

    def __post_init__(self) -> None:
        pairs = zip(self.ours, self.theirs, strict=True)
        ratios = [theirs / ours if self.inverted else ours / theirs for ours, theirs in pairs]
        object.__setattr__(self, "ratios", ratios)

    @property
    def ratio(self) -> float:
        """The median of the ratios of all turns."""
        return median(self.ratios)

    @property
    def is_reached(self) -> bool | None:
        """Whether the median reaches the goal."""
        if self.goal is None:
            return None
        return self.ratio >= self.goal if self.inverted else self.ratio <= self.goal


def in_turns(turns: int, *measures: Callable[[], float]) -> list[list[float]]:
    """Measure A B A B …, after one turn that only warms up; return what each measured."""
    taken: list[list[float]] = [[] for _ in measures]
    for turn in range(turns + 1):
        for measure, seen in zip(measures, taken, strict=True):
            value = measure()
            if turn:
                seen.append(value)
    return taken


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which this part of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

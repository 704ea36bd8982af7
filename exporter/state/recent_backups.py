"""Keeps the newest completed backups of one kind, newest first, in a few bytes each."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import overload

MAX_RECENT = 11
"""The newest, and the ten before it that define the typical values."""
SEPARATOR = "\n"
WIDTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedBackup:
    """What is kept of a completed backup."""

    id: str
    started: float
    size: float | None = None
    duration: float | None = None


class RecentBackups(Sequence[CompletedBackup]):
    """The newest `MAX_RECENT` completed backups, as columns; a record is built for each access."""

    __slots__ = ("_ids", "_numbers")

    def __init__(self, successes: Iterable[CompletedBackup]) -> None:
        """Take them in any order; of two that started together, the first one given counts as newer."""
        newest = sorted(successes, key=lambda one: -one.started)[:MAX_RECENT]
        self._fill([one.id for one in newest], array("d", [number for one in newest for number in _numbers(one)]))

    def add(self, success: CompletedBackup) -> "RecentBackups":
        """Return them with another one; of two that started together, it is the newer."""
        ids, numbers = self.ids(), self._numbers[:]
        at = next((at for at, started in enumerate(numbers[::WIDTH]) if started <= success.started), len(ids))
        ids.insert(at, success.id)
        numbers[WIDTH * at : WIDTH * at] = array("d", _numbers(success))
        new = RecentBackups(())
        new._fill(ids[:MAX_RECENT], numbers[: WIDTH * MAX_RECENT])
        return new

    def ids(self) -> list[str]:
        """Return their ids."""
        if isinstance(self._ids, tuple):
            return list(self._ids)
        return self._ids.split(SEPARATOR) if self._numbers else []

    def sizes(self) -> list[float | None]:
        """Return their sizes, None where one is unknown."""
        return [None if isnan(size) else size for size in self._numbers[1::WIDTH]]

    def durations(self) -> list[float | None]:
        """Return their durations, None where one is unknown."""
        return [None if isnan(duration) else duration for duration in self._numbers[2::WIDTH]]

    def __len__(self) -> int:
        return len(self._numbers) // WIDTH

    def __iter__(self) -> Iterator[CompletedBackup]:
        for own, started, size, duration in zip(
            self.ids(), self._numbers[::WIDTH], self.sizes(), self.durations(), strict=True
        ):
            yield CompletedBackup(id=own, started=started, size=size, duration=duration)

    @overload
    def __getitem__(self, at: int) -> CompletedBackup: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[CompletedBackup, ...]: ...
    def __getitem__(self, at: int | slice) -> CompletedBackup | tuple[CompletedBackup, ...]:
        return tuple(self)[at]

    @property
    def newest(self) -> float:
        """When the newest started."""
        return self._numbers[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"

    def _fill(self, ids: list[str], numbers: "array[float]") -> None:
        joined = SEPARATOR.join(ids)
        odd = joined.count(SEPARATOR) >= max(1, len(ids))
        self._ids: str | tuple[str, ...] = tuple(ids) if odd else joined
        self._numbers = numbers


def _numbers(success: CompletedBackup) -> tuple[float, float, float]:
    size, duration = success.size, success.duration
    return success.started, nan if size is None else size, nan if duration is None else duration

"""A simulated resource's backups as a function of time: deterministic, without state, in no vendor's words."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from exporter.model import Status

Alteration = Callable[["Run"], "Run | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One backup as it really went, past or to come."""

    number: int
    """Counted from the story's beginning: 0 is the last that started before it, 1 the first after."""
    start: float
    end: float
    size: int
    kind: str = ""
    outcome: Status = Status.COMPLETED

    def status(self, now: float) -> Status:
        """Return what the vendor says of it at `now`."""
        if now < self.start:
            return Status.PENDING
        return Status.IN_PROGRESS if now < self.end else self.outcome

    def progress(self, now: float) -> float:
        """Return how far it has come at `now`, from 0 to 1."""
        if self.end <= self.start:
            return 1.0
        return min(1.0, max(0.0, (now - self.start) / (self.end - self.start)))


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPattern:
    """How often a resource is backed up, how long that takes, and how large it is."""

    first: float
    """The instant of run number 1; the others lie whole periods before and after it."""
    every: float
    takes: float
    size: int
    growth: float = 0.01
    """Part of the size that is added with each run."""
    kinds: tuple[str, ...] = ("",)
    """The kinds in turn."""
    alter: Alteration = lambda run: run
    """What goes wrong: a run in, the changed run out, None if it never was."""

    def runs(self, now: float, keep: float) -> list[Run]:
        """Return the runs that started in the `keep` seconds up to `now`, newest first."""
        newest = int((now - self.first) // self.every) + 1
        oldest = int((now - keep - self.first) // self.every) + 2
        runs = (self.alter(self._run(number)) for number in range(newest, oldest - 1, -1))
        return sorted((run for run in runs if run and run.start <= now), key=lambda run: run.start, reverse=True)

    def _run(self, number: int) -> Run:
        start = self.first + (number - 1) * self.every
        wobble = 0.9 + 0.2 * (number * 0.618034 % 1)
        kind = self.kinds[number % len(self.kinds)]
        size = int(self.size * max(0.1, 1 + self.growth * number) * wobble * (0.1 if kind == "incremental" else 1))
        return Run(number=number, start=start, end=start + self.takes * wobble, size=size, kind=kind)


def failing(*numbers: int) -> Callable[[Run], Run]:
    """Return a change that makes the runs of these numbers fail."""
    return lambda run: replace(run, outcome=Status.FAILED) if run.number in numbers else run


def lasting(number: int, seconds: float) -> Callable[[Run], Run]:
    """Return a change that gives the run of this number a duration."""
    return lambda run: replace(run, end=run.start + seconds) if run.number == number else run


def until(end: float) -> Alteration:
    """Return a change that drops all runs from this instant on."""
    return lambda run: run if run.start < end else None

"""Writes the past as OpenMetrics with timestamps: a file for each day, each family of a day streamed in turn."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import disk_usage
from typing import IO

from exporter.history.files import UnwritableError, open_whole_files
from exporter.history.series import ENDED, ResourceSeries
from exporter.history.steps import Steps, make_steps
from exporter.metrics.render import escape_label, format_number, render_header
from exporter.metrics.resource_families import AGE, RESOURCE_FAMILIES

DAY = 86400
STAMP = 11
"""Characters of a timestamp and the space before it."""
ABOUT = 12
"""Characters of a value, about."""

Series = tuple[str, Steps]
"""The labels of one family's own, as they stand in a line after a comma, and the values."""


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """What is going to be written."""

    ticks: range
    """The timestamps, whole multiples of the step."""
    samples: int
    size: int
    """Bytes, about."""

    def days(self) -> Iterator[tuple[str, range]]:
        """Yield each day's name and its timestamps."""
        step, behind = self.ticks.step, self.ticks.stop
        for day in range(self.ticks.start // DAY * DAY, behind, DAY):
            ticks = range(max(self.ticks.start, _find_next(day, step)), min(behind, day + DAY), step)
            if ticks:
                yield f"{datetime.fromtimestamp(day, UTC):%Y-%m-%d}", ticks


def make_plan(resources: Iterable[ResourceSeries], since: float, now: float, step: int) -> BackfillPlan:
    """Return what is going to be written: all multiples of the step from `since` on, and nothing after `now`."""
    ticks = range(_find_next(since, step), int(now) + 1, step)
    samples = size = 0
    for resource in resources:
        for name, make in MAKERS.items():
            for own, steps in make(resource):
                count = sum(behind - first for first, behind, _ in steps.on(ticks))
                samples += count
                size += count * (len(name) + len(resource.labels) + len(own) + STAMP + ABOUT)
    return BackfillPlan(ticks, samples, size)


def write(
    resources: Sequence[ResourceSeries], planned: BackfillPlan, folder: Path, progress: Callable[[str], None]
) -> list[Path]:
    """Write the files, each whole or not at all; return their paths. UnwritableError if one cannot be written."""
    free = disk_usage(folder).free
    if planned.size > free:
        raise UnwritableError(f"{folder}: cannot be written: needs about {planned.size} bytes, {free} are free")
    written = []
    for day, ticks in planned.days():
        path = folder / f"backups-{day}.om"
        if any(_has_samples(resource, ticks) for resource in resources):
            with open_whole_files([path]) as (file,):
                _write_day(resources, ticks, file)
            written.append(path)
        progress(day)
    return written


def _write_day(resources: Sequence[ResourceSeries], ticks: range, file: IO[bytes]) -> None:
    stamps = [f" {tick}\n" for tick in ticks]
    for family in RESOURCE_FAMILIES:
        begun = False
        for resource in resources if family.name in MAKERS else ():
            for own, steps in MAKERS[family.name](resource):
                head = f"{family.name}{{{resource.labels}{own}}} "
                write_lines = _write_ages if family.name == AGE else _write_values
                lines = write_lines(head, steps, ticks, stamps)
                if lines and not begun:
                    file.write(render_header(family, openmetrics=True))
                    begun = True
                file.write(lines.encode("utf-8", "replace"))
    file.write(b"# EOF\n")


def _write_values(head: str, steps: Steps, ticks: range, stamps: Sequence[str]) -> str:
    """Return a line for each tick; where the value stays, its lines are joined and not written one by one."""
    parts = []
    for first, behind, value in steps.on(ticks):
        line = f"{head}{format_number(value)}"
        parts.append(line + line.join(stamps[first:behind]))
    return "".join(parts)


def _write_ages(head: str, steps: Steps, ticks: range, stamps: Sequence[str]) -> str:
    """Return a line for each tick with the time since the recovery point."""
    parts = list[str]()
    for first, behind, point in steps.on(ticks):
        stamped = zip(ticks[first:behind], stamps[first:behind], strict=True)
        if point == int(point):
            whole = int(point)
            parts += [f"{head}{tick - whole}{stamp}" for tick, stamp in stamped]
        else:
            parts += [f"{head}{tick - point:.3f}{stamp}" for tick, stamp in stamped]
    return "".join(parts)


def _has_samples(resource: ResourceSeries, ticks: range) -> bool:
    return any(next(steps.on(ticks), None) is not None for make in MAKERS.values() for _, steps in make(resource))


def _find_next(instant: float, step: int) -> int:
    """Return the first multiple of the step that is not before an instant."""
    return -int(-instant // step) * step


def _make_single_series(steps: Steps) -> Sequence[Series]:
    return (("", steps),)


def _format_kind(kind: str) -> str:
    return f',kind="{escape_label(kind)}"' if kind else ""


def _make_status_series(resource: ResourceSeries) -> Sequence[Series]:
    changes = list(zip(resource.finished.at, resource.finished.values, strict=True))
    return [
        (f',status="{word}"', make_steps((at, float(place == value)) for at, value in changes))
        for place, word in enumerate(ENDED)
        if word in resource.statuses
    ]


MAKERS: Mapping[str, Callable[[ResourceSeries], Sequence[Series]]] = {
    AGE: lambda resource: _make_single_series(resource.last_success),
    "backup_last_success_timestamp_seconds": lambda resource: _make_single_series(resource.last_success),
    "backup_last_success_by_kind_timestamp_seconds": lambda resource: [
        (_format_kind(kind), series.started) for kind, series in resource.by_kind.items() if kind
    ],
    "backup_last_success_size_bytes": lambda resource: [
        (_format_kind(kind), series.size) for kind, series in resource.by_kind.items()
    ],
    "backup_last_success_duration_seconds": lambda resource: [
        (_format_kind(kind), series.duration) for kind, series in resource.by_kind.items()
    ],
    "backup_last_attempt_timestamp_seconds": lambda resource: _make_single_series(resource.last_attempt),
    "backup_last_failure_timestamp_seconds": lambda resource: _make_single_series(resource.last_failure),
    "backup_last_finished_status": _make_status_series,
    "backup_failures_since_success": lambda resource: _make_single_series(resource.failures),
    "backup_max_age_seconds": lambda resource: _make_single_series(resource.limit),
}
"""By family, what can be known in retrospect of a resource."""

UNKNOWN = tuple(family.name for family in RESOURCE_FAMILIES if family.name not in MAKERS)
"""The families that a listing says nothing about in retrospect."""

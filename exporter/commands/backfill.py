"""`backup-exporter backfill`: the past as OpenMetrics, for a new Prometheus."""

import argparse
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from exporter.commands.flags import add_config_flag, add_log_flags, add_past_flags, parse_duration
from exporter.commands.progress import show_progress
from exporter.commands.source_reader import read
from exporter.config import durations
from exporter.history.backfill import UNKNOWN, BackfillPlan, make_plan, write
from exporter.history.files import UnwritableError, prepare_folder
from exporter.history.report import SourceReading
from exporter.history.series import ResourceSeries, make_series
from exporter.history.timeline import make_timeline
from exporter.human import size
from exporter.labels import LABEL_NAME
from exporter.metrics.render import escape_label
from exporter.settings import Source
from exporter.state.resource import ResourceStatus

LABELS = frozenset({"provider", "source", "resource", "kind", "status"})


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add_config_flag(parser)
    add_past_flags(parser)
    parser.add_argument(
        "--since", type=parse_duration, default="90d", metavar="DURATION", help="how far back (default: %(default)s)"
    )
    parser.add_argument(
        "--output", dest="output_folder", type=Path, required=True, metavar="DIR", help="folder of the *.om files"
    )
    parser.add_argument(
        "--step", type=_parse_step, default="5m", metavar="DURATION", help="time between samples (default: %(default)s)"
    )
    parser.add_argument(
        "--label",
        action="append",
        type=_parse_label,
        default=[],
        metavar="NAME=VALUE",
        help="a label that Prometheus adds to the live series, such as job=backup-exporter; may be repeated",
    )
    parser.add_argument(
        "--assume-limits", action="store_true", help="write backup_max_age_seconds too: today's limits for the past"
    )
    add_log_flags(parser)


def run(flags: argparse.Namespace) -> int:
    """Write the files that the flags ask for; return the exit code."""
    wanted = BackfillFlags(
        since=flags.since,
        output=flags.output_folder,
        step=flags.step,
        sources=flags.source,
        labels=flags.label,
        assume_limits=flags.assume_limits,
    )
    return backfill(None if flags.demo else flags.config_file, wanted)


def _parse_step(value: str) -> int:
    with suppress(ValueError):
        if (seconds := durations.parse(value)) >= 1 and seconds == int(seconds):
            return int(seconds)
    raise argparse.ArgumentTypeError(f"{value!r} is not a duration of whole seconds, such as 5m")


def _parse_label(value: str) -> tuple[str, str]:
    name, _, content = value.partition("=")
    if not LABEL_NAME.fullmatch(name) or name.startswith("__") or not content:
        raise argparse.ArgumentTypeError(f"{value!r} is not NAME=VALUE with a valid label name")
    return name, content


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillFlags:
    """What the command line asks for."""

    since: float
    """Seconds before now."""
    output: Path
    step: int
    sources: Sequence[str]
    labels: Sequence[tuple[str, str]]
    """Those that Prometheus adds to the live series."""
    assume_limits: bool


def backfill(config_file: Path | None, flags: BackfillFlags) -> int:
    """Write the files; return 1 if something could not be read or written, 2 if they cannot be made."""
    names = [name for name, _ in flags.labels]
    if twice := next((name for name in names if names.count(name) > 1), None):
        print(f"--label {twice}: given more than once; keep one", file=sys.stderr)
        return 2
    if (problem := _find_clash(LABELS, names)) is not None:
        print(problem, file=sys.stderr)
        return 2
    try:
        prepare_folder(flags.output)
    except UnwritableError as error:
        print(error, file=sys.stderr)
        return 1
    return read(config_file, flags.sources, lambda readings: _write(readings, flags))


def _write(readings: Sequence[SourceReading], flags: BackfillFlags) -> int:
    now = time.time()
    if (problem := _find_clash(_list_configured_labels(readings), [name for name, _ in flags.labels])) is not None:
        print(problem, file=sys.stderr)
        return 2
    resources = [series for reading in readings for series in _list_series(reading, flags)]
    planned = make_plan(resources, now - flags.since, now, flags.step)
    _announce(readings, resources, planned, flags)
    days = sum(1 for _ in planned.days())
    try:
        with show_progress() as progress:
            task = progress.add_task("writing", total=days)
            written = write(resources, planned, flags.output, lambda _: progress.advance(task))
    except UnwritableError as error:
        print(error, file=sys.stderr)
        return 1
    total = sum(path.stat().st_size for path in written)
    print(f"{flags.output}: {len(written)} files, {planned.samples} samples, {size(total)}")
    return 0 if all(map(_is_whole, readings)) else 1


def _list_series(reading: SourceReading, flags: BackfillFlags) -> Iterator[ResourceSeries]:
    for resource_status in sorted(reading.resources, key=lambda status: status.resource.id):
        if resource_status.listing is not None:
            yield _make_resource_series(reading.source, resource_status, flags)


def _make_resource_series(source: Source, resource_status: ResourceStatus, flags: BackfillFlags) -> ResourceSeries:
    resource, policy = (
        resource_status.resource,
        source.policy(resource_status.resource.id, resource_status.resource.name),
    )
    known = make_timeline(
        resource_status.listing,
        resource_status.details,
        policy,
        resource.created,
        history=resource_status.history,
    )
    labels = (
        ("provider", source.provider_name),
        ("source", source.name),
        ("resource", resource.id),
        *policy.labels,
        *flags.labels,
    )
    written = ",".join(f'{name}="{escape_label(value)}"' for name, value in labels)
    limit = known.limit if flags.assume_limits else None
    return make_series(known, written, limit=limit, statuses=policy.statuses)


def _list_configured_labels(readings: Sequence[SourceReading]) -> frozenset[str]:
    return frozenset(
        name
        for reading in readings
        for resource_status in reading.resources
        for name, _ in reading.source.policy(resource_status.resource.id, resource_status.resource.name).labels
    )


def _find_clash(taken: Collection[str], names: Sequence[str]) -> str | None:
    """Return what is wrong with a label that the series have already."""
    clash = next((name for name in names if name in taken), None)
    return None if clash is None else f"--label {clash}: the series have this label already; leave it out"


def _announce(
    readings: Sequence[SourceReading], resources: Sequence[ResourceSeries], planned: BackfillPlan, flags: BackfillFlags
) -> None:
    """Print what is going to be written, about how large it will be, and what cannot be known."""
    limits = "" if flags.assume_limits else " backup_max_age_seconds (--assume-limits takes today's for the past),"
    print(
        f"{len(resources)} resources, {planned.samples} samples, about {size(planned.size)} in {flags.output}\n"
        f"not known in retrospect:{limits} {', '.join(UNKNOWN)}",
        file=sys.stderr,
    )
    if not flags.labels:
        print("without --label job=… and --label instance=… the past does not join the live series", file=sys.stderr)
    for reading in readings:
        if not reading.status.up:
            print(f"{reading.source.name}: could not be read, {reading.status.failure}", file=sys.stderr)
        for resource_status in reading.resources:
            if (problem := _find_unknown(resource_status)) is not None:
                print(f"{reading.source.name} {resource_status.resource.id!a}: {problem}", file=sys.stderr)


def _find_unknown(resource_status: ResourceStatus) -> str | None:
    if resource_status.listing is None:
        return f"could not be read, {resource_status.failure}; nothing is written"
    if resource_status.listing.recovery is not None:
        return "point-in-time recovery; its age in the past is not known"
    return None if resource_status.history.newest is not None else "no completed backup is known; its age is not known"


def _is_whole(reading: SourceReading) -> bool:
    return bool(reading.status.up) and all(
        resource.failure is None and resource.listing is not None for resource in reading.resources
    )

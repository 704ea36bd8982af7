"""`backup-exporter report`: the outcome of the backups in a period."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from rich.console import Console

from exporter.commands.flags import add_config_flag, add_log_flags, add_past_flags, parse_duration
from exporter.commands.source_reader import read
from exporter.history import instants
from exporter.history.files import UnwritableError, check_writable, is_special, open_whole_files
from exporter.history.page import write_html
from exporter.history.report import BackupReport, Period, SourceReading, make_report
from exporter.history.tables import make_table, write_csv, write_json


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add_config_flag(parser)
    add_past_flags(parser)
    parser.add_argument(
        "--since",
        type=parse_duration,
        default="30d",
        metavar="DURATION",
        help="length of the period (default: %(default)s)",
    )
    parser.add_argument(
        "--until",
        type=_parse_instant,
        default=None,
        metavar="TIME",
        help="end of the period, as ISO 8601 (default: now)",
    )
    parser.add_argument(
        "--format",
        choices=("table", "csv", "json", "html"),
        default="table",
        help="what to write (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        dest="output_file",
        type=Path,
        default=None,
        metavar="FILE",
        help="write to a file, with html also the JSON beside it (default: to stdout)",
    )
    add_log_flags(parser)


def run(flags: argparse.Namespace) -> int:
    """Report on the period of the flags; return the exit code."""
    wanted = ReportFlags(
        since=flags.since, until=flags.until, sources=flags.source, format=flags.format, output=flags.output_file
    )
    return report_backups(None if flags.demo else flags.config_file, wanted)


def _parse_instant(value: str) -> float:
    with suppress(ValueError, OverflowError):
        return instants.parse(value)
    raise argparse.ArgumentTypeError(f"{value!r} is not an ISO 8601 time, such as 2026-11-25T08:00:00Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFlags:
    """What the command line asks for."""

    since: float
    """Seconds before `until`."""
    until: float | None
    """None: now."""
    sources: Sequence[str]
    format: str
    output: Path | None


def report_backups(config_file: Path | None, flags: ReportFlags) -> int:
    """Print or write the report; return 1 if something could not be read or written, 2 if it cannot be made."""
    now = float(int(time.time()))
    until = now if flags.until is None else flags.until
    if until > now:
        return _refuse("--until is in the future; give a past time", 2)
    if flags.format == "html" and flags.output is not None and flags.output.suffix == ".json":
        return _refuse(f"--output {flags.output}: the JSON beside the page has this name; name the page *.html", 2)
    try:
        if flags.output is not None:
            check_writable(flags.output)
    except UnwritableError as error:
        return _refuse(str(error), 1)

    def use(readings: Sequence[SourceReading]) -> int:
        return _print_or_write(make_report(readings, Period(since=until - flags.since, until=until, now=now)), flags)

    return read(config_file, flags.sources, use)


def _print_or_write(made: BackupReport, flags: ReportFlags) -> int:
    try:
        if flags.output is not None:
            _write(made, flags.format, flags.output)
        elif flags.format == "table":
            console = Console() if sys.stdout.isatty() else Console(width=160)
            console.print(*make_table(made), sep="\n", markup=False)
        else:
            sys.stdout.write(CONTENTS[flags.format](made).decode())
    except UnwritableError as error:
        return _refuse(str(error), 1)
    return 0 if made.complete else 1


def _write(made: BackupReport, format_: str, output: Path) -> None:
    contents = {output: CONTENTS[format_](made)}
    if format_ == "html" and not is_special(output):
        contents = {output.with_suffix(".json"): write_json(made), **contents}
    with open_whole_files(contents) as files:
        for file, content in zip(files, contents.values(), strict=True):
            file.write(content)


def _write_table(made: BackupReport) -> bytes:
    text = StringIO()
    Console(width=160, file=text).print(*make_table(made), sep="\n", markup=False)
    return text.getvalue().encode("utf-8", "replace")


def _refuse(problem: str, code: int) -> int:
    print(problem, file=sys.stderr)
    return code


CONTENTS: Mapping[str, Callable[[BackupReport], bytes]] = {
    "table": _write_table,
    "csv": write_csv,
    "json": write_json,
    "html": lambda made: write_html(made, write_json(made)),
}

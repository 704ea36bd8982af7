"""The flags of the commands, and how their values are read."""

import argparse
import re
from contextlib import suppress
from pathlib import Path

from exporter.config import durations
from exporter.labels import LABEL_NAME
from exporter.log import LEVELS
from exporter.shard import Shard

DEFAULT_LISTEN = ":10342"
DEFAULT_CONFIG = "config.yaml"


def dashboards_flags(parser: argparse.ArgumentParser) -> None:
    """Add the folder for the dashboards."""
    parser.add_argument(
        "--output-dir", type=Path, required=True, metavar="DIR", help="the folder to write to; made if it is missing"
    )


def optional_config_flag(parser: argparse.ArgumentParser) -> None:
    """Add the path of a configuration that need not be there."""
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        default=None,
        metavar="FILE",
        help=f"the configuration whose declarations are listed too (default: {DEFAULT_CONFIG}, if it exists)",
    )


def try_flags(parser: argparse.ArgumentParser) -> None:
    """Add the source to try, and how to try it."""
    parser.add_argument("source", metavar="SOURCE", help="the source's name")
    parser.add_argument("--resource", default="*", metavar="GLOB", help="only resources of this id or name")
    parser.add_argument(
        "--record", type=Path, default=None, metavar="FILE", help="write what was answered, masked, as a test to FILE"
    )


def rules_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `rules`."""
    from exporter.commands.rules import add_flags

    add_flags(parser)


def config_flag(parser: argparse.ArgumentParser) -> None:
    """Add the path of the configuration."""
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        default=Path(DEFAULT_CONFIG),
        metavar="FILE",
        help="the configuration (default: %(default)s)",
    )


def web_flags(parser: argparse.ArgumentParser) -> None:
    """Add where to listen, and access control."""
    parser.add_argument(
        "--web.listen-address",
        dest="listen",
        action="append",
        type=address,
        metavar="ADDRESS",
        help=f":PORT or HOST:PORT to listen on; may be repeated (default: {DEFAULT_LISTEN})",
    )
    parser.add_argument(
        "--web.config.file",
        dest="web_config",
        type=lambda name: Path(name) if name else None,
        metavar="FILE",
        help="TLS, passwords and headers, in the format of Prometheus' exporter-toolkit (default: none of them)",
    )
    parser.add_argument(
        "--web.telemetry-path",
        dest="telemetry_path",
        type=_path,
        default="/metrics",
        metavar="PATH",
        help="path under which to expose metrics (default: %(default)s)",
    )


def shard_flag(parser: argparse.ArgumentParser) -> None:
    """Add the part of the sources that is watched."""
    parser.add_argument(
        "--shard",
        type=_shard,
        default=None,
        metavar="I/N",
        help="run as shard I (0-based) of N; each instance watches its part of the sources (default: watch all)",
    )


def log_flags(parser: argparse.ArgumentParser) -> None:
    """Add what is logged, and how."""
    parser.add_argument(
        "--log.level",
        dest="log_level",
        choices=LEVELS,
        default=None,
        metavar="LEVEL",
        help="lowest level to log: debug, info, warn (or warning) or error (default: info; warn for the demo on a "
        "terminal)",
    )
    parser.add_argument(
        "--log.format",
        dest="log_format",
        choices=("logfmt", "json"),
        default=None,
        help="how to log (default: for people on a terminal, else logfmt)",
    )


def poll_flags(parser: argparse.ArgumentParser) -> None:
    """Add what `poll` reads and prints."""
    parser.add_argument("--demo", action="store_true", help="poll the demo's simulated vendors instead")
    parser.add_argument("--source", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    parser.add_argument(
        "--output",
        choices=("table", "prometheus", "json"),
        default="table",
        help="what to print (default: %(default)s)",
    )
    parser.add_argument(
        "--fail-on",
        choices=("down", "warning", "critical", "never"),
        default="down",
        help="exit with 1 if something could not be read (down), or a problem of this severity or worse stands as well "
        "(default: %(default)s)",
    )


def past_flags(parser: argparse.ArgumentParser) -> None:
    """Add which sources are read, for the commands that look back."""
    parser.add_argument("--demo", action="store_true", help="read the demo's simulated vendors instead")
    parser.add_argument("--source", action="append", default=[], metavar="NAME", help="only this one; may be repeated")


def report_flags(parser: argparse.ArgumentParser) -> None:
    """Add the period and the output of a report."""
    parser.add_argument(
        "--since", type=_duration, default="30d", metavar="DURATION", help="length of the period (default: %(default)s)"
    )
    parser.add_argument(
        "--until", type=_instant, default=None, metavar="TIME", help="end of the period, as ISO 8601 (default: now)"
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


def backfill_flags(parser: argparse.ArgumentParser) -> None:
    """Add the period and the output of a backfill."""
    parser.add_argument(
        "--since", type=_duration, default="90d", metavar="DURATION", help="how far back (default: %(default)s)"
    )
    parser.add_argument(
        "--output", dest="output_folder", type=Path, required=True, metavar="DIR", help="folder of the *.om files"
    )
    parser.add_argument(
        "--step", type=_step, default="5m", metavar="DURATION", help="time between samples (default: %(default)s)"
    )
    parser.add_argument(
        "--label",
        action="append",
        type=_label,
        default=[],
        metavar="NAME=VALUE",
        help="a label that Prometheus adds to the live series, such as job=backup-exporter; may be repeated",
    )
    parser.add_argument(
        "--assume-limits", action="store_true", help="write backup_max_age_seconds too: today's limits for the past"
    )


def demo_flags(parser: argparse.ArgumentParser) -> None:
    """Add the pace of the demo."""
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="FACTOR",
        help="how many times faster than life the staged events follow one another (default: 1)",
    )


def _duration(value: str) -> float:
    with suppress(ValueError):
        if (seconds := durations.parse(value)) > 0:
            return seconds
    raise argparse.ArgumentTypeError(f"{value!r} is not a duration above 0, such as 30d or 12h")


def _step(value: str) -> int:
    with suppress(ValueError):
        if (seconds := durations.parse(value)) >= 1 and seconds == int(seconds):
            return int(seconds)
    raise argparse.ArgumentTypeError(f"{value!r} is not a duration of whole seconds, such as 5m")


def _instant(value: str) -> float:
    from exporter.history.instants import parse

    with suppress(ValueError, OverflowError):
        return parse(value)
    raise argparse.ArgumentTypeError(f"{value!r} is not an ISO 8601 time, such as 2026-11-25T08:00:00Z")


def _label(value: str) -> tuple[str, str]:
    name, _, content = value.partition("=")
    if not LABEL_NAME.fullmatch(name) or name.startswith("__") or not content:
        raise argparse.ArgumentTypeError(f"{value!r} is not NAME=VALUE with a valid label name")
    return name, content


def _speed(value: str) -> float:
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if not 0.1 <= factor <= 1000:
        raise argparse.ArgumentTypeError(f"{value!r} is no factor between 0.1 and 1000")
    return factor


def _shard(value: str) -> Shard:
    found = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", value)
    if found is None or int(found[1]) >= int(found[2]):
        raise argparse.ArgumentTypeError(f"{value!r} is not I/N with I from 0 to N - 1")
    return Shard(int(found[1]), int(found[2]))


def address(value: str) -> tuple[str | None, int]:
    """Return the host and the port of `:PORT` or `HOST:PORT`."""
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]*)):([0-9]{1,5})", value)
    if found is None or int(found[3]) > 65535:
        raise argparse.ArgumentTypeError(f"{value!r} is not :PORT or HOST:PORT")
    return found[1] or found[2] or None, int(found[3])


def _path(value: str) -> str:
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]*", value):
        raise argparse.ArgumentTypeError(f"{value!r} is no path such as /metrics")
    return value

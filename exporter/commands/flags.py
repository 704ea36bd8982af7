"""Holds the flags that several commands have, and reads their values."""

import argparse
import re
from contextlib import suppress
from pathlib import Path

from exporter.config import durations
from exporter.log import LEVELS

DEFAULT_LISTEN = ":10342"
DEFAULT_CONFIG = "config.yaml"


def add_config_flag(parser: argparse.ArgumentParser) -> None:
    """Add the path of the configuration."""
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        default=Path(DEFAULT_CONFIG),
        metavar="FILE",
        help="the configuration (default: %(default)s)",
    )


def add_web_flags(parser: argparse.ArgumentParser) -> None:
    """Add where to listen, and access control."""
    parser.add_argument(
        "--web.listen-address",
        dest="listen",
        action="append",
        type=parse_address,
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
        type=_parse_path,
        default="/metrics",
        metavar="PATH",
        help="path under which to expose metrics (default: %(default)s)",
    )


def add_log_flags(parser: argparse.ArgumentParser) -> None:
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


def add_past_flags(parser: argparse.ArgumentParser) -> None:
    """Add which sources are read, for the commands that look back."""
    parser.add_argument("--demo", action="store_true", help="read the demo's simulated vendors instead")
    parser.add_argument("--source", action="append", default=[], metavar="NAME", help="only this one; may be repeated")


def parse_duration(value: str) -> float:
    """Return the seconds of a duration above zero."""
    with suppress(ValueError):
        if (seconds := durations.parse(value)) > 0:
            return seconds
    raise argparse.ArgumentTypeError(f"{value!r} is not a duration above 0, such as 30d or 12h")


def parse_address(value: str) -> tuple[str | None, int]:
    """Return the host and the port of `:PORT` or `HOST:PORT`."""
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]*)):([0-9]{1,5})", value)
    if found is None or int(found[3]) > 65535:
        raise argparse.ArgumentTypeError(f"{value!r} is not :PORT or HOST:PORT")
    return found[1] or found[2] or None, int(found[3])


def _parse_path(value: str) -> str:
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]*", value):
        raise argparse.ArgumentTypeError(f"{value!r} is not a path such as /metrics")
    return value

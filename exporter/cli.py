"""Understands the command line: which command, its flags, and the exit codes."""

import argparse
import os
import sys
from collections.abc import Collection, Sequence
from importlib import import_module
from typing import NoReturn, Protocol, cast

from exporter import __version__, background, log, workers
from exporter.log import configure

BAD_USAGE = 2
COMMANDS = {
    "serve": ("serve", "Poll the configured vendors and serve the metrics."),
    "check": ("check", "Check the configuration and print every problem; send no request."),
    "poll": ("poll", "Poll every source once and print the result."),
    "report": ("report", "Report the outcome of the backups in a period, from the vendors' own lists."),
    "backfill": ("backfill", "Write the past as OpenMetrics files, from which promtool makes blocks for Prometheus."),
    "demo": ("demo", "Watch simulated vendors on loopback: no credentials, no network."),
    "rules": ("rules", "Print the alert and recording rules for Prometheus."),
    "dashboards": ("dashboards", "Write the Grafana dashboards."),
    "try": ("try_source", "Read one source step by step and show the results; values that are not read are masked."),
    "providers": ("providers", "List the vendors that can be configured."),
    "schema": ("schema", "Print the JSON Schema of the configuration, for editors."),
    "example-config": ("example_config", "Print the example configuration, which shows every key."),
    "systemd-unit": ("systemd_unit", "Print a systemd unit that starts this installation."),
    "health": ("health", "Check the health of the exporter that runs as process 1 of this container."),
}
"""The module of each command in `exporter.commands`, and its description."""


class Command(Protocol):
    """What the module of a command has."""

    def add_flags(self, parser: argparse.ArgumentParser, /) -> None:
        """Add the flags of the command."""

    def run(self, flags: argparse.Namespace, /) -> int:
        """Run the command; return the exit code."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Print the error in one line and exit."""
        configure("info", None)
        log.write_line(f"{self.prog}: {message}; see {self.prog} --help")
        log.flush()
        self.exit(BAD_USAGE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    flags = _parse(arguments)
    configure(getattr(flags, "log_level", None) or _default_level(flags), getattr(flags, "log_format", None))
    return load_command(flags.command).run(flags)


def load_command(name: str) -> Command:
    """Import the module of a command; no other is needed to run it, so that each starts quickly."""
    module, _ = COMMANDS[name]
    return cast(Command, import_module(f"exporter.commands.{module}"))


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command by its name, the program's own under the empty one: what the docs show."""
    return _make_parsers(COMMANDS)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the flags; without a command they are those of `serve`, and the word may follow them too."""
    implied = not arguments or arguments[0] not in (*COMMANDS, "-h", "--help", "--version")
    words = ["serve", *arguments] if implied else arguments
    parser = _make_parsers(words[:1])[""]
    flags, left = parser.parse_known_args(words)
    if left and not (implied and left == ["serve"]):
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    return flags


def _default_level(flags: argparse.Namespace) -> str:
    """Return the default of `--log.level`: on a terminal the demo prints its events itself."""
    return "warning" if flags.command == "demo" and sys.stderr.isatty() else "info"


def _make_parsers(wanted: Collection[str]) -> dict[str, argparse.ArgumentParser]:
    """Return the program's parser under the empty name and each command's; only those wanted know their flags."""
    parser = _Parser(
        prog="backup-exporter",
        description="Export the age, size, duration, count and progress of your vendors' backups to Prometheus.",
        epilog="The default command is serve.",
        allow_abbrev=False,
    )
    _add_version(parser)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    parsers: dict[str, argparse.ArgumentParser] = {"": parser}
    for name, (_, about) in COMMANDS.items():
        parsers[name] = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
        if name in wanted:
            load_command(name).add_flags(parsers[name])
        _add_version(parsers[name])
    return parsers


def _add_version(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--version", action="version", version=f"backup-exporter {__version__}")


def entry() -> NoReturn:
    """Run as a program."""
    try:
        code = main()
        log.flush()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 1
    except KeyboardInterrupt:
        code = 130
    if background.is_busy() or workers.is_busy():  # a thread may never end, and sys.exit would wait for it
        os._exit(code)
    sys.exit(code)

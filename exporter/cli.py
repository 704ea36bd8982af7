"""Understands the command line: which command, its flags, and the exit codes."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from exporter import __version__, background, log, workers
from exporter.commands.flags import (
    DEFAULT_CONFIG,
    DEFAULT_LISTEN,
    address,
    backfill_flags,
    config_flag,
    dashboards_flags,
    demo_flags,
    log_flags,
    optional_config_flag,
    past_flags,
    poll_flags,
    report_flags,
    rules_flags,
    shard_flag,
    try_flags,
    web_flags,
)
from exporter.files import is_file
from exporter.log import configure

BAD_USAGE = 2


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
    command: Callable[[argparse.Namespace], int] = COMMANDS[flags.command][0]
    return command(flags)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the flags; without a command they are those of `serve`, and the word may follow them too."""
    implied = not arguments or arguments[0] not in (*COMMANDS, "-h", "--help", "--version")
    parser = _parser()
    flags, left = parser.parse_known_args(["serve", *arguments] if implied else arguments)
    if left and not (implied and left == ["serve"]):
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    return flags


def _default_level(flags: argparse.Namespace) -> str:
    """Return the default of `--log.level`: on a terminal the demo prints its events itself."""
    return "warning" if flags.command == "demo" and sys.stderr.isatty() else "info"


def _serve(flags: argparse.Namespace) -> int:
    from exporter.commands.serve import serve

    addresses = flags.listen or [address(DEFAULT_LISTEN)]
    return serve(flags.config_file, addresses, flags.telemetry_path, flags.web_config, flags.shard)


def _check(flags: argparse.Namespace) -> int:
    from exporter.commands.check import check

    return check(flags.config_file)


def _poll(flags: argparse.Namespace) -> int:
    from exporter.commands.poll import poll

    return poll(None if flags.demo else flags.config_file, flags.source, flags.output, flags.fail_on)


def _schema(_: argparse.Namespace) -> int:
    from exporter.commands.schema import print_schema

    return print_schema()


def _example_config(_: argparse.Namespace) -> int:
    from exporter.commands.example_config import example_config

    return example_config()


def _systemd_unit(_: argparse.Namespace) -> int:
    from exporter.commands.systemd_unit import systemd_unit

    return systemd_unit()


def _report(flags: argparse.Namespace) -> int:
    from exporter.commands.report import ReportFlags, make_report

    wanted = ReportFlags(
        since=flags.since, until=flags.until, sources=flags.source, format=flags.format, output=flags.output_file
    )
    return make_report(None if flags.demo else flags.config_file, wanted)


def _backfill(flags: argparse.Namespace) -> int:
    from exporter.commands.backfill import BackfillFlags, backfill

    wanted = BackfillFlags(
        since=flags.since,
        output=flags.output_folder,
        step=flags.step,
        sources=flags.source,
        labels=flags.label,
        assume_limits=flags.assume_limits,
    )
    return backfill(None if flags.demo else flags.config_file, wanted)


def _demo(flags: argparse.Namespace) -> int:
    from exporter.commands.demo import demo

    return demo(flags.listen or [address(DEFAULT_LISTEN)], flags.telemetry_path, flags.speed, flags.web_config)


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command by its name, the program's own under the empty one: what the docs show."""
    parser = _parser()
    inside: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:  # argparse lists its subcommands in no other way
        if isinstance(action, argparse._SubParsersAction):
            inside.update(action.choices)
    return {"": parser, **inside}


def _rules(flags: argparse.Namespace) -> int:
    from exporter.commands.rules import rules

    return rules(flags)


def _dashboards(flags: argparse.Namespace) -> int:
    from exporter.commands.dashboards import dashboards

    return dashboards(flags.output_dir)


def _providers(flags: argparse.Namespace) -> int:
    from exporter.commands.providers import providers

    default = Path(DEFAULT_CONFIG)
    return providers(flags.config_file or (default if is_file(default) else None))


def _try(flags: argparse.Namespace) -> int:
    from exporter.commands.try_source import try_source

    return try_source(flags.config_file, flags.source, flags.resource, flags.record)


def _health(_: argparse.Namespace) -> int:
    from exporter.commands.health import health

    return health()


def _parser() -> _Parser:
    parser = _Parser(
        prog="backup-exporter",
        description="Export the age, size, duration, count and progress of your vendors' backups to Prometheus.",
        epilog="The default command is serve.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"backup-exporter {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for name, (_, about, groups) in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
        for add in groups:
            add(command)
        command.add_argument("--version", action="version", version=f"backup-exporter {__version__}")
    return parser


Group = Callable[[argparse.ArgumentParser], None]
COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], str, tuple[Group, ...]]] = {
    "serve": (
        _serve,
        "Poll the configured vendors and serve the metrics.",
        (config_flag, web_flags, shard_flag, log_flags),
    ),
    "check": (_check, "Read the configuration, print every problem; ask no vendor.", (config_flag,)),
    "poll": (_poll, "Poll every source once and print the result.", (config_flag, poll_flags, log_flags)),
    "report": (
        _report,
        "Report the outcome of the backups in a period, from the vendors' own lists.",
        (config_flag, past_flags, report_flags, log_flags),
    ),
    "backfill": (
        _backfill,
        "Write the past as OpenMetrics files, from which promtool makes blocks for Prometheus.",
        (config_flag, past_flags, backfill_flags, log_flags),
    ),
    "demo": (
        _demo,
        "Watch simulated vendors on loopback: no credentials, no network.",
        (demo_flags, web_flags, log_flags),
    ),
    "rules": (_rules, "Print the alert and recording rules for Prometheus.", (rules_flags,)),
    "dashboards": (_dashboards, "Write the Grafana dashboards.", (dashboards_flags,)),
    "try": (
        _try,
        "Ask one source step by step and show what is understood; what is not read is masked.",
        (config_flag, try_flags, log_flags),
    ),
    "providers": (_providers, "List the vendors that can be configured.", (optional_config_flag,)),
    "schema": (_schema, "Print the JSON Schema of the configuration, for editors.", ()),
    "example-config": (_example_config, "Print the example configuration, which shows every key.", ()),
    "systemd-unit": (_systemd_unit, "Print a systemd unit that starts this installation.", ()),
    "health": (_health, "Ask the exporter that is process 1 here, in a container, whether it is alive.", ()),
}


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

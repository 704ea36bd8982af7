"""Understands the command line: which command, its flags, and the exit codes."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from exporter import __version__, background, log
from exporter.config import durations
from exporter.log import LEVELS, configure
from exporter.shard import Shard

DEFAULT_LISTEN = ":10342"
DEFAULT_CONFIG = "config.yaml"
BAD_USAGE = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line."""
        configure("info", None)
        log.write_line(f"{self.prog}: {message}; see {self.prog} --help")
        log.flush()
        self.exit(BAD_USAGE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    first = arguments[0] if arguments else ""
    if first not in (*COMMANDS, "-h", "--help", "--version"):
        arguments.insert(0, "serve")
    flags = _parser().parse_args(arguments)
    configure(getattr(flags, "log_level", None) or _default_level(flags), getattr(flags, "log_format", None))
    command: Callable[[argparse.Namespace], int] = COMMANDS[flags.command][0]
    return command(flags)


def _default_level(flags: argparse.Namespace) -> str:
    """Return the level without `--log.level`: on a terminal the demo says itself what happens."""
    return "warning" if flags.command == "demo" and sys.stderr.isatty() else "info"


def _serve(flags: argparse.Namespace) -> int:
    from exporter.commands.serve import serve

    addresses = flags.listen or [_address(DEFAULT_LISTEN)]
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

    return demo(flags.listen or [_address(DEFAULT_LISTEN)], flags.telemetry_path, flags.speed, flags.web_config)


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command by its name, the program's own under the empty one: what the docs show."""
    parser = _parser()
    inside: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:  # argparse tells of its subcommands in no other way
        if isinstance(action, argparse._SubParsersAction):
            inside.update(action.choices)
    return {"": parser, **inside}


def _rules(flags: argparse.Namespace) -> int:
    from exporter.commands.rules import rules

    return rules(flags)


def _dashboards(flags: argparse.Namespace) -> int:
    from exporter.commands.dashboards import dashboards

    return dashboards(flags.output_dir)


def _dashboards_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output-dir", type=Path, required=True, metavar="DIR", help="the folder to write to; made if it is missing"
    )


def _providers(flags: argparse.Namespace) -> int:
    from exporter.commands.providers import providers

    default = Path(DEFAULT_CONFIG)
    return providers(flags.config_file or (default if default.is_file() else None))


def _optional_config_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        default=None,
        metavar="FILE",
        help=f"the configuration whose declarations are listed too (default: {DEFAULT_CONFIG}, if it exists)",
    )


def _try(flags: argparse.Namespace) -> int:
    from exporter.commands.try_source import try_source

    return try_source(flags.config_file, flags.source, flags.resource, flags.record)


def _try_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="the source's name")
    parser.add_argument("--resource", default="*", metavar="GLOB", help="only resources of this id or name")
    parser.add_argument(
        "--record", type=Path, default=None, metavar="FILE", help="write what was answered, masked, as a test to FILE"
    )


def _rules_flags(parser: argparse.ArgumentParser) -> None:
    from exporter.commands.rules import add_flags

    add_flags(parser)


def _health(_: argparse.Namespace) -> int:
    from exporter.commands.health import health

    return health()


def _parser() -> _Parser:
    parser = _Parser(
        prog="backup-exporter",
        description="Tells Prometheus how old, how large, how long and how many the backups at your vendors are.",
        epilog="Without a command it serves.",
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


def _config_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        default=Path("config.yaml"),
        metavar="FILE",
        help="the configuration (default: %(default)s)",
    )


def _web_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--web.listen-address",
        dest="listen",
        action="append",
        type=_address,
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
        help="where the metrics stand (default: %(default)s)",
    )


def _shard_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shard",
        type=_shard,
        default=None,
        metavar="I/N",
        help="be number I, counted from 0, of N instances that share the sources among them (default: watch all)",
    )


def _log_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log.level",
        dest="log_level",
        choices=LEVELS,
        default=None,
        metavar="LEVEL",
        help="log debug, info, warn (or warning) and error, or from one of these on (default: info; warn for the demo "
        "on a terminal)",
    )
    parser.add_argument(
        "--log.format",
        dest="log_format",
        choices=("logfmt", "json"),
        default=None,
        help="how to log (default: for people on a terminal, else logfmt)",
    )


def _poll_flags(parser: argparse.ArgumentParser) -> None:
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


def _past_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help="read the demo's simulated vendors instead")
    parser.add_argument("--source", action="append", default=[], metavar="NAME", help="only this one; may be repeated")


def _report_flags(parser: argparse.ArgumentParser) -> None:
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


def _backfill_flags(parser: argparse.ArgumentParser) -> None:
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


def _demo_flags(parser: argparse.ArgumentParser) -> None:
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
    if not re.fullmatch(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*", name) or not content:
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


def _address(value: str) -> tuple[str | None, int]:
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]*)):([0-9]{1,5})", value)
    if found is None or int(found[3]) > 65535:
        raise argparse.ArgumentTypeError(f"{value!r} is not :PORT or HOST:PORT")
    return found[1] or found[2] or None, int(found[3])


def _path(value: str) -> str:
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]*", value):
        raise argparse.ArgumentTypeError(f"{value!r} is no path such as /metrics")
    return value


Group = Callable[[argparse.ArgumentParser], None]
COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], str, tuple[Group, ...]]] = {
    "serve": (
        _serve,
        "Poll the configured vendors and serve the metrics.",
        (_config_flag, _web_flags, _shard_flag, _log_flags),
    ),
    "check": (_check, "Read the configuration, print every problem; ask no vendor.", (_config_flag,)),
    "poll": (_poll, "Poll every source once and print what came of it.", (_config_flag, _poll_flags, _log_flags)),
    "report": (
        _report,
        "Report what became of the backups in a period, from the vendors' own lists.",
        (_config_flag, _past_flags, _report_flags, _log_flags),
    ),
    "backfill": (
        _backfill,
        "Write the past as OpenMetrics files, from which promtool makes blocks for Prometheus.",
        (_config_flag, _past_flags, _backfill_flags, _log_flags),
    ),
    "demo": (
        _demo,
        "Watch simulated vendors on loopback: no credentials, no network.",
        (_demo_flags, _web_flags, _log_flags),
    ),
    "rules": (_rules, "Print the alert and recording rules for Prometheus.", (_rules_flags,)),
    "dashboards": (_dashboards, "Write the Grafana dashboards.", (_dashboards_flags,)),
    "try": (
        _try,
        "Ask one source step by step and show what is understood; what is not read is masked.",
        (_config_flag, _try_flags, _log_flags),
    ),
    "providers": (_providers, "List the vendors that can be configured.", (_optional_config_flag,)),
    "schema": (_schema, "Print the JSON Schema of the configuration, for editors.", ()),
    "example-config": (_example_config, "Print the example configuration, which shows every key.", ()),
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
    if background.is_busy():  # in a call that may never end, and whose thread would abort the interpreter's own end
        os._exit(code)
    sys.exit(code)

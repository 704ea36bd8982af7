"""`backup-exporter check`: reads the configuration and asks no vendor."""

import argparse
import sys
from pathlib import Path

from exporter.commands.config import read_configuration
from exporter.commands.flags import add_config_flag
from exporter.config.loader import ConfigError
from exporter.files import is_file
from exporter.human import count


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add_config_flag(parser)


def run(flags: argparse.Namespace) -> int:
    """Check the configuration; return the exit code."""
    return check(flags.config_file)


def check(config_file: Path) -> int:
    """Print every problem and warning, and a summary; return 0 if the configuration can be used, else 2."""
    try:
        found = read_configuration(config_file)
    except ConfigError as error:
        _print_findings(error.problems, error.warnings)
        if is_file(config_file):
            print(f"{config_file}: {count(len(error.problems), 'problem')}{_count_warnings(error.warnings)}")
        return 2
    _print_findings((), found.warnings)
    sources = count(len(found.settings.sources), "source")
    print(f"{config_file}: {sources}{_count_warnings(found.warnings) or ', no problem'}")
    return 0


def _print_findings(problems: tuple[str, ...], warnings: tuple[str, ...]) -> None:
    for line in (*problems, *(f"warning: {warning}" for warning in warnings)):
        print(line, file=sys.stderr)


def _count_warnings(warnings: tuple[str, ...]) -> str:
    return f", {count(len(warnings), 'warning')}" if warnings else ""

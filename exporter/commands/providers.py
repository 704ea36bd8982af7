"""`backup-exporter providers`: lists the vendors that can be configured."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from exporter.commands.flags import DEFAULT_CONFIG
from exporter.config.loader import TOP_KEYS, ConfigError, load
from exporter.declared.vendors import BUILT_IN, DeclarationError, ProviderIndex, Vendors
from exporter.files import is_file

TITLES = ("name", "title", "kind", "docs", "checked")
OF_OTHER_KEYS = tuple(f"{key}{sign}" for key in TOP_KEYS if key != "declarations" for sign in (":", ".", "["))
_DOCUMENTATION = re.compile(r"https://[^\s`{}<>]+[^\s`{}<>.,;:)]")

Row = tuple[str, str, str, str, str]


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        default=None,
        metavar="FILE",
        help=f"the configuration whose declarations are listed too (default: {DEFAULT_CONFIG}, if it exists)",
    )


def run(flags: argparse.Namespace) -> int:
    """List the providers; return the exit code."""
    default = Path(DEFAULT_CONFIG)
    return list_providers(flags.config_file or (default if is_file(default) else None))


def list_providers(config_file: Path | None) -> int:
    """Print a line for each provider; with a configuration, for those that its declarations add too.

    Return 2 if the configuration, or a package, cannot be used.
    """
    vendors = Vendors()
    problems = list(vendors.clashes()) if config_file is None else _read_declarations(config_file, vendors)
    rows = _make_rows(vendors.providers)
    problems += [
        problem for problem in (find_problem(vendors.providers, name) for name in vendors.providers) if problem
    ]
    widths = [max(len(row[at]) for row in [TITLES, *rows]) for at in range(len(TITLES))]
    for row in [TITLES, *rows]:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    for problem in problems:
        print(problem, file=sys.stderr)
    return 2 if problems else 0


def _read_declarations(config_file: Path, vendors: Vendors) -> list[str]:
    """Read what a configuration declares; return the problems of that, and not those of its sources."""
    try:
        load(config_file, os.environ, vendors=vendors)
    except ConfigError as error:
        place = re.compile(rf"{re.escape(str(config_file))}(?::[0-9]+)?: ")
        return [it for it in error.problems if not place.sub("", it, count=1).startswith(OF_OTHER_KEYS)]
    return []


def _make_rows(known: ProviderIndex) -> Sequence[Row]:
    return [_make_row(known, name) for name in known if find_problem(known, name) is None]


def _make_row(known: ProviderIndex, name: str) -> Row:
    kind, provider = known.kind(name), known[name]
    if kind != BUILT_IN:
        return name, provider.title or name, kind, provider.docs or "-", provider.checked or "-"
    text = import_module(f"exporter.providers.{name}").__doc__ or name
    links = [link for link in _DOCUMENTATION.findall(text) if "doc" in link or "developers" in link]
    return name, text.partition(":")[0], kind, next(iter(links), "-"), "-"


def find_problem(known: ProviderIndex, name: str) -> str | None:
    """Return why a provider cannot be used, or None."""
    try:
        known[name]
    except DeclarationError as error:
        said = " ".join(str(error).splitlines())
        return f"provider {name}: {said}" if said else ""
    return None

"""Reads the configuration files for a command and prints their problems to stderr."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from exporter import log
from exporter.config.loader import ConfigError, LoadedConfig, load
from exporter.declared.vendors import ReadDeclaration, Vendors
from exporter.web.listener import Listener

if TYPE_CHECKING:
    from exporter.trial.checks import Findings


def read_configuration(path: Path) -> LoadedConfig:
    """Return the configuration, the tests of its declarations run; ConfigError with every problem."""
    vendors = Vendors()
    problems: list[str] = []
    warnings: list[str] = []
    found = None
    try:
        found = load(path, os.environ, vendors=vendors)
        warnings += found.warnings
    except ConfigError as error:
        problems += error.problems
        warnings += error.warnings
    if vendors.declarations:
        tested = _check(vendors.declarations)
        problems += tested.problems
        warnings += tested.warnings
    if found is not None and (shipped := [*vendors.shipped(source.provider_name for source in found.settings.sources)]):
        problems += _check(shipped).problems
    if found is None or problems:
        raise ConfigError(problems, warnings)
    return replace(found, warnings=tuple(warnings))


def _check(declarations: Sequence[ReadDeclaration]) -> "Findings":
    from exporter.trial.checks import check_declarations  # what it needs takes a while to import

    return check_declarations(declarations)


def load_or_report(path: Path) -> LoadedConfig | None:
    """Return the configuration; None after its problems were printed, one a line."""
    try:
        return read_configuration(path)
    except ConfigError as error:
        for problem in error.problems:
            print_problem(problem)
        return None


def print_problem(problem: str) -> None:
    """Write one line to stderr and wait for it, unless stderr cannot be written."""
    log.write_line(problem)
    log.flush()


def listener_or_report(web_config: Path | None) -> Listener | None:
    """Return the listener that the web configuration describes; None after its problems were printed."""
    try:
        return Listener() if web_config is None else Listener.load(web_config)
    except ConfigError as error:
        for problem in error.problems:
            print_problem(problem)
        return None

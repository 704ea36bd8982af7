"""Reads the configuration files for a command and says on stderr what is wrong with them."""

import os
import sys
from pathlib import Path

from exporter.config.loader import ConfigError, LoadedConfig, load
from exporter.web.listener import Listener


def load_or_report(path: Path) -> LoadedConfig | None:
    """Return the configuration; None after its problems were printed, one a line."""
    try:
        return load(path, os.environ)
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return None


def listener_or_report(web_config: Path | None) -> Listener | None:
    """Return how clients come in by the web configuration; None after its problems were printed."""
    try:
        return Listener(web_config)
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return None

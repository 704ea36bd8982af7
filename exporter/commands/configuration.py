"""Reads the configuration files for a command and says on stderr what is wrong with them."""

import os
import sys
from pathlib import Path

from exporter.configuration.loading import ConfigurationError, Loaded, load
from exporter.web.entrance import Entrance


def loaded(path: Path) -> Loaded | None:
    """Return the configuration; None after its problems were printed, one a line."""
    try:
        return load(path, os.environ)
    except ConfigurationError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return None


def entered(web_config: Path | None) -> Entrance | None:
    """Return how clients come in by the web configuration; None after its problems were printed."""
    try:
        return Entrance(web_config)
    except ConfigurationError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return None

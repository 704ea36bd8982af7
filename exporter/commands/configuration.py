"""Reads the configuration for a command and says on stderr what is wrong with it."""

import os
import sys
from pathlib import Path

from exporter.configuration.loading import ConfigurationError, Loaded, load


def loaded(path: Path) -> Loaded | None:
    """Return the configuration; None after its problems were printed, one a line."""
    try:
        return load(path, os.environ)
    except ConfigurationError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return None

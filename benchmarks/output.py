"""Writes the results of a process that a benchmark started."""

import json
import sys
from typing import Any


def write_line(value: Any) -> None:
    """Write one value as a line of JSON, at once."""
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()

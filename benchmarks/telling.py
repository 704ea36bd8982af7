"""How a process that was started for a benchmark tells what it found."""

import json
import sys
from typing import Any


def tell(value: Any) -> None:
    """Write one value as a line of JSON, at once."""
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()

"""`backup-exporter check`: reads the configuration and asks no vendor."""

import sys
from pathlib import Path

from exporter.commands.config import load_or_report


def check(config_file: Path) -> int:
    """Print every problem and warning; return 0 if the configuration can be used, else 2."""
    found = load_or_report(config_file)
    if found is None:
        return 2
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    count = len(found.settings.sources)
    print(f"{config_file}: {count} source{'' if count == 1 else 's'}, no problem")
    return 0

"""`backup-exporter dashboards`: writes the Grafana dashboards."""

import argparse
import json
import sys
from pathlib import Path

from exporter.dashboards import read_boards


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument(
        "--output-dir", type=Path, required=True, metavar="DIR", help="the folder to write to; made if it is missing"
    )


def run(flags: argparse.Namespace) -> int:
    """Write the dashboards; return the exit code."""
    return write_dashboards(flags.output_dir)


def write_dashboards(folder: Path) -> int:
    """Write every dashboard into the folder and print its path; return 1 with the cause where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in read_boards():
            path = folder / name
            path.write_text(json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            print(path)
    except OSError as error:
        print(f"cannot write to {folder}: {error.strerror or error}; choose another --output-dir", file=sys.stderr)
        return 1
    return 0

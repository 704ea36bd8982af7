"""`backup-exporter systemd-unit`: prints a systemd unit that starts this installation."""

import argparse
import sys
from importlib.resources import files
from pathlib import Path

INSTALL_PREFIX = "/opt/backup-exporter"
"""Where the unit of deploy/systemd expects the installation."""


def add_flags(_: argparse.ArgumentParser) -> None:
    """Add nothing: the command has no flags."""


def run(_: argparse.Namespace) -> int:
    """Print the unit, of which the package has a copy, with the place of this installation."""
    unit = (files("exporter.commands") / "backup-exporter.service").read_text(encoding="utf-8")
    print(unit.replace(f"{INSTALL_PREFIX}/bin/", f"{Path(sys.prefix) / 'bin'}/"), end="")
    return 0

"""`backup-exporter systemd-unit`: prints a systemd unit that starts this installation."""

import argparse
import os
import sys
from importlib.resources import files
from pathlib import Path

INSTALL_PREFIX = "/opt/backup-exporter"
"""Where the unit of deploy/systemd expects the installation."""
HOMES = ("/home", "/root", "/run/user")
"""What `ProtectHome=` of the unit hides: https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html."""


def add_flags(_: argparse.ArgumentParser) -> None:
    """Add nothing: the command has no flags."""


def run(_: argparse.Namespace) -> int:
    """Print the unit, of which the package has a copy, with the place of this installation; warn if it cannot start."""
    places = {os.path.realpath(prefix) for prefix in (sys.prefix, sys.base_prefix)}
    hidden = sorted(place for place in places if any(Path(place).is_relative_to(home) for home in HOMES))
    if hidden:
        print(
            f"this unit cannot start: it hides {hidden[0]} (ProtectHome=yes), where this installation has files; "
            f"install into {INSTALL_PREFIX}, with a Python that is in no home folder",
            file=sys.stderr,
        )
    unit = (files("exporter.commands") / "backup-exporter.service").read_text(encoding="utf-8")
    print(unit.replace(f"{INSTALL_PREFIX}/bin/", f"{Path(sys.prefix) / 'bin'}/"), end="")
    return 0

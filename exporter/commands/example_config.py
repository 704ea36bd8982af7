"""`backup-exporter example-config`: prints the example configuration, which shows every key."""

import argparse
from importlib.resources import files


def add_flags(_: argparse.ArgumentParser) -> None:
    """Add nothing: the command has no flags."""


def run(_: argparse.Namespace) -> int:
    """Print config.example.yaml, of which the package has a copy."""
    print((files("exporter.config") / "example.yaml").read_text(encoding="utf-8"), end="")
    return 0

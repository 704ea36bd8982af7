"""Runs `backup-exporter` as `python -m exporter`."""

from exporter.cli import entry

entry()

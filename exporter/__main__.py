"""Lets `python -m exporter` be `backup-exporter`."""

from exporter.cli import entry

entry()

"""`backup-exporter try`: asks one source for real and shows what it understands."""

import argparse
import asyncio
import sys
from pathlib import Path

from exporter.app import http_transport
from exporter.commands.config import load_or_report
from exporter.commands.flags import add_config_flag, add_log_flags
from exporter.settings import Source
from exporter.trial.fixture import write_fixture
from exporter.trial.live import Trial, try_once
from exporter.trial.report import show


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add_config_flag(parser)
    parser.add_argument("source", metavar="SOURCE", help="the source's name")
    parser.add_argument("--resource", default="*", metavar="GLOB", help="only resources of this id or name")
    parser.add_argument(
        "--record", type=Path, default=None, metavar="FILE", help="write what was answered, masked, as a test to FILE"
    )
    add_log_flags(parser)


def run(flags: argparse.Namespace) -> int:
    """Try the source that the flags name; return the exit code."""
    return try_source(flags.config_file, flags.source, flags.resource, flags.record)


def try_source(config_file: Path, name: str, pattern: str, record_file: Path | None) -> int:
    """Try a source; return 0 if all was read, 1 if not, 2 if the configuration or the source's name is wrong."""
    found = load_or_report(config_file)
    if found is None:
        return 2
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    source = next((one for one in found.settings.sources if one.name == name), None)
    if source is None:
        known = ", ".join(one.name for one in found.settings.sources)
        print(f"{name}: no such source; known are {known}", file=sys.stderr)
        return 2
    trial = asyncio.run(_try(source, pattern))
    for line in show(trial):
        print(line)
    if record_file is not None and not _write(trial, record_file):
        return 2
    return 1 if trial.failed else 0


async def _try(source: Source, pattern: str) -> Trial:
    transport = http_transport(source)
    try:
        return await try_once(source, transport, pattern)
    finally:
        await transport.aclose()


def _write(trial: Trial, path: Path) -> bool:
    if trial.declaration is None:
        print("--record: only a declared vendor can be recorded", file=sys.stderr)
        return False
    try:
        path.write_text(write_fixture(trial), encoding="utf-8")
    except OSError as error:
        print(f"{path}: cannot be written: {(error.strerror or 'unknown error').lower()}", file=sys.stderr)
        return False
    return True

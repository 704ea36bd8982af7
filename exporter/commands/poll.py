"""`backup-exporter poll`: polls every source once and prints the result."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from exporter.app import App
from exporter.characters import escape_controls
from exporter.commands.config import load_or_report
from exporter.commands.demo import make_demo_config, start_vendors
from exporter.commands.flags import add_config_flag, add_log_flags
from exporter.commands.poll_table import COLORS, lay_out
from exporter.commands.progress import poll_all
from exporter.metrics.process_metrics import render_process
from exporter.metrics.records import write_resource_record
from exporter.settings import Settings
from exporter.state.overview import count_items, list_items, write_verdict
from exporter.state.problem import Severity
from exporter.state.store import Store

WIDE = 160
"""Cells of a line where the output is no terminal."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add_config_flag(parser)
    parser.add_argument("--demo", action="store_true", help="poll the demo's simulated vendors instead")
    parser.add_argument("--source", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    parser.add_argument(
        "--output",
        choices=("table", "prometheus", "json"),
        default="table",
        help="what to print (default: %(default)s)",
    )
    parser.add_argument(
        "--fail-on",
        choices=("down", "warning", "critical", "never"),
        default="down",
        help="exit with 1 if something could not be read (down), or a problem of this severity or worse stands as well "
        "(default: %(default)s)",
    )
    add_log_flags(parser)


def run(flags: argparse.Namespace) -> int:
    """Poll as the flags say; return the exit code."""
    return poll(None if flags.demo else flags.config_file, flags.source, flags.output, flags.fail_on)


def poll(config_file: Path | None, names: Sequence[str], output: str, fail_on: str = "down") -> int:
    """Poll the sources of a configuration, or of the demo where there is none.

    Return 0 if all is well, 1 if something is wrong according to `fail_on`, 2 if the configuration cannot be used.
    """
    if config_file is None:
        return asyncio.run(_poll_demo(names, output, fail_on))
    found = load_or_report(config_file)
    return 2 if found is None else asyncio.run(_poll_some(found.settings, names, output, fail_on))


async def _poll_demo(names: Sequence[str], output: str, fail_on: str) -> int:
    vendors = await start_vendors()
    try:
        return await _poll_some(make_demo_config(vendors).settings, names, output, fail_on)
    finally:
        await vendors.stop()


async def _poll_some(settings: Settings, names: Sequence[str], output: str, fail_on: str) -> int:
    known = [source.name for source in settings.sources]
    if unknown := [name for name in names if name not in known]:
        print(f"--source {unknown[0]}: no such source; known are {', '.join(known)}", file=sys.stderr)
        return 2
    wanted = tuple(source for source in settings.sources if not names or source.name in names)
    return await poll_once(replace(settings, sources=wanted), output, fail_on)


async def poll_once(settings: Settings, output: str, fail_on: str = "down") -> int:
    """Poll the sources of `settings` once each, side by side, and print."""
    app = App(time.time)
    watches = await app.apply(settings)
    try:
        await poll_all(watches, app.store)
    finally:
        await app.stop()
    show = {"table": _print_table, "json": _print_json, "prometheus": _print_exposition}
    show[output](app)
    return find_exit_code(app.store, fail_on)


def list_resource_records(store: Store) -> list[dict[str, Any]]:
    """Return each resource as an object of its labels, its problems and its metric values."""
    now = store.now()
    return [
        write_resource_record(entry, view, now)
        for name, entry in store.entries.items()
        for view in sorted(store.list_views(name), key=lambda view: view.status.resource.id)
    ]


def find_exit_code(store: Store, fail_on: str) -> int:
    """Return 1 if something could not be read or a problem of the severity `fail_on` or worse stands, else 0."""
    if fail_on == "never":
        return 0
    entries = store.entries.values()
    down = any(not entry.status.up or entry.status.unreadable_scopes for entry in entries)
    if down or any(resource.up is False for entry in entries for resource in entry.resources.values()):
        return 1
    if fail_on == "down":
        return 0
    least = Severity(fail_on).rank
    verdicts = [store.judge_source(name) for name in store.entries]
    verdicts += [item.view.verdict for item in list_items(store)]
    return int(any(verdict.rank >= least for verdict in verdicts))


def _print_json(app: App) -> None:
    print(json.dumps(list_resource_records(app.store), indent=2))


def _print_exposition(app: App) -> None:
    text = b"".join(
        (*app.exposition.render(openmetrics=False), render_process(openmetrics=False, excluded=app.exposition.excluded))
    )
    print(text.decode(), end="")


def _print_table(app: App) -> None:
    store, console = app.store, Console(highlight=False, markup=False, emoji=False)
    items = list_items(store)
    down = sum(entry.status.up is False for entry in store.entries.values())
    sentence = Text()
    for part in write_verdict(count_items(items), down):
        sentence.append(part.text, style=COLORS.get(part.state, "bold"))
    console.print(sentence, soft_wrap=True)
    width = console.width if sys.stdout.isatty() else WIDE
    for line in ("", *lay_out(items, store.now(), width)):
        console.print(line, soft_wrap=True)
    for line in _describe_sources(store):
        console.print(line, style="red")


def _describe_sources(store: Store) -> Iterator[str]:
    """Yield a line for each source that is down, each resource that could not be read, and each source's problem."""
    for name, entry in store.entries.items():
        if entry.status.up is False:
            yield f"{escape_controls(name)}: down, {entry.status.failure}"
        for status in entry.resources.values():
            if status.up is False and status.failure is not None:
                yield f"{escape_controls(name)}: {escape_controls(status.resource.id)} cannot be read, {status.failure}"
        for scope in entry.status.unreadable_scopes or ():
            yield f"{escape_controls(name)}: cannot list {escape_controls(scope.name)}, {scope.reason}"
        for problem in store.judge_source(name).problems:
            if problem.word not in ("down", "credentials_rejected", "scopes_unreadable"):
                yield f"{escape_controls(name)}: {escape_controls(problem.text)}"

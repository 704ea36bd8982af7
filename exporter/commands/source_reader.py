"""Reads every source once and whole, for the commands that look back."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from exporter.app import App
from exporter.commands.config import load_or_report
from exporter.commands.demo import make_demo_config, start_vendors
from exporter.commands.progress import poll_all
from exporter.commands.serve import find_default_state_file
from exporter.history.report import SourceReading
from exporter.persistence.file import StateFile, UnusableStateError
from exporter.persistence.saver import load_state
from exporter.settings import Settings

Use = Callable[[Sequence[SourceReading]], int]


def read(config_file: Path | None, names: Sequence[str], use: Use) -> int:
    """Read the sources of a configuration, or of the demo where there is none; return what `use` makes of them.

    2 if the configuration cannot be used, or if it has no source of a given name.
    """
    if config_file is None:
        return asyncio.run(_read_demo(names, use))
    found = load_or_report(config_file)
    if found is None:
        return 2
    settings = found.settings
    if not settings.state_file_given:
        settings = replace(settings, state_file=find_default_state_file(os.environ))
    return asyncio.run(_read_some(settings, names, use))


async def _read_demo(names: Sequence[str], use: Use) -> int:
    vendors = await start_vendors()
    try:
        return await _read_some(make_demo_config(vendors).settings, names, use)
    finally:
        await vendors.stop()


async def _read_some(settings: Settings, names: Sequence[str], use: Use) -> int:
    known = [source.name for source in settings.sources]
    if strange := [name for name in names if name not in known]:
        print(f"--source {strange[0]}: no such source; known are {', '.join(known)}", file=sys.stderr)
        return 2
    wanted = tuple(source for source in settings.sources if not names or source.name in names)
    return use(await read_once(replace(settings, sources=wanted)))


async def read_once(settings: Settings) -> Sequence[SourceReading]:
    """Read the sources side by side, with what the state file remembers of them; write no state."""
    app = App(time.time)
    _remember(app, settings)
    watches = await app.apply(settings)
    try:
        await poll_all(watches, app.store)
    finally:
        await app.stop()
    return [
        SourceReading(source=entry.source, status=entry.status, views=app.store.list_views(name))
        for name, entry in app.store.entries.items()
    ]


def _remember(app: App, settings: Settings) -> None:
    """Load the state file into the app, and leave the file unchanged."""
    if settings.state_file is None:
        return
    try:
        stored = StateFile(settings.state_file).read()
    except UnusableStateError as error:
        print(f"{settings.state_file}: not used: {error}", file=sys.stderr)
        return
    load_state(app.store, stored, settings)

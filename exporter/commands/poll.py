"""`backup-exporter poll`: polls every source once and prints what came of it."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from exporter.app import App, SourceTasks
from exporter.commands.config import load_or_report
from exporter.commands.demo import demo_config, start_vendors
from exporter.human import size, span
from exporter.metrics.process_metrics import render_process
from exporter.metrics.resource_families import AGE, PROBLEM, RESOURCE_FAMILIES
from exporter.settings import Settings
from exporter.state.store import SourceEntry, Store
from exporter.state.view import ResourceView


def poll(config_file: Path | None, names: Sequence[str], output: str) -> int:
    """Poll the sources of a configuration, or of the demo where there is none.

    Return 0 if every source was polled well, 1 if not, 2 if the configuration cannot be used.
    """
    if config_file is None:
        return asyncio.run(_poll_demo(names, output))
    found = load_or_report(config_file)
    return 2 if found is None else asyncio.run(_poll_some(found.settings, names, output))


async def _poll_demo(names: Sequence[str], output: str) -> int:
    vendors = await start_vendors()
    try:
        return await _poll_some(demo_config(vendors).settings, names, output)
    finally:
        await vendors.stop()


async def _poll_some(settings: Settings, names: Sequence[str], output: str) -> int:
    known = [source.name for source in settings.sources]
    if unknown := [name for name in names if name not in known]:
        print(f"--source {unknown[0]}: no such source; known are {', '.join(known)}", file=sys.stderr)
        return 2
    wanted = tuple(source for source in settings.sources if not names or source.name in names)
    return await poll_once(replace(settings, sources=wanted), output)


async def poll_once(settings: Settings, output: str) -> int:
    """Poll the sources of `settings` once each, side by side, and print."""
    app = App(time.time)
    watches = await app.apply(settings)
    try:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as progress:
            await asyncio.gather(*(_poll_with_progress(watch, app.store, progress) for watch in watches))
    finally:
        await app.stop()
    show = {"table": _print_table, "json": _print_json, "prometheus": _print_exposition}
    show[output](app)
    return 0 if all(entry.status.up for entry in app.store.entries.values()) else 1


async def _poll_with_progress(watch: SourceTasks, store: Store, progress: Progress) -> None:
    name = watch.source.name
    task = progress.add_task(name, total=None)

    def advance(_: str) -> None:
        progress.update(task, total=len(store.entries[name].resources), advance=1)

    await watch.poller.poll(advance)
    progress.update(
        task, total=max(1, len(store.entries[name].resources)), completed=len(store.entries[name].resources)
    )


def resource_records(store: Store) -> list[dict[str, Any]]:
    """Return each resource as an object of its labels and its metric values.

    A metric with a label of its own is an object of the values by that label; `""` where the vendor knows no kinds.
    """
    return [
        _record(entry, view, store.clock())
        for name, entry in store.entries.items()
        for view in sorted(store.views(name), key=lambda view: view.status.resource.id)
    ]


def _record(entry: SourceEntry, view: ResourceView, now: float) -> dict[str, Any]:
    resource = view.status.resource
    record: dict[str, Any] = {"provider": entry.source.provider_name, "source": entry.source.name}
    record |= {"resource": resource.id, "resource_name": resource.name, "resource_kind": resource.kind}
    record |= dict(view.policy.labels)
    record["problems"] = [one.as_object() for one in view.verdict.problems]
    for family in RESOURCE_FAMILIES:
        samples = [] if family.name == PROBLEM else list(family.samples(view))
        if not family.own and samples:
            value = samples[0][1]
            record[family.name] = max(0.0, now - value) if family.name == AGE else value
        elif samples and len(family.own) == 1:
            record[family.name] = {own[0]: value for own, value in samples}
        elif samples:
            record[family.name] = samples[0][1]
    return record


def _print_json(app: App) -> None:
    print(json.dumps(resource_records(app.store), indent=2))


def _print_exposition(app: App) -> None:
    text = b"".join(
        (*app.exposition.render(openmetrics=False), render_process(openmetrics=False, excluded=app.exposition.excluded))
    )
    print(text.decode(), end="")


def _print_table(app: App) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("source", "resource", "name"):
        table.add_column(title, overflow="fold")
    for title in ("age", "limit", "size", "took", "kept"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("last run")
    table.add_column("state", overflow="fold")
    for record in resource_records(app.store):
        table.add_row(*_cells(record), style="red" if _is_late(record) else None)
    console = Console() if sys.stdout.isatty() else Console(width=160)
    console.print(table)
    for entry in app.store.entries.values():
        if not entry.status.up:
            console.print(f"{entry.source.name}: down, {entry.status.failure}", style="red", markup=False)


def _is_late(record: dict[str, Any]) -> bool:
    age, limit = record.get(AGE), record.get("backup_max_age_seconds")
    return bool(age is not None and limit is not None and age > limit and not record["backup_monitoring_paused"])


def _cells(record: dict[str, Any]) -> list[str]:
    def format_metric(name: str, write: Any) -> str:
        value = record.get(name)
        return "" if value is None else write(value)

    def largest(values: dict[str, float]) -> float:
        return max(values.values())

    running = record.get("backup_in_progress") or 0
    progress = record.get("backup_progress_percent")
    finished = [word for word, on in record.get("backup_last_finished_status", {}).items() if on]
    failure = next(iter(record.get("backup_resource_failure", {})), None)
    states = [
        f"unreadable: {failure}" if failure else "",
        "paused" if record["backup_monitoring_paused"] else "",
        ("running" if progress is None else f"running, {progress:.0f} %") if running else "",
        "not scheduled" if record.get("backup_schedule_enabled") == 0 else "",
    ]
    return [
        record["source"],
        record["resource"],
        record["resource_name"],
        format_metric(AGE, span),
        format_metric("backup_max_age_seconds", span),
        format_metric("backup_last_success_size_bytes", lambda values: size(largest(values))),
        format_metric("backup_last_success_duration_seconds", lambda values: span(largest(values))),
        format_metric("backup_backups", lambda values: str(values["completed"])),
        " ".join(finished),
        ", ".join(filter(None, states)),
    ]

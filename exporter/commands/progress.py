"""Shows at a terminal how far the polling of sources is; log lines go above the bars."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from exporter import log
from exporter.app import SourceTasks
from exporter.characters import escape_controls
from exporter.state.store import Store


def make_progress_bars(console: Console) -> Progress:
    """Return bars that are gone at the end, none where the console is no terminal; names are text, not markup."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(complete_style="green", finished_style="green"),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def show_progress(console: Console | None = None) -> Iterator[Progress]:
    """Show bars on stderr for the length of the block; what is logged meanwhile is printed above them."""
    progress = make_progress_bars(console or Console(stderr=True))

    def print_above(line: str) -> None:
        progress.console.print(Text(line), soft_wrap=True)

    with progress:
        if progress.disable:
            yield progress
            return
        with log.redirect(print_above):
            yield progress


async def poll_all(watches: Sequence[SourceTasks], store: Store) -> None:
    """Poll each source once, side by side, and show how far they are."""
    with show_progress() as progress:
        await asyncio.gather(*(poll_with_progress(watch, store, progress) for watch in watches))


async def poll_with_progress(watch: SourceTasks, store: Store, progress: Progress) -> None:
    """Poll one source once and move its bar along."""
    name = watch.source.name
    task = progress.add_task(escape_controls(name), total=None)

    def advance(_: str) -> None:
        progress.update(task, total=len(store.entries[name].resources), advance=1)

    await watch.poller.poll(advance)
    found = len(store.entries[name].resources)
    progress.update(task, total=max(1, found), completed=max(1, found))

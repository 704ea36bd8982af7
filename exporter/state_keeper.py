"""Sees to it that what is known survives a restart: gives back what the state file kept, and writes what changed."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from operator import is_
from pathlib import Path
from typing import Any

import structlog

from exporter.knowledge.keeping import Kept, kept, kept_of_gone
from exporter.knowledge.memory import Memory, Remembered
from exporter.knowledge.state import Watched
from exporter.metrics.board import Board
from exporter.settings import Settings
from exporter.state_file import StateFile, UnusableError, reason

PAUSE = 5.0
"""Seconds between two looks at whether something changed."""


class StateKeeper:
    """Keeps what the board and the memory hold in the configured file, and gives it back at the start."""

    def __init__(self, board: Board, memory: Memory) -> None:
        """Without a file nothing is read or written."""
        self._board, self._memory = board, memory
        self._file: StateFile | None = None
        self._configured: Path | None = None
        self._things: list[object] | None = None
        """What was written the last time; None: nothing yet, or not what is known now."""
        self._failure: str | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._log: Any = structlog.get_logger()

    async def recall(self, settings: Settings) -> None:
        """Give the memory what the file kept: for the board what is still watched, the rest as gone."""
        now, live, gone = self._board.clock(), dict[str, list[Watched]](), dict[tuple[str, str], Remembered]()
        sources = {source.name: source for source in settings.sources}
        for one in await self._open(settings.state_file):
            source = sources.get(one.source)
            if source is None or one.gone_since is not None or not source.watches(one.id, one.name):
                gone[one.source, one.id] = one.remembered(now)
            elif source.provider_name == one.provider:
                live.setdefault(one.source, []).append(one.watched(sizes=source.provider.sizes))
        self._memory.restore(gone, live)

    async def follow(self, settings: Settings) -> None:
        """Take the file that a new configuration names; what is known now goes there, what was in it is set aside."""
        if settings.state_file == self._configured:
            return
        if await self._open(settings.state_file) and self._file is not None:
            self._file.suspect = True
            await self._give_up(self._file, "the configuration changed to it while other state is in use")

    def start(self) -> None:
        """Begin to write; the first time at once, which shows whether it can be done."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Write for the last time, if writing ever began."""
        if self._task is not None:
            self._stopping.set()
            await self._task
            await self.save()
            self._task = None

    async def save(self) -> None:
        """Write if something changed since the last time, or if that failed."""
        file, entries = self._file, list(self._board.entries.values())
        if file is None:
            return
        live = [(entry.source, watched) for entry in entries for watched in entry.watched.values()]
        gone = list(self._memory.entries(self._board.clock()))
        things: list[object] = [*(part for pair in live for part in pair), *(known for _, known in gone)]
        if self._things is not None and len(things) == len(self._things) and all(map(is_, things, self._things)):
            return

        def write() -> None:
            here = [kept(source.name, source.provider_name, watched) for source, watched in live]
            file.write([*here, *(kept_of_gone(*key, known) for key, known in gone)])

        try:
            await asyncio.to_thread(write)
        except (OSError, ValueError) as error:
            self._note(file, None, reason(error))
        else:
            self._note(file, things, None)

    async def _run(self) -> None:
        if self._file is not None:
            await asyncio.to_thread(self._file.sweep)
        while not self._stopping.is_set():
            await self.save()
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE):
                    await self._stopping.wait()

    async def _open(self, path: Path | None) -> tuple[Kept, ...]:
        self._configured, self._file = path, None if path is None else StateFile(path)
        self._things, self._failure = None, None
        self._board.exporter = replace(self._board.exporter, state_written=None)
        if self._file is None:
            return ()
        try:
            return await asyncio.to_thread(self._file.read)
        except UnusableError as error:
            await self._give_up(self._file, str(error))
            return ()

    async def _give_up(self, file: StateFile, problem: str) -> None:
        """Say once that what was kept is lost to this run, and where it is."""
        try:
            kept_as = str(await asyncio.to_thread(file.set_aside)) if file.suspect else "left where it is"
        except OSError as error:
            kept_as = f"left where it is, for it cannot be renamed: {reason(error)}"
        self._log.error("state.unusable", file=str(file.path), problem=problem, kept_as=kept_as)

    def _note(self, file: StateFile, written: list[object] | None, failure: str | None) -> None:
        """Show on the board how writing goes, and log it when that changes."""
        if file is not self._file:
            return
        self._board.exporter = replace(self._board.exporter, state_written=failure is None)
        if failure is not None and failure != self._failure:
            self._log.error("state.write_failed", file=str(file.path), problem=failure)
        elif failure is None and self._failure is not None:
            self._log.info("state.written_again", file=str(file.path))
        self._things, self._failure = written, failure

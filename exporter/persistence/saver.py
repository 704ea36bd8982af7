"""Loads the state file at the start, and writes it when the state has changed."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from operator import is_
from pathlib import Path
from typing import Any

import structlog

from exporter import background
from exporter.persistence.file import StateFile, StateInUseError, StoredState, UnusableStateError, reason
from exporter.persistence.schema import store_archived, store_live
from exporter.persistence.verdicts import StoredDisappearance, StoredSource, store_problems
from exporter.settings import Settings
from exporter.state.archive import ArchivedResource
from exporter.state.resource import ResourceStatus
from exporter.state.store import SourceEntry, Store
from exporter.supervision import SupervisedTask, Supervisor

CURE = "set state_file to a path in a folder that can be written, or to none"
SAVE_INTERVAL = 5.0
"""Seconds between two looks at whether something changed."""


class StateSaver:
    """Writes the store to the configured file, and reads it back at the start."""

    def __init__(self, store: Store, supervisor: Supervisor | None = None) -> None:
        """Without a file nothing is read or written."""
        self._store = store
        self._supervisor = supervisor or Supervisor()
        self._file: StateFile | None = None
        self._claimed: StateFile | None = None
        """The locked file of a configuration that is not in force yet."""
        self._default_unusable = False
        self._configured: Path | None = None
        self._written: list[object] | None = None
        """What was written last; None: nothing yet, or it is outdated."""
        self._failure: str | None = None
        self._task: SupervisedTask | None = None
        self._at_work: asyncio.Future[None] | None = None
        """What a thread does last with the folder of the file; only one thread works there at a time."""
        self._log: Any = structlog.get_logger()

    async def claim(self, settings: Settings) -> Settings:
        """Lock the state file and return the settings to use, or raise StateInUseError.

        If no configuration names the file, and the default file cannot be written or is locked by another exporter, the
        settings that are returned have no state file.
        """
        self.release()
        self._default_unusable = False
        if settings.state_file is None or settings.state_file == self._configured:
            return settings
        file = StateFile(settings.state_file)
        try:
            if not settings.state_file_given:
                await background.run(file.prepare)
            await background.run(file.lock)
        except (OSError, StateInUseError) as error:
            if settings.state_file_given:
                raise
            problem = f"{file.path} cannot be written: {reason(error)}" if isinstance(error, OSError) else str(error)
            self._log.warning("state.not_kept", problem=problem, cure=CURE)
            self._default_unusable = True
            return replace(settings, state_file=None)
        self._claimed = file
        return settings

    def release(self) -> None:
        """Release the file that was locked for a rejected configuration."""
        if self._claimed is not None:
            self._claimed.unlock()
        self._claimed = None

    async def load(self, settings: Settings) -> None:
        """Read the file into the store: what is still watched as live, the rest as gone."""
        load_state(self._store, await self._open(settings.state_file), settings)

    async def switch_file(self, settings: Settings) -> None:
        """Take the file that a new configuration names; what is known now goes there, what was in it is set aside."""
        if settings.state_file == self._configured:
            return
        if (await self._open(settings.state_file)).resources and self._file is not None:
            self._file.suspect = True
            await self._give_up(self._file, "the configuration changed to it while other state is in use")

    def start(self) -> None:
        """Begin to write; the first time at once, which shows whether it can be done."""
        self._task = self._supervisor.start("writing the state file", self._run)

    async def stop(self) -> None:
        """Write for the last time, if writing ever began."""
        if self._task is not None:
            task, self._task = self._task, None
            await self._supervisor.stop(task)
            await self.save()
        if self._file is not None:
            self._file.unlock()

    async def save(self) -> None:
        """Write if something changed since the last time, or if that failed."""
        file, entries = self._file, list(self._store.entries.values())
        if file is None:
            return
        if self._at_work is not None and not self._at_work.done():
            await asyncio.wait((self._at_work,))  # as when it was stopped in the middle of its work
        live = [(entry.source, view) for entry in entries for view in entry.views.values()]
        gone = list(self._store.archived())
        contents = [part for entry in entries for part in _parts(entry)]
        contents += [known for _, known in gone]
        if self._written is not None and len(contents) == len(self._written) and all(map(is_, contents, self._written)):
            return
        sources = [store_source(entry) for entry in entries]

        def write() -> None:
            here = [store_live(source.name, source.provider_name, view.snapshot()) for source, view in live]
            file.write([*here, *(store_archived(*key, known) for key, known in gone)], sources)

        self._at_work = background.start(write)
        try:
            await asyncio.shield(self._at_work)
        except (OSError, ValueError) as error:
            self._record_result(file, None, reason(error))
        else:
            self._record_result(file, contents, None)

    async def _run(self) -> None:
        if self._file is not None:
            self._at_work = background.start(self._file.sweep)
            await asyncio.shield(self._at_work)
        while True:
            await self.save()
            await asyncio.sleep(SAVE_INTERVAL)

    async def _open(self, path: Path | None) -> StoredState:
        claimed, self._claimed = self._claimed, None
        if self._file is not None:
            self._file.unlock()
        self._configured, self._file = path, claimed or (None if path is None else StateFile(path))
        self._written, self._failure = None, None
        self._store.record_state_write(succeeded=False if self._default_unusable else None)
        if self._file is None:
            return StoredState()
        try:
            return await background.run(self._file.read)
        except UnusableStateError as error:
            await self._give_up(self._file, str(error))
            return StoredState()

    async def _give_up(self, file: StateFile, problem: str) -> None:
        """Log once that the stored state is not used in this run, and where it is."""
        try:
            kept_as = str(await background.run(file.set_aside)) if file.suspect else "left where it is"
        except OSError as error:
            kept_as = f"left where it is, for it cannot be renamed: {reason(error)}"
        self._log.error("state.unusable", file=str(file.path), problem=problem, kept_as=kept_as)

    def _record_result(self, file: StateFile, written: list[object] | None, failure: str | None) -> None:
        """Record in the store whether writing succeeds, and log it when that changes."""
        if file is not self._file:
            return
        self._store.record_state_write(succeeded=failure is None)
        if failure is not None and failure != self._failure:
            self._log.error("state.write_failed", file=str(file.path), problem=failure)
        elif failure is None and self._failure is not None:
            self._log.info("state.written_again", file=str(file.path))
        self._written, self._failure = written, failure


def _parts(entry: SourceEntry) -> Iterator[object]:
    """Yield what is kept of a source; as long as all of it are the same objects, nothing has changed."""
    yield from (entry.source, entry.status.observed, entry.status.options_changed, entry.verdict.problems)
    yield from entry.disappeared.values()
    for view in entry.views.values():
        yield from (view.status, view.verdict.problems, view.verdict.ignored)


def store_source(entry: SourceEntry) -> StoredSource:
    """Return what is kept of a source itself."""
    observed = entry.status.observed
    return StoredSource(
        name=entry.source.name,
        provider=entry.source.provider_name,
        populated=observed.populated,
        emptied_at=observed.emptied_at,
        problems=store_problems((*entry.verdict.problems, *entry.verdict.ignored)),
        disappeared={
            key: StoredDisappearance(name=one.name, since=one.since) for key, one in entry.disappeared.items()
        },
        options="" if entry.status.options_changed else entry.source.options_digest,
    )


def load_state(store: Store, stored: StoredState, settings: Settings) -> None:
    """Load what a state file kept: as live what is still watched, the rest as gone."""
    live, gone, now = dict[str, list[ResourceStatus]](), dict[tuple[str, str], ArchivedResource](), store.now()
    sources = {source.name: source for source in settings.sources}
    for one in stored.resources:
        source = sources.get(one.source)
        if source is None or one.gone_since is not None or not source.watches(one.id, one.name):
            gone[one.source, one.id] = one.to_archived(now)
        elif source.provider_name == one.provider:
            live.setdefault(one.source, []).append(one.to_status(sizes=source.provider.sizes, now=now))
    restored = {
        one.name: one.restore()
        for one in stored.sources
        if one.name in sources and sources[one.name].provider_name == one.provider
    }
    store.load(gone, live, restored)

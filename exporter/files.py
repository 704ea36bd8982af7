"""Reads files that others write: with a deadline and a size cap, and again when they change.

A path may be a FIFO, `/dev/zero` or on a file system that hangs. Reading happens in a thread that is abandoned when the
deadline passes.
"""

import asyncio
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from exporter import background

T = TypeVar("T")
Stamp = tuple[int, ...]

READ_SECONDS = 5.0
MAX_FILE_BYTES = 16 * 2**20
SECRET_BYTES = 64 * 2**10
LOOK_SECONDS = 0.25
"""Seconds in which a file is looked at once."""
JUST_WRITTEN = 1.0
"""A file that changed within so many seconds is read again at the next look: its time stamp may hide another change."""


class UnreadableError(Exception):
    """A file cannot be read, or does not hold what it should; the text says why, and begins in lower case."""


def read(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a file; UnreadableError, or the OSError that its reading meets."""
    return _within_deadline(lambda: _read(path, max_bytes))


def read_text(path: Path, max_bytes: int = MAX_FILE_BYTES) -> str:
    """Return the text of a file; UnreadableError, UnicodeDecodeError, or the OSError that its reading meets."""
    return read(path, max_bytes).decode()


def is_folder(path: Path) -> bool:
    """Return whether a path names a folder; False where one may not look, which pathlib raises before Python 3.14."""
    return os.path.isdir(path)  # noqa: PTH112 - it does not raise


def is_file(path: Path) -> bool:
    """Return whether a path names a file; False where one may not look."""
    return os.path.isfile(path)  # noqa: PTH113 - it does not raise


def stamp(path: Path) -> Stamp:
    """Return what changes when a file does, also when a link to it is changed to another."""
    try:
        status = path.stat()
    except OSError as error:
        return (error.errno or 0,)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class WatchedFile(Generic[T]):
    """The value of a file: read once, and again when the file changes. While it is unusable the last value goes on."""

    def __init__(self, path: Path, parse: Callable[[bytes], T], max_bytes: int = SECRET_BYTES) -> None:
        """Read nothing yet. `parse` makes the value of the content, or raises UnreadableError."""
        self.path = path
        self.value: T | None = None
        self.problem: str | None = None
        """Why the file cannot be used as it is now."""
        self._parse, self._max_bytes = parse, max_bytes
        self._stamp: Stamp | None = None
        self._looking: asyncio.Future[None] | None = None
        self._stamping: asyncio.Future[Stamp] | None = None
        self._began = 0.0
        self._number = 0  # of the newest look; an older one, which hung, changes nothing any more
        self._looked_at: Stamp | None = None
        self._reported: str | None = None

    def load(self) -> T:
        """Return the value as the file has it now; UnreadableError if it has none. This blocks."""
        try:
            _within_deadline(self._next_look())
        except UnreadableError as error:
            self.problem = str(error)
        if self.problem is not None or self.value is None:
            raise UnreadableError(self.problem or "is empty")
        return self.value

    async def refresh(self) -> None:
        """Check whether the file has changed, and wait for its new value, up to the deadline."""
        loop = asyncio.get_running_loop()
        looking = self._looking
        if looking is None or looking.get_loop() is not loop or await self._is_due(looking):
            self._began, self._stamping = loop.time(), None
            looking = self._looking = background.start(self._next_look())
        if not looking.done():
            await asyncio.wait((looking,), timeout=max(0.0, self._began + READ_SECONDS - loop.time()))
        if not looking.done():
            self.problem = f"cannot be read within {READ_SECONDS:.0f} s"

    def take_problem_change(self) -> tuple[bool, str | None]:
        """Return whether the problem is another than at the last call, and the problem: what is worth a log line."""
        changed, self._reported = self.problem != self._reported, self.problem
        return changed, self.problem

    async def _is_due(self, looking: "asyncio.Future[None]") -> bool:
        """Return whether to look again: after a while, and in place of a look that hangs at another file."""
        passed = looking.get_loop().time() - self._began
        return passed >= LOOK_SECONDS if looking.done() else passed >= READ_SECONDS and await self._is_replaced()

    async def _is_replaced(self) -> bool:
        """Return whether another file is there than the one whose reading hangs; for its stamp, wait once."""
        if self._stamping is None or self._stamping.done():
            self._stamping = background.start(lambda: stamp(self.path))
            await asyncio.wait((self._stamping,), timeout=READ_SECONDS)
        return self._stamping.done() and self._stamping.result() != self._looked_at

    def _next_look(self) -> Callable[[], None]:
        self._number, self._looked_at = self._number + 1, None
        return partial(self._look, self._number)

    def _look(self, number: int) -> None:
        seen = stamp(self.path)
        if seen == self._stamp and self.problem is None:
            return
        self._looked_at = seen
        value, problem = self.value, None
        try:
            value = self._parse(_read(self.path, self._max_bytes))
        except (OSError, UnreadableError) as error:
            problem = reason(error)
        if number == self._number:
            self.value, self.problem = value, problem
            self._stamp = None if problem is not None or _is_fresh(seen) else seen


def log_problem_change(log: Any, key: str, file: WatchedFile[Any]) -> None:
    """Log once that a file cannot be used and its last value goes on, and once that it can be again."""
    changed, problem = file.take_problem_change()
    if changed and problem is not None:
        in_use = file.value is not None
        log.error("file.unusable", key=key, file=str(file.path), problem=problem, last_value_in_use=in_use)
    elif changed:
        log.info("file.usable_again", key=key, file=str(file.path))


def reason(error: OSError | UnreadableError) -> str:
    """Return the reason why a file cannot be used, in a few words."""
    if isinstance(error, UnreadableError):
        return str(error)
    return f"the file cannot be read: {(error.strerror or 'it cannot be opened').lower()}"


def _within_deadline(work: Callable[[], T]) -> T:
    try:
        return background.run_within(READ_SECONDS, work)
    except TimeoutError:
        raise UnreadableError(f"cannot be read within {READ_SECONDS:.0f} s") from None


def _read(path: Path, max_bytes: int) -> bytes:
    parts, left = [], max_bytes + 1
    with path.open("rb", buffering=0) as file:
        while left and (part := file.read(min(left, 2**20))):
            parts.append(part)
            left -= len(part)
    if not left:
        raise UnreadableError(f"the file is larger than {_size(max_bytes)}")
    return b"".join(parts)


def _size(count: int) -> str:
    return f"{count // 2**20} MiB" if count >= 2**20 else f"{count // 2**10} KiB"


def _is_fresh(seen: Stamp) -> bool:
    return len(seen) == 1 or abs(time.time() - seen[3] / 1e9) < JUST_WRITTEN

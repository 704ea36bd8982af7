"""The state file: read once, then always replaced as a whole.

It is JSON with a version. A file that cannot be used is renamed and never overwritten.
"""

import fcntl
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from secrets import token_hex

import msgspec

from exporter import __version__
from exporter.persistence.schema import StoredResource
from exporter.persistence.verdicts import StoredSource

VERSION = 1
MAX_ASIDE = 5
"""How many unusable files are kept, the newest as `.bad-1`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    version: int
    written_by: str = ""
    resources: tuple[StoredResource, ...]
    sources: tuple[StoredSource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """All that a state file holds."""

    resources: tuple[StoredResource, ...] = ()
    sources: tuple[StoredSource, ...] = ()


class UnusableStateError(Exception):
    """A state file exists and cannot be used; the text says why in one line."""


def decode(content: bytes) -> StoredState:
    """Return what a state file's content says, or raise UnusableStateError."""
    try:
        version = msgspec.json.decode(content, type=_Head).version
        if version > VERSION:
            raise UnusableStateError(f"a newer exporter wrote it (format {version}; this one reads up to {VERSION})")
        if version < 1:
            raise UnusableStateError(f"there is no format {version}")
        document = msgspec.json.decode(content, type=_Document)
        return StoredState(resources=document.resources, sources=document.sources)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        problem = str(error) if isinstance(error, msgspec.MsgspecError) else "no JSON"
        raise UnusableStateError(f"it is damaged or not a state file: {problem}") from None


def encode(resources: Sequence[StoredResource], sources: Sequence[StoredSource] = ()) -> bytes:
    """Return the content of a state file."""
    document = _Document(version=VERSION, written_by=__version__, resources=tuple(resources), sources=tuple(sources))
    return msgspec.json.encode(document)


class StateInUseError(Exception):
    """Another exporter writes this state file; the text names it and the cure."""


class StateFile:
    """One path: locking, reading, setting aside, replacing. All of it blocks."""

    def __init__(self, path: Path) -> None:
        """Touch nothing yet; a link is followed, so that what it points to is replaced and not the link."""
        self.path = Path(os.path.realpath(path))
        self.suspect = False
        """Whether the file there could not be used, and has to be renamed before the path is written."""
        self._written: bytes | None = None
        self._lock: int | None = None
        self._locks = False
        """Whether it is to be the file's one writer."""

    def lock(self) -> None:
        """Become the file's one writer, or raise StateInUseError.

        The lock is on a file beside it, since the state file itself is replaced at each writing; it ends with the
        process, however that ends. Where there can be none (a missing folder, a file system without locks) writing
        fails anyway, or goes on without it.
        """
        self._locks = True
        with suppress(OSError):
            self.unlock()
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            lock = os.open(self.path.with_name(f"{self.path.name}.lock"), flags, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(lock, 20).decode("ascii", "replace").strip()
                os.close(lock)
                raise StateInUseError(_in_use(self.path, holder)) from None
            except OSError:
                os.close(lock)
                raise
            self._lock = lock
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def _require_lock(self) -> None:
        """Take the lock if it could not be taken before, as where the folder was missing; OSError if another has it."""
        try:
            if self._locks and self._lock is None:
                self.lock()
        except StateInUseError as error:
            raise OSError(None, str(error)) from None

    def prepare(self) -> None:
        """Make the folder if that is all that is missing, and see whether a file can be made in it; OSError if not."""
        self.path.parent.mkdir(exist_ok=True)
        trial = self.path.with_name(f"{self.path.name}.tmp-{token_hex(8)}")
        _write_through(trial, b"")
        trial.unlink()

    def unlock(self) -> None:
        """Let another exporter write the file."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def read(self) -> StoredState:
        """Return what is kept, nothing if there is no file yet; UnusableStateError otherwise."""
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):
                raise UnusableStateError("it is not a regular file")
            self.suspect = True
            found = decode(self.path.read_bytes())
        except FileNotFoundError:
            found = StoredState()
        except OSError as error:
            raise UnusableStateError(f"it cannot be read: {reason(error)}") from None
        self.suspect = False
        return found

    def set_aside(self) -> Path:
        """Rename a file that cannot be used, and return its new name; of several the oldest is dropped."""
        names = [self.path.with_name(f"{self.path.name}.bad-{number}") for number in range(1, MAX_ASIDE + 1)]
        for newer, older in reversed(list(pairwise(names))):
            with suppress(FileNotFoundError):
                newer.replace(older)
        with suppress(FileNotFoundError):
            self.path.replace(names[0])
        self.suspect = False
        return names[0]

    def sweep(self) -> None:
        """Remove the temporary file of a process that was killed while writing; without the lock, it may be at work."""
        if self._locks and self._lock is None:
            return
        with suppress(OSError):
            for one in self.path.parent.iterdir():
                if one.name.startswith(f"{self.path.name}.tmp-"):
                    one.unlink()

    def write(self, resources: Sequence[StoredResource], sources: Sequence[StoredSource] = ()) -> None:
        """Replace the file, if its content changes: at every moment it is the old one or the new one, whole."""
        self._require_lock()
        content = encode(resources, sources)
        digest = blake2b(content).digest()
        if digest == self._written and self.path.exists():
            return
        if self.suspect:
            self.set_aside()
        if self.path.exists() and not self.path.is_file():
            raise OSError(None, "it is not a regular file")
        temporary = self.path.with_name(f"{self.path.name}.tmp-{token_hex(8)}")
        try:
            _write_through(temporary, content)
            temporary.replace(self.path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        _sync_folder(self.path.parent)
        self._written = digest


def _write_through(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, and wait until the disk has it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _in_use(path: Path, holder: str) -> str:
    process = f" (process {holder})" if holder.isdigit() else ""
    return (
        f"state_file: {path} is in use by another backup-exporter{process}; "
        "stop that one, or give each a state_file of its own"
    )


def _sync_folder(folder: Path) -> None:
    """Flush the new name to disk too; some file systems cannot, and need not."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def reason(error: OSError | ValueError) -> str:
    """Return the reason why reading or writing failed, in a few words."""
    return (
        (error.strerror or "unknown error").lower() if isinstance(error, OSError) else "a text that is not valid UTF-8"
    )

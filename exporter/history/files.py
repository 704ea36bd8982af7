"""Writes files that appear only when they are whole."""

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from exporter.files import is_folder

MARK = ".part-"


class UnwritableError(Exception):
    """A file or folder cannot be written; the text says so in one line."""


def make_error(path: Path, error: OSError) -> UnwritableError:
    """Return the error in one line that names the path."""
    return UnwritableError(f"{path}: cannot be written: {(error.strerror or 'unknown error').lower()}")


@contextmanager
def open_whole_files(paths: Iterable[Path]) -> Iterator[list[IO[bytes]]]:
    """Give a file to write for each path; at the end of the block all take their names, and none if it fails.

    A link stays and what it leads to is replaced; what is no regular file, such as a device or a FIFO, is written to.
    UnwritableError if one cannot be written.
    """
    parts = list[tuple[Path, Path | None, IO[bytes]]]()
    try:
        for path in paths:
            parts.append((path, *_open_part(path)))
        try:
            yield [file for _, _, file in parts]
            for _, part, file in parts:
                file.flush()
                if part is not None:
                    os.fsync(file.fileno())
        except OSError as error:
            raise make_error(parts[-1][0], error) from None
        for path, part, file in parts:
            file.close()
            if part is not None:
                _rename(part, path)
    finally:
        for _, part, file in parts:
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                if part is not None:
                    part.unlink()


def is_special(path: Path) -> bool:
    """Return whether a path leads to a device, a FIFO or a socket; False where one may not look."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _open_part(path: Path) -> tuple[Path | None, IO[bytes]]:
    """Open what becomes the file at `path`, beside it; where a file cannot take the name, what is there."""
    _reject_folder(path)
    try:
        if is_special(path):
            return None, path.open("wb")
        target = _follow(path)
        descriptor, name = tempfile.mkstemp(prefix=f"{target.name}{MARK}", dir=target.parent)
    except OSError as error:
        raise make_error(path, error) from None
    return Path(name), os.fdopen(descriptor, "wb", buffering=1 << 20)


def _reject_folder(path: Path) -> None:
    if is_folder(path):
        raise UnwritableError(f"{path}: cannot be written: is a folder")


def _follow(path: Path) -> Path:
    """Return the file that a link leads to, or that the path names."""
    return Path(os.path.realpath(path))


def _rename(part: Path, path: Path) -> None:
    """Give a written file its name, readable as the process' other files are."""
    mask = os.umask(0)
    os.umask(mask)
    try:
        part.chmod(0o666 & ~mask)
        part.replace(_follow(path))
    except OSError as error:
        raise make_error(path, error) from None


def prepare_folder(folder: Path) -> None:
    """Make a folder if it is missing and check that it can be written; remove what an interrupted run left in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, prefix=MARK):
            pass
        for left in folder.glob(f"*.om{MARK}*"):
            left.unlink()
    except OSError as error:
        raise make_error(folder, error) from None


def check_writable(path: Path) -> None:
    """Raise UnwritableError if a path cannot be written to; leave nothing there."""
    _reject_folder(path)
    if is_special(path):
        if not os.access(path, os.W_OK):
            raise UnwritableError(f"{path}: cannot be written: permission denied")
        return
    try:
        with tempfile.TemporaryFile(dir=_follow(path).parent, prefix=MARK):
            pass
    except OSError as error:
        raise make_error(path, error) from None

"""Writes files that appear only when they are whole."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from exporter.files import is_folder

MARK = ".part-"


class UnwritableError(Exception):
    """A file or folder cannot be written; the text says so in one line."""


def why(path: Path, error: OSError) -> UnwritableError:
    """Return the error in one line that names the path."""
    return UnwritableError(f"{path}: cannot be written: {(error.strerror or 'unknown error').lower()}")


@contextmanager
def whole_files(paths: Iterable[Path]) -> Iterator[list[IO[bytes]]]:
    """Give a file to write for each path; at the end of the block all take their names, and none if it fails.

    UnwritableError if one cannot be written.
    """
    parts = list[tuple[Path, Path, IO[bytes]]]()
    try:
        for path in paths:
            parts.append((path, *_part(path)))
        try:
            yield [file for _, _, file in parts]
            for _, _, file in parts:
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise why(parts[-1][0], error) from None
        for path, part, file in parts:
            file.close()
            _rename(part, path)
    finally:
        for _, part, file in parts:
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                part.unlink()


def _part(path: Path) -> tuple[Path, IO[bytes]]:
    """Open what becomes the file at `path`, beside it."""
    _reject_folder(path)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f"{path.name}{MARK}", dir=path.parent)
    except OSError as error:
        raise why(path, error) from None
    return Path(name), os.fdopen(descriptor, "wb", buffering=1 << 20)


def _reject_folder(path: Path) -> None:
    if is_folder(path):
        raise UnwritableError(f"{path}: cannot be written: is a folder")


def _rename(part: Path, path: Path) -> None:
    """Give a written file its name, readable as the process' other files are."""
    mask = os.umask(0)
    os.umask(mask)
    try:
        part.chmod(0o666 & ~mask)
        part.replace(path)
    except OSError as error:
        raise why(path, error) from None


def prepare_folder(folder: Path) -> None:
    """Make a folder if there is none and see that it can be written; remove what an interrupted run left in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, prefix=MARK):
            pass
        for left in folder.glob(f"*.om{MARK}*"):
            left.unlink()
    except OSError as error:
        raise why(folder, error) from None


def check_writable(path: Path) -> None:
    """Raise UnwritableError if no file can be made at a path; leave nothing there."""
    _reject_folder(path)
    try:
        with tempfile.TemporaryFile(dir=path.parent, prefix=MARK):
            pass
    except OSError as error:
        raise why(path, error) from None

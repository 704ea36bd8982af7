"""Reads single values of the configuration: each parser returns the value or raises InvalidValueError with the cure.

A whole number is accepted as a text. A problem never repeats the value: it may be a secret in the wrong place.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import SplitResult, urlsplit

from exporter import authorities, files
from exporter.config import durations
from exporter.config.location import Location

T = TypeVar("T")
Parser = Callable[[Any, Location], T]
"""Takes a value and its place, where a parser may note warnings, or several problems of its inside."""

_HOST = re.compile(r"[\w.:-]+")


class InvalidValueError(ValueError):
    """A value is not what its key needs; the text says what that is."""


def reject(value: Any, wanted: str) -> NoReturn:
    """Refuse a value of the wrong kind, or one that is missing."""
    if value is None:
        raise InvalidValueError(f"has no value; give it {wanted}, or leave the key out")
    raise InvalidValueError(f"must be {wanted}")


def is_text(value: Any) -> bool:
    """Return whether YAML gave a text, or a whole number, which is read as its digits."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def describe_misread(value: Any) -> str:
    """Return what YAML read a value as that was probably meant as a text."""
    if isinstance(value, bool):
        return "true or false (as it does yes, no, on and off)"
    return "a number" if isinstance(value, float) else "no text"


def parse_text(value: Any, location: Location) -> str:
    """Read a text of one line that is not empty."""
    del location
    if not is_text(value):
        if isinstance(value, (bool, float)):
            raise InvalidValueError(f"must be a text, but YAML reads it as {describe_misread(value)}; put it in quotes")
        reject(value, "a text")
    found = str(value).strip()
    if not found:
        raise InvalidValueError("is empty; give it a value, or leave the key out")
    if not found.isprintable():
        raise InvalidValueError("holds a line break, or another character that cannot be printed")
    return found


def parse_duration(value: Any, location: Location) -> float:
    """Read a span of time above zero."""
    del location
    wanted = "a duration above 0 with its unit, such as 90s, 5m, 26h, 7d or 1h30m"
    if not isinstance(value, str):
        reject(value, wanted)
    try:
        return durations.parse(value.strip()) or reject(value, wanted)
    except ValueError:
        reject(value, wanted)


def parse_boolean(value: Any, location: Location) -> bool:
    """Read true or false."""
    del location
    return value if isinstance(value, bool) else reject(value, "true or false, without quotes")


def make_number_parser(least: int) -> Parser[int]:
    """Make the parser of a whole number that is not below `least`."""

    def read(value: Any, location: Location) -> int:
        del location
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        reject(value, f"a whole number from {least} up")

    return read


def parse_fraction(value: Any, location: Location) -> float:
    """Read a part of one."""
    del location
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1:
        return float(value)
    reject(value, "a number above 0 and up to 1, such as 0.5")


def make_choice_parser(*words: str) -> Parser[str]:
    """Make the parser of one of a few words."""

    def read(value: Any, location: Location) -> str:
        del location
        if isinstance(value, str) and value in words:
            return value
        reject(value, " or ".join(words))

    return read


def parse_url(value: Any, location: Location) -> str:
    """Read the base URL of an API."""
    parts = _split_http_url(value, location)
    if "@" in parts.netloc:
        raise InvalidValueError("must hold no user and no password; credentials have keys of their own")
    if parts.scheme == "http":
        location.warning("http:// sends the credentials unencrypted; use https://")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def parse_proxy(value: Any, location: Location) -> str:
    """Read the URL of a proxy, which may hold a user and a password."""
    parts = _split_http_url(value, location)
    if parts.path not in {"", "/"}:
        raise InvalidValueError("must end after the host and the port")
    return f"{parts.scheme}://{parts.netloc}"


def make_path_parser(folder: Path) -> Parser[Path]:
    """Make the parser of a path; a relative one starts at `folder`."""
    return lambda value, location: folder / parse_text(value, location)


def read_file_text(path: Path) -> str:
    """Return the text of a file that the configuration names, with what is not UTF-8 replaced, or refuse the path."""
    try:
        return files.read(path, files.MAX_FILE_BYTES).decode(errors="replace")
    except (OSError, files.UnreadableError) as error:
        raise _make_refusal(files.reason(error)) from None


def load_watched(file: files.WatchedFile[T] | None) -> None:
    """Read a file whose changes will be followed, or refuse its path."""
    try:
        if file is not None:
            file.load()
    except files.UnreadableError as error:
        raise _make_refusal(str(error)) from None


def make_certificates_parser(folder: Path) -> Parser[Path]:
    """Make the parser of the path of a file with certificates."""

    def read(value: Any, location: Location) -> Path:
        path = make_path_parser(folder)(value, location)
        load_watched(files.WatchedFile(path, authorities.parse, authorities.MAX_BYTES))
        return path

    return read


def _make_refusal(problem: str) -> InvalidValueError:
    if problem.startswith("the file cannot be read"):
        problem += " (a relative path starts at the folder of the configuration)"
    return InvalidValueError(problem)


def _split_http_url(value: Any, location: Location) -> SplitResult:
    wanted = "a URL with http:// or https:// and a host"
    found = parse_text(value, location)
    try:
        parts = urlsplit(found)
        usable = parts.scheme in {"http", "https"} and parts.port != 0 and _HOST.fullmatch(parts.hostname or "")
    except ValueError:
        reject(value, wanted)
    if not usable:
        reject(value, wanted)
    if "?" in found or "#" in found:
        raise InvalidValueError("must hold no query (?) and no fragment (#)")
    return parts

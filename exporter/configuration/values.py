"""Reads single values of the configuration: each reader returns the value or raises RefusedError with the cure.

A whole number stands for its digits where a text is asked for. What a value was is never repeated in a problem: it
may be a secret in the wrong place.
"""

import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import SplitResult, urlsplit

from exporter.configuration import durations
from exporter.configuration.places import Place

T = TypeVar("T")
Reader = Callable[[Any, Place], T]
"""Takes a value and its place, where a reader may note warnings, or several problems of its inside."""

_HOST = re.compile(r"[\w.:-]+")


class RefusedError(ValueError):
    """A value is not what its key needs; the text says what that is."""


def refuse(value: Any, wanted: str) -> NoReturn:
    """Refuse a value of the wrong kind, or one that is missing."""
    if value is None:
        raise RefusedError(f"has no value; give it {wanted}, or leave the key out")
    raise RefusedError(f"must be {wanted}")


def is_text(value: Any) -> bool:
    """Tell whether YAML gave a text, or a whole number, which stands for its digits."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def misread(value: Any) -> str:
    """Say as what YAML took something that was probably meant as a text."""
    if isinstance(value, bool):
        return "true or false (as it does yes, no, on and off)"
    return "a number" if isinstance(value, float) else "no text"


def text(value: Any, place: Place) -> str:
    """Read a text of one line that is not empty."""
    del place
    if not is_text(value):
        if isinstance(value, (bool, float)):
            raise RefusedError(f"must be a text, but YAML reads it as {misread(value)}; put it in quotes")
        refuse(value, "a text")
    found = str(value).strip()
    if not found:
        raise RefusedError("is empty; give it a value, or leave the key out")
    if not found.isprintable():
        raise RefusedError("holds a line break, or another character that cannot be printed")
    return found


def duration(value: Any, place: Place) -> float:
    """Read a span of time above zero."""
    del place
    wanted = "a duration above 0 with its unit, such as 90s, 5m, 26h, 7d or 1h30m"
    if not isinstance(value, str):
        refuse(value, wanted)
    try:
        return durations.parse(value.strip()) or refuse(value, wanted)
    except ValueError:
        refuse(value, wanted)


def boolean(value: Any, place: Place) -> bool:
    """Read true or false."""
    del place
    return value if isinstance(value, bool) else refuse(value, "true or false, without quotes")


def whole(least: int) -> Reader[int]:
    """Make the reader of a whole number that is not below `least`."""

    def read(value: Any, place: Place) -> int:
        del place
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        refuse(value, f"a whole number from {least} up")

    return read


def share(value: Any, place: Place) -> float:
    """Read a part of one."""
    del place
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1:
        return float(value)
    refuse(value, "a number above 0 and up to 1, such as 0.5")


def one_of(*words: str) -> Reader[str]:
    """Make the reader of one of a few words."""

    def read(value: Any, place: Place) -> str:
        del place
        if isinstance(value, str) and value in words:
            return value
        refuse(value, " or ".join(words))

    return read


def url(value: Any, place: Place) -> str:
    """Read the base URL of an API."""
    parts = _http_parts(value, place)
    if "@" in parts.netloc:
        raise RefusedError("must hold no user and no password; credentials have keys of their own")
    if parts.scheme == "http":
        place.warning("http:// sends the credentials unencrypted; use https://")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def proxy(value: Any, place: Place) -> str:
    """Read the URL of a proxy, which may hold a user and a password."""
    parts = _http_parts(value, place)
    if parts.path not in {"", "/"}:
        raise RefusedError("must end after the host and the port")
    return f"{parts.scheme}://{parts.netloc}"


def path_from(folder: Path) -> Reader[Path]:
    """Make the reader of a path; a relative one starts at `folder`."""
    return lambda value, place: folder / text(value, place)


def file_text(path: Path) -> str:
    """Return the text of a file that the configuration names, or refuse the path."""
    try:
        return path.read_text()
    except OSError as error:
        problem = (error.strerror or "it cannot be opened").lower()
    except ValueError:
        problem = "it is no text"
    raise RefusedError(f"the file cannot be read: {problem} (a relative path starts beside the configuration)")


def certificates_from(folder: Path) -> Reader[Path]:
    """Make the reader of the path of a file with certificates."""

    def read(value: Any, place: Place) -> Path:
        path = path_from(folder)(value, place)
        file_text(path)
        try:
            ssl.create_default_context(cafile=path)
        except OSError:  # ssl.SSLError is one
            raise RefusedError("the file holds no certificate in PEM form") from None
        return path

    return read


def _http_parts(value: Any, place: Place) -> SplitResult:
    wanted = "a URL with http:// or https:// and a host"
    found = text(value, place)
    try:
        parts = urlsplit(found)
        usable = parts.scheme in {"http", "https"} and parts.port != 0 and _HOST.fullmatch(parts.hostname or "")
    except ValueError:
        refuse(value, wanted)
    if not usable:
        refuse(value, wanted)
    if "?" in found or "#" in found:
        raise RefusedError("must hold no query (?) and no fragment (#)")
    return parts

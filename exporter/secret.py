"""A credential that is read when it is used, and hidden from logs and `repr`."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from exporter.errors import UnauthorizedError
from exporter.files import UnreadableError, WatchedFile

BYTE_ORDER_MARK = "\ufeff"


def find_fault(value: str) -> str | None:
    """Return why a text cannot be a credential, or None if it can: one line of printable ASCII."""
    if not value.strip():
        return "is empty"
    if value.startswith(BYTE_ORDER_MARK):
        return "begins with a byte order mark; save it without one"
    if not value.strip().isprintable():
        return "holds more than one line, or a character that cannot be printed"
    if not value.isascii():
        return "holds a character that is not ASCII"
    return None


def parse(content: bytes) -> str:
    """Return the credential that a file holds, or raise UnreadableError."""
    try:
        value = content.decode()
    except UnicodeDecodeError:
        raise UnreadableError("the file is not valid UTF-8") from None
    if (fault := find_fault(value)) is not None:
        raise UnreadableError(f"the file {fault}")
    return value.strip()


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential given in the configuration, or kept in a file that may be rotated."""

    value: str = field(default="", repr=False)
    file: Path | None = field(default=None, repr=False)
    key: str = field(default="the credential's file", compare=False)
    """The configuration's key of the file, for messages."""
    watched: WatchedFile[str] | None = field(init=False, default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare to read the file; nothing is read yet."""
        if self.file is not None:
            object.__setattr__(self, "watched", WatchedFile(self.file, parse))

    def reveal(self) -> str:
        """Return the credential as it was last read; UnauthorizedError if it never could be.

        Reading a file blocks, and happens here only the first time: `watched.refresh` reads it again.
        """
        watched = self.watched
        if watched is None:
            return self.value
        if watched.value is None and watched.problem is None:
            with suppress(UnreadableError):
                watched.load()
        if watched.value is None:
            raise UnauthorizedError(f"{self.key}: {watched.problem}")
        return watched.value

    async def read(self) -> str:
        """Return the credential as its file has it now, or had it last; else UnauthorizedError."""
        if self.watched is not None:
            await self.watched.refresh()
        return self.reveal()

    def __str__(self) -> str:
        return "<secret>"

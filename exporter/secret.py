"""A credential that is read when it is used and shows itself to nobody else."""

from dataclasses import dataclass, field
from pathlib import Path

from exporter.errors import UnauthorizedError


class _Cache:
    __slots__ = ("stamp", "value")

    def __init__(self) -> None:
        self.stamp: tuple[int, int, int] | None = None
        self.value = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential given in the configuration, or kept in a file that may be rotated."""

    value: str = field(default="", repr=False)
    file: Path | None = field(default=None, repr=False)
    _cache: _Cache = field(default_factory=_Cache, repr=False, compare=False)

    def reveal(self) -> str:
        """Return the credential; a file is read again when it has changed.

        While a file is away (a rotation is not always atomic) the last value goes on; if there was none,
        UnauthorizedError.
        """
        if self.file is None:
            return self.value
        try:
            status = self.file.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._cache.stamp:
                self._cache.value = self.file.read_text().strip() or self._cache.value
                self._cache.stamp = stamp
        except (OSError, ValueError):
            pass  # the last value, below
        if not self._cache.value:
            raise UnauthorizedError("the credential's file cannot be read or is empty")
        return self._cache.value

    def __str__(self) -> str:
        return "<secret>"

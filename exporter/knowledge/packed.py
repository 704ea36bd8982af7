"""Keeps a resource's backups in a few bytes each: there may be a hundred of them for each of ten thousand resources."""

from array import array
from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from itertools import product
from math import isnan, nan

from exporter.model import UNFINISHED, Backup, Status

STATUSES = tuple(Status)
SEPARATOR = "\n"
LARGEST_WHOLE = 2.0**53
"""Up to here a float holds every whole number."""


class PackedBackups(Mapping[str, Backup]):
    """Backups by id, as columns: a record is made anew for whoever looks at it.

    What has settled is packed. The few that have not, or have something uncommon about them, stay as they are.
    """

    __slots__ = ("_apart", "_finished", "_ids", "_kinds", "_sizes", "_started", "_statuses")

    def __init__(self, backups: Iterable[Backup] = ()) -> None:
        """Take backups, each with an id of its own."""
        packed, apart = list[Backup](), dict[str, Backup]()
        for backup in backups:
            if _common(backup):
                packed.append(backup)
            else:
                apart[backup.id] = backup
        self._apart = apart or None
        self._ids = SEPARATOR.join([backup.id for backup in packed])
        self._kinds = tuple({backup.kind: None for backup in packed})
        code = {(kind, status): at for at, (kind, status) in enumerate(product(self._kinds, STATUSES))}
        self._statuses = array("H", [code[backup.kind, backup.status] for backup in packed])
        self._started = array("d", [nan if backup.started is None else backup.started for backup in packed])
        self._finished = array("d", [nan if backup.finished is None else backup.finished for backup in packed])
        self._sizes = array("d", [nan if backup.size is None else backup.size for backup in packed])

    def unfinished(self) -> list[Backup]:
        """Return those that run or wait, without unpacking the others."""
        return [backup for backup in self._apart.values() if backup.status in UNFINISHED] if self._apart else []

    def __len__(self) -> int:
        return len(self._statuses) + len(self._apart or ())

    def __iter__(self) -> Iterator[str]:
        if self._statuses:
            yield from self._ids.split(SEPARATOR)
        yield from self._apart or ()

    def __getitem__(self, key: str) -> Backup:
        if self._apart and key in self._apart:
            return self._apart[key]
        try:
            return self._unpacked(key, self._ids.split(SEPARATOR).index(key) if self._statuses else -1)
        except (ValueError, IndexError):
            raise KeyError(key) from None

    def items(self) -> ItemsView[str, Backup]:
        """Return all records with their ids; quicker than one by one."""
        ids = self._ids.split(SEPARATOR) if self._statuses else []
        found = {key: self._unpacked(key, at) for at, key in enumerate(ids)}
        found.update(self._apart or {})
        return found.items()

    def values(self) -> ValuesView[Backup]:
        """Return all records."""
        return dict(self.items()).values()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.values())!r})"

    def _unpacked(self, key: str, at: int) -> Backup:
        if at < 0:
            raise IndexError(at)
        kind, status = divmod(self._statuses[at], len(STATUSES))
        return Backup(
            id=key,
            status=STATUSES[status],
            started=_told(self._started[at]),
            finished=_told(self._finished[at]),
            size=_told(self._sizes[at]),
            kind=self._kinds[kind],
        )


def _common(backup: Backup) -> bool:
    return (
        backup.status not in UNFINISHED
        and backup.progress is None
        and backup.unmapped is None
        and SEPARATOR not in backup.id
        and (backup.size is None or backup.size <= LARGEST_WHOLE)
    )


def _told(value: float) -> float | None:
    return None if isnan(value) else value

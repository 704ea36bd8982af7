"""Keeps a resource's backups in a few bytes each: there may be a hundred of them for each of ten thousand resources."""

from array import array
from collections import Counter
from collections.abc import Collection, ItemsView, Iterable, Iterator, Mapping, Set, ValuesView
from heapq import nlargest
from itertools import compress, islice
from math import fsum, inf, isnan, nan
from types import MappingProxyType
from typing import TypeVar

from exporter.model import UNFINISHED, Backup, Status

N = TypeVar("N", int, float)
STATUSES = tuple(Status)
CODES = {status: code for code, status in enumerate(STATUSES)}
SEPARATOR = "\n"
LARGEST_WHOLE = 2.0**53
"""The largest number up to which a float holds every whole number."""
UNHASHED = frozenset({0})
MAX_SINGLE_LOOKUPS = 50
"""Up to this many ids are searched for one by one; for more, all ids are split."""
ROW_BYTES, LOOSE_BYTES = 34, 400
"""Bytes that a packed backup takes beside its id, and one that stays as it is."""
NO_HASHES: Mapping[str, int] = MappingProxyType({})


class BackupTable(Mapping[str, Backup]):
    """Backups by id, as columns: a record is built for each access, and numbers are computed without any.

    Settled backups are packed. The few others, and those with uncommon fields, are kept as records. A packed backup
    has the hash of the vendor's record that it was made of (0: unknown), so that the same record need not be mapped
    again.
    """

    __slots__ = (
        "_codes", "_expires", "_failures", "_finished", "_hashes", "_ids", "_kinds", "_loose", "_sizes", "_started"
    )  # fmt: skip

    def __init__(self, backups: Iterable[Backup] = (), hashes: Mapping[str, int] = NO_HASHES) -> None:
        """Take backups, whose ids differ, and by their ids the hashes of their records."""
        self._loose: dict[str, Backup] | None = None
        self._kinds: tuple[str, ...] = ()
        self._ids, self._codes, self._hashes = "", array("H"), array("q")
        self._started, self._finished, self._sizes = array("d"), array("d"), array("d")
        self._failures, self._expires = array("d"), array("d")  # empty where no vendor's record has any
        self._add(backups, hashes)

    def revise(
        self, fresh: Mapping[str, Backup], hashes: Mapping[str, int], unchanged: Set[int] | None
    ) -> "BackupTable":
        """Return the backups with `fresh` ones, which replace those of the same ids.

        The others all stay, or, if `unchanged` is given, only those whose hashes it contains.
        """
        if unchanged and (known := self.hashes_of(self.among(fresh))):  # of two records with one id, map both again
            hashes = {key: 0 if known.get(key) in unchanged else hash_ for key, hash_ in hashes.items()}
        left = self._rows_to_keep(fresh, unchanged)
        new = BackupTable()
        new._kinds = self._kinds
        if left is None:
            new._ids, new._codes, new._hashes = self._ids, self._codes, self._hashes
            new._started, new._finished, new._sizes = self._started, self._finished, self._sizes
            new._failures, new._expires = self._failures, self._expires
        else:
            new._ids = SEPARATOR.join(compress(self._ids.split(SEPARATOR), left))
            new._codes = _select_rows(self._codes, left)
            new._hashes = _select_rows(self._hashes, left)
            new._started = _select_rows(self._started, left)
            new._finished = _select_rows(self._finished, left)
            new._sizes = _select_rows(self._sizes, left)
            new._failures, new._expires = _select_rows(self._failures, left), _select_rows(self._expires, left)
        if self._loose and unchanged is None:
            new._loose = {key: backup for key, backup in self._loose.items() if key not in fresh}
        new._add(fresh.values(), hashes)
        return new

    def without_hashes(self) -> "BackupTable":
        """Return them as if it were unknown of which records they were made, so that each record is mapped again."""
        new = self.revise({}, NO_HASHES, None)
        new._hashes = array("q", [0]) * len(self._codes)
        return new

    def hashes(self) -> frozenset[int]:
        """Return the hashes of all records that need not be mapped again."""
        return frozenset(self._hashes) - UNHASHED

    def kinds(self) -> frozenset[str]:
        """Return the kinds of all that are or were among them."""
        return frozenset(self._kinds).union(one.kind for one in (self._loose or {}).values())

    def hashes_of(self, ids: Collection[str]) -> dict[str, int]:
        """Return the hashes of the records with these ids, as far as they are known."""
        at = {key: number for number, key in enumerate(self._ids.split(SEPARATOR))} if self._codes and ids else {}
        return {key: self._hashes[at[key]] for key in ids if key in at}

    def unfinished(self) -> list[Backup]:
        """Return those that run or wait, without unpacking the others."""
        return [backup for backup in self._loose.values() if backup.status in UNFINISHED] if self._loose else []

    def counts(self) -> Mapping[tuple[str, Status], int]:
        """Return how many there are of each kind and status."""
        width = len(STATUSES)
        packed = Counter(self._codes)
        found = Counter({(self._kinds[code // width], STATUSES[code % width]): n for code, n in packed.items()})
        if self._loose:
            found.update((backup.kind, backup.status) for backup in self._loose.values())
        return found

    def total_size(self) -> float | None:
        """Return the sum of the sizes of those that are completed; None where none of them has one."""
        of_loose = [one.size for one in self._completed_loose() if one.size is not None]
        sizes = [*compress(self._sizes, self._completed_rows()), *of_loose]
        if isnan(total := fsum(sizes)):
            sizes = [size for size in sizes if not isnan(size)]
            total = fsum(sizes)
        if total > LARGEST_WHOLE:
            total = sum(int(size) if size == int(size) else size for size in sizes)
        return total if sizes else None

    def oldest_success(self, until: float = inf) -> float | None:
        """Return when the oldest completed one started; None if that is later than `until`."""
        of_loose = [one.started for one in self._completed_loose() if one.started is not None]
        oldest = min((*compress(self._started, self._completed_rows()), *of_loose), default=None)
        return oldest if oldest is None or oldest <= until else None

    def starts_after(self, instant: float) -> list[float]:
        """Return the starts beyond an instant; nearly always there is none. A pending backup has not started."""
        loose = [one for one in self._loose.values() if one.status is not Status.PENDING] if self._loose else []
        of_loose = [one.started for one in loose if one.started is not None and one.started > instant]
        if max(self._started, default=instant) <= instant:
            return of_loose
        return [*(start for start in self._started if start > instant), *of_loose]

    def unread(self) -> list[Backup]:
        """Return those that hold something which is given and was not understood."""
        return [one for one in self._loose.values() if one.unread] if self._loose else []

    def with_hashes(self, hashes: Collection[int]) -> dict[str, tuple[Backup, int]]:
        """Return those that were made of records with these hashes, with the hash of each, by id."""
        ids = self._ids.split(SEPARATOR) if self._codes else []
        rows = ((at, key, hash_) for at, (key, hash_) in enumerate(zip(ids, self._hashes, strict=True)))
        return {key: (self._unpack(key, at), hash_) for at, key, hash_ in rows if hash_ in hashes}

    def weight(self) -> int:
        """Return about how many bytes they take in memory."""
        return len(self._ids) + ROW_BYTES * len(self._codes) + LOOSE_BYTES * len(self._loose or ())

    def newest_success(self, until: float = inf) -> Backup | None:
        """Return the newest completed one that has a start, among those that started no later than `until`."""
        rows = (at for at in compress(range(len(self._codes)), self._completed_rows()) if self._started[at] <= until)
        at = max(rows, key=self._started.__getitem__, default=None)
        packed = [] if at is None else [self._unpack(self._ids.split(SEPARATOR)[at], at)]
        dated = [one for one in (*packed, *self._completed_loose()) if one.started is not None and one.started <= until]
        return max(dated, key=lambda one: one.started or 0.0, default=None)

    def newest_successes(self, until: float = inf) -> list[Backup]:
        """Return the newest completed one of each kind that started no later than `until`, the newest first."""
        rows = [at for at in compress(range(len(self._codes)), self._completed_rows()) if self._started[at] <= until]
        newest_rows = {self._codes[at]: at for at in sorted(rows, key=self._started.__getitem__)}
        ids = self._ids.split(SEPARATOR) if rows else []
        packed = [self._unpack(ids[at], at) for at in newest_rows.values()]
        loose = [one for one in self._completed_loose() if one.started is not None and one.started <= until]
        dated = sorted((*packed, *loose), key=lambda one: one.started or 0.0)
        return sorted({one.kind: one for one in dated}.values(), key=lambda one: -(one.started or 0.0))

    def newest(self, count: int) -> list[Backup]:
        """Return the `count` that started last, the newest first; those without a start come last."""
        ids = self._ids.split(SEPARATOR) if self._codes else []
        packed = [self._unpack(ids[at], at) for at in nlargest(count, range(len(ids)), self._started.__getitem__)]
        return nlargest(count, (*packed, *(self._loose or {}).values()), lambda one: one.started or 0.0)

    def newest_sizes(self, count: int) -> list[tuple[float, float]]:
        """Return the starts and sizes of the newest completed ones that have both, the oldest first."""
        rows = sorted(compress(range(len(self._codes)), self._completed_rows()), key=self._started.__getitem__)
        packed = ((self._started[at], self._sizes[at]) for at in reversed(rows) if not isnan(self._sizes[at]))
        loose = ((one.started, one.size) for one in self._completed_loose() if one.started is not None)
        return nlargest(count, (*islice(packed, count), *((at, size) for at, size in loose if size is not None)))[::-1]

    @property
    def detailed(self) -> bool:
        """Whether any record says when it expires, or how many items failed within it."""
        loose = self._loose.values() if self._loose else ()
        return bool(self._failures or self._expires) or any(
            one.failures is not None or one.expires is not None for one in loose
        )

    def failures(self, until: float = inf) -> list[tuple[str, float]]:
        """Return the kind and the start of each failed one that has a start, no later than `until`."""
        width, failed = len(STATUSES), CODES[Status.FAILED]
        packed = [
            (self._kinds[code // width], started)
            for code, started in zip(self._codes, self._started, strict=True)
            if code % width == failed and started <= until
        ]
        loose = [one for one in self._loose.values() if one.status is Status.FAILED] if self._loose else []
        return packed + [(one.kind, one.started) for one in loose if one.started is not None and one.started <= until]

    def __len__(self) -> int:
        return len(self._codes) + len(self._loose or ())

    def __iter__(self) -> Iterator[str]:
        if self._codes:
            yield from self._ids.split(SEPARATOR)
        yield from self._loose or ()

    def __contains__(self, key: object) -> bool:
        if self._loose and key in self._loose:
            return True
        # nearly all that are asked for are new, and the search through one text is quick
        return isinstance(key, str) and key in self._ids and bool(self._codes) and key in self._ids.split(SEPARATOR)

    def __getitem__(self, key: str) -> Backup:
        if self._loose and key in self._loose:
            return self._loose[key]
        if key not in self:
            raise KeyError(key)
        return self._unpack(key, self._ids.split(SEPARATOR).index(key))

    def among(self, keys: Collection[str]) -> dict[str, Backup]:
        """Return those that have these ids; of many, in one pass."""
        if len(keys) <= MAX_SINGLE_LOOKUPS:
            return {key: self[key] for key in keys if key in self}
        wanted = set(keys)
        ids = self._ids.split(SEPARATOR) if self._codes else []
        found = {key: self._unpack(key, at) for at, key in enumerate(ids) if key in wanted}
        found.update((key, backup) for key, backup in (self._loose or {}).items() if key in wanted)
        return found

    def items(self) -> ItemsView[str, Backup]:
        """Return all records with their ids; quicker than one by one."""
        ids = self._ids.split(SEPARATOR) if self._codes else []
        found = {key: self._unpack(key, at) for at, key in enumerate(ids)}
        found.update(self._loose or {})
        return found.items()

    def values(self) -> ValuesView[Backup]:
        """Return all records."""
        return dict(self.items()).values()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self.values())!r})"

    def _add(self, backups: Iterable[Backup], hashes: Mapping[str, int]) -> None:
        """Append to copies of the columns, since another table may share them."""
        common, loose = list[Backup](), dict[str, Backup]()
        for backup in backups:
            if _is_packable(backup):
                common.append(backup)
            else:
                loose[backup.id] = backup
        if loose:
            self._loose = {**(self._loose or {}), **loose}
        if not common:
            return
        self._kinds = tuple(dict.fromkeys((*self._kinds, *(one.kind for one in common))))
        ids = (one.id for one in common)
        self._ids = SEPARATOR.join((self._ids, *ids) if self._codes else ids)
        rows = len(self._codes)
        self._failures = _append_values(self._failures, rows, [one.failures for one in common])
        self._expires = _append_values(self._expires, rows, [one.expires for one in common])
        codes = [self._kinds.index(one.kind) * len(STATUSES) + CODES[one.status] for one in common]
        self._codes = self._codes + array("H", codes)
        self._hashes = self._hashes + array("q", [hashes.get(one.id, 0) for one in common])
        self._started = self._started + array("d", [one.started or 0.0 for one in common])
        self._finished = self._finished + array("d", [nan if one.finished is None else one.finished for one in common])
        self._sizes = self._sizes + array("d", [nan if one.size is None else one.size for one in common])

    def _rows_to_keep(self, fresh: Mapping[str, Backup], unchanged: Set[int] | None) -> list[bool] | None:
        """Return for each row whether it stays; None if all do."""
        left = None if unchanged is None else [hash_ in unchanged for hash_ in self._hashes]
        if self._codes and (len(fresh) > MAX_SINGLE_LOOKUPS or any(key in self._ids for key in fresh)):
            kept = left or [True] * len(self._codes)
            ids = self._ids.split(SEPARATOR)
            left = [stays and key not in fresh for stays, key in zip(kept, ids, strict=True)]
        return None if left is None or all(left) else left

    def _completed_rows(self) -> list[bool]:
        width, completed = len(STATUSES), CODES[Status.COMPLETED]
        return [code % width == completed for code in self._codes]

    def _completed_loose(self) -> list[Backup]:
        loose = self._loose.values() if self._loose else ()
        return [backup for backup in loose if backup.status is Status.COMPLETED]

    def _unpack(self, key: str, at: int) -> Backup:
        kind, status = divmod(self._codes[at], len(STATUSES))
        return Backup(
            id=key,
            status=STATUSES[status],
            started=self._started[at],
            finished=_none_if_nan(self._finished[at]),
            size=_none_if_nan(self._sizes[at]),
            kind=self._kinds[kind],
            failures=None if (failures := _optional(self._failures, at)) is None else int(failures),
            expires=_optional(self._expires, at),
        )


def _is_packable(backup: Backup) -> bool:
    return (
        backup.started is not None
        and backup.status not in UNFINISHED
        and backup.progress is None
        and backup.unmapped is None
        and not backup.unread
        and SEPARATOR not in backup.id
        and (backup.size is None or backup.size <= LARGEST_WHOLE)
    )


def _select_rows(column: "array[N]", left: Iterable[bool]) -> "array[N]":
    return array(column.typecode, list(compress(column, left)))  # of a list, it is not made longer than it need be


def _append_values(column: "array[float]", rows: int, values: Iterable[float | None]) -> "array[float]":
    """Return a column of `rows` with `values` behind them; it stays empty as long as all of them are unknown."""
    numbers = array("d", [nan if value is None else value for value in values])
    if not column and all(map(isnan, numbers)):
        return column
    return (column or array("d", [nan]) * rows) + numbers


def _optional(column: "array[float]", at: int) -> float | None:
    return _none_if_nan(column[at]) if column else None


def _none_if_nan(value: float) -> float | None:
    return None if isnan(value) else value

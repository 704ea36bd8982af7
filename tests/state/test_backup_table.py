"""Packed backups are the same backups."""

import pytest

from exporter.model import Backup, Status
from exporter.state.backup_table import BackupTable

SETTLED = Backup(id="a", status=Status.COMPLETED, started=1.5, finished=61.25, size=7, kind="full")
BARE = Backup(id="b", status=Status.FAILED)
OTHER = Backup(id="c", status=Status.CANCELLED, started=2.0, kind="incremental")
RUNS = Backup(id="d", status=Status.IN_PROGRESS, started=3.0, progress=40.0)
WAITS = Backup(id="e", status=Status.PENDING)
ODD = Backup(id="f", status=Status.UNKNOWN, unmapped="resting")
HUGE = Backup(id="g", status=Status.COMPLETED, size=2**60 + 1)
BROKEN_ID = Backup(id="h\ni", status=Status.COMPLETED, started=1.0)
ALL = (SETTLED, BARE, OTHER, RUNS, WAITS, ODD, HUGE, BROKEN_ID)


def test_all_of_them_come_back_as_they_were() -> None:
    packed = BackupTable(ALL)

    assert packed == {backup.id: backup for backup in ALL}
    assert set(packed.values()) == set(ALL)
    assert (set(packed), len(packed)) == ({backup.id for backup in ALL}, len(ALL))


@pytest.mark.parametrize("backup", ALL, ids=lambda backup: repr(backup.id))
def test_each_is_found_by_its_id(backup: Backup) -> None:
    assert BackupTable(ALL)[backup.id] == backup
    assert BackupTable([backup])[backup.id] == backup


@pytest.mark.parametrize("known", [ALL, (), (RUNS,), (SETTLED,)])
@pytest.mark.parametrize("key", ["", "z", "h", "a\nb"])
def test_what_is_not_there_is_not_found(known: tuple[Backup, ...], key: str) -> None:
    assert key not in BackupTable(known)
    with pytest.raises(KeyError):
        BackupTable(known)[key]


def test_what_runs_or_waits_is_told_apart() -> None:
    assert BackupTable(ALL).unfinished() == [RUNS, WAITS]
    assert BackupTable().unfinished() == []


def _many(count: int) -> list[Backup]:
    """Return packed ones and others, in another order than they started in; some have no size or failed."""
    return [
        Backup(
            id=str(at),
            status=Status.FAILED if at % 7 == 0 else Status.COMPLETED,
            started=float(at * 37 % count),
            size=None if at % 5 == 0 else float(at),
            progress=50.0 if at % 11 == 0 else None,
        )
        for at in range(count)
    ]


@pytest.mark.parametrize("backups", [(), ALL, (HUGE, BARE), tuple(_many(101))], ids=len)
@pytest.mark.parametrize("count", [0, 3, 30, 500])
def test_the_newest_are_those_of_all_records_sorted(backups: tuple[Backup, ...], count: int) -> None:
    table = BackupTable(backups)
    dated = [one for one in table.values() if one.status is Status.COMPLETED and one.started is not None]
    sizes = sorted((one.started or 0.0, one.size) for one in dated if one.size is not None)

    assert table.newest(count) == sorted(table.values(), key=lambda one: one.started or 0.0, reverse=True)[:count]
    assert table.newest_sizes(count) == sizes[max(0, len(sizes) - count) :]

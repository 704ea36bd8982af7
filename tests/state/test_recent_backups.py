"""The completed backups of one kind, as a sequence of values."""

import pytest

from exporter.state.recent_backups import CompletedBackup, RecentBackups

ONE, OTHER = CompletedBackup(id="a", started=2.0, size=5.0), CompletedBackup(id="b", started=1.0, duration=3.0)


@pytest.mark.parametrize("ids", [("a", "b"), ("a\nb", "b"), ("a\x00b", "\x1f"), ("", "b")])
def test_any_ids_are_given_back(ids: tuple[str, str]) -> None:
    kept = [CompletedBackup(id=own, started=9.0 - at) for at, own in enumerate(ids)]

    assert RecentBackups(kept).ids() == list(ids)
    assert list(RecentBackups(kept)) == kept


def test_equal_ones_are_one_key() -> None:
    assert {RecentBackups([ONE, OTHER]): 1} == {RecentBackups([ONE, OTHER]): 1}
    assert hash(RecentBackups([ONE, OTHER])) == hash((ONE, OTHER))
    assert RecentBackups([ONE]) != RecentBackups([OTHER])

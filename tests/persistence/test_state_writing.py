"""When the state is written, what happens when it cannot be, and where it goes at a reload."""

import asyncio
import errno
import json
import os
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from structlog.testing import capture_logs

from exporter.persistence.file import StateFile
from exporter.settings import Settings
from tests.persistence.state_vendor import HOUR, NOW, Exporter, make_completed, poll_once, source, usual_vendor

WRITTEN = "backup_exporter_state_last_write_successful"


async def test_the_file_changes_only_when_what_is_remembered_does(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    exporter = await poll_once(path, at)
    before = path.stat()
    await exporter.poll()
    assert path.stat() == before
    at.backups["db"] = [*make_completed(1, newest=NOW), *make_completed(15)]
    await exporter.poll()
    assert path.stat().st_ino != before.st_ino
    assert (await Exporter(path, source(at)).start()).value("backup_age_seconds") == 0


@pytest.mark.parametrize("damage", ["", '{"version": 1, "resou', "\x00\x01", '{"version": 9}', "[]"])
async def test_an_unusable_file_is_kept_aside_with_one_line_and_work_goes_on(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(damage)
    with capture_logs() as logs:
        exporter = await poll_once(path, usual_vendor())
    assert [(log["event"], log["kept_as"]) for log in logs if log["log_level"] == "error"] == [
        ("state.unusable", f"{path}.bad-1")
    ]
    assert (tmp_path / "state.json.bad-1").read_text() == damage
    assert exporter.value(WRITTEN) == 1
    assert (await Exporter(path, source(usual_vendor())).start()).value("backup_age_seconds") == HOUR


async def test_a_full_disk_is_shown_and_logged_once_until_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path, at = tmp_path / "state.json", usual_vendor()
    exporter = await poll_once(path, at)
    at.backups["db"] = make_completed(1, newest=NOW)
    with capture_logs() as logs:
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            for _ in range(3):
                await exporter.poll()
                await exporter.saver.save()
            assert exporter.value(WRITTEN) == 0
        await exporter.saver.save()  # nothing has changed since, but this was never written
    assert exporter.value(WRITTEN) == 1
    assert [log["event"] for log in logs if log["event"].startswith("state.")] == [
        "state.write_failed",
        "state.written_again",
    ]
    assert (await Exporter(path, source(at)).start()).value("backup_age_seconds") == 0


@pytest.mark.parametrize("where", ["missing/state.json", "."])
async def test_a_place_where_nothing_can_be_written_is_shown_and_never_stops_anything(
    tmp_path: Path, where: str
) -> None:
    with capture_logs() as logs:
        exporter = await poll_once(tmp_path / where, usual_vendor())
        await exporter.poll()
    assert exporter.value(WRITTEN) == 0
    assert exporter.value("backup_source_up") == 1
    assert len([log for log in logs if log["event"] == "state.write_failed"]) == 1
    assert list(tmp_path.iterdir()) == []


async def test_without_a_state_file_nothing_is_said_of_it() -> None:
    exporter = Exporter(None, source(usual_vendor()))
    await exporter.start()
    await exporter.poll()
    assert WRITTEN not in exporter.text


async def test_a_reload_moves_to_another_file_and_keeps_what_was_in_it(tmp_path: Path) -> None:
    path, other = tmp_path / "state.json", tmp_path / "other.json"
    exporter = await poll_once(path, usual_vendor())
    other.write_bytes(path.read_bytes())
    for file in (other, None):
        await exporter.saver.switch_file(Settings(sources=exporter.settings.sources, state_file=file))
        await exporter.saver.save()
        assert exporter.value(WRITTEN) == (None if file is None else 1)
    assert (tmp_path / "other.json.bad-1").read_bytes() == other.read_bytes() == path.read_bytes()


async def test_the_keeper_writes_at_once_and_at_the_end_but_never_before_it_was_started(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    exporter = await Exporter(path, source(usual_vendor())).start()
    await exporter.saver.stop()  # as when the address could not be had
    assert not path.exists()
    exporter.saver.start()
    await exporter.watches[0].poller.poll()
    await exporter.saver.stop()
    assert json.loads(path.read_text())["resources"][0]["id"] == "db"


async def test_a_stop_in_the_middle_of_the_cleaning_does_not_lose_what_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The removal of what killed processes left took the file that was just written for one of them."""
    begun, go_on, steps = Event(), Event(), list[str]()
    sweep, write = StateFile.sweep, StateFile.write

    def sweep_late(file: StateFile) -> None:
        begun.set()
        go_on.wait(10)
        sweep(file)
        steps.append("swept")

    def note_and_write(file: StateFile, *args: Any) -> None:
        write(file, *args)
        steps.append("written")

    monkeypatch.setattr(StateFile, "sweep", sweep_late)
    monkeypatch.setattr(StateFile, "write", note_and_write)
    exporter = await Exporter(tmp_path / "state.json", source(usual_vendor())).start()
    exporter.saver.start()
    await asyncio.to_thread(begun.wait, 10)
    asyncio.get_running_loop().call_later(0.1, go_on.set)
    await exporter.saver.stop()
    assert steps == ["swept", "written"]

"""One state file has one writer, and its temporary file can be neither guessed nor prepared."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exporter.persistence import file
from exporter.persistence.file import StateFile, StateInUseError
from tests.persistence.state_vendor import Exporter, source, usual_vendor

WRITTEN = "backup_exporter_state_last_write_successful"


def test_a_second_writer_is_refused_by_whatever_path_until_the_first_has_gone(tmp_path: Path) -> None:
    path, link = tmp_path / "state.json", tmp_path / "link.json"
    link.symlink_to("state.json")
    first, second = StateFile(path), StateFile(link)
    first.lock()
    with pytest.raises(
        StateInUseError, match=rf"{path} is in use by another backup-exporter \(process {os.getpid()}\)"
    ):
        second.lock()
    first.unlock()
    second.lock()
    second.unlock()


@pytest.mark.parametrize("where", ["missing/state.json", "folder/state.json"])
def test_where_there_can_be_no_lock_the_work_goes_on(where: str, tmp_path: Path) -> None:
    (tmp_path / "folder" / "state.json.lock").mkdir(parents=True)
    one = StateFile(tmp_path / where)
    one.lock()
    one.unlock()


def test_a_folder_that_is_made_later_has_one_writer_too(tmp_path: Path) -> None:
    path = tmp_path / "later" / "state.json"
    first, second = StateFile(path), StateFile(path)
    first.lock()
    second.lock()
    path.parent.mkdir()
    first.write([])
    left = path.with_name("state.json.tmp-1")
    left.write_text("half")
    with pytest.raises(OSError, match="in use by another backup-exporter"):
        second.write([])
    second.sweep()
    assert left.exists()
    first.unlock()
    second.write([])
    second.unlock()


def test_a_lock_follows_no_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "state.json.lock").symlink_to(victim)
    one = StateFile(tmp_path / "state.json")
    one.lock()
    one.unlock()
    assert victim.read_text() == "precious"


def test_a_temporary_file_that_is_there_already_is_neither_written_nor_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    monkeypatch.setattr(file, "token_hex", lambda _: "guessed")
    guessed = tmp_path / "state.json.tmp-guessed"
    guessed.symlink_to(victim)
    with pytest.raises(FileExistsError):
        StateFile(tmp_path / "state.json").write([])
    assert victim.read_text() == "precious"
    guessed.unlink(missing_ok=True)
    guessed.write_text("prepared")
    with pytest.raises(FileExistsError):
        StateFile(tmp_path / "state.json").write([])
    assert not (tmp_path / "state.json").exists()


def test_the_names_of_temporary_files_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[Path] = []
    monkeypatch.setattr(file, "_write_through", lambda path, _: names.append(path))
    for _ in range(5):
        with pytest.raises(FileNotFoundError):
            StateFile(tmp_path / "state.json").write([])
    assert len(set(names)) == 5


async def test_a_default_file_that_another_exporter_has_costs_a_warning_and_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    first, second = Exporter(path, source(usual_vendor())), Exporter(path, source(usual_vendor()))
    await first.saver.claim(first.settings)
    with pytest.raises(StateInUseError):
        await second.saver.claim(second.settings)
    with capture_logs() as logs:
        second.settings = await second.saver.claim(replace(second.settings, state_file_given=False))
    await second.start()
    await second.poll()
    assert [(log["event"], log["log_level"]) for log in logs] == [("state.not_kept", "warning")]
    assert second.settings.state_file is None
    assert second.value(WRITTEN) == 0
    assert second.value("backup_source_up") == 1
    await first.start()
    await first.poll()
    await first.saver.stop()


async def test_a_lock_that_was_claimed_in_vain_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    first, second = Exporter(path, source(usual_vendor())), Exporter(path, source(usual_vendor()))
    await first.saver.claim(first.settings)
    first.saver.release()
    await second.saver.claim(second.settings)
    second.saver.release()

"""A path where one may not look is no bug: `check`, `report` and a reload say what they can of it."""

import os
from pathlib import Path

import pytest

from exporter.cli import main
from exporter.files import is_file, is_folder
from exporter.history.files import UnwritableError, check_writable
from tests.samples import write_source

TOO_LONG = "x" * 300


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a folder below which nothing can be looked at, whoever runs the tests."""
    folder = tmp_path / "closed"
    folder.mkdir()
    really = os.stat

    def stat(path: object, *args: object, **kwargs: object) -> os.stat_result:
        if isinstance(path, str | os.PathLike) and folder in Path(path).parents:
            raise PermissionError(13, "Permission denied", str(path))
        return really(path, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", stat)
    return folder


def test_what_may_not_be_looked_at_is_neither_a_file_nor_a_folder(closed: Path) -> None:
    for path in (closed / "state.json", closed / TOO_LONG, Path("a\0b")):
        assert not is_file(path)
        assert not is_folder(path)
    assert is_folder(closed)


@pytest.mark.parametrize("name", ["state.json", TOO_LONG])
def test_check_reads_a_configuration_whose_state_file_it_may_not_look_at(
    closed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"state_file: {closed / name}\nsources: [{write_source('a')}]\n")
    assert main(["check", "--config.file", str(config)]) == 0
    assert "1 source" in capsys.readouterr().out


def test_check_of_a_configuration_that_it_may_not_look_at_is_one_line(
    closed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--config.file", str(closed / "config.yaml")]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)


def test_a_report_that_cannot_be_written_there_says_so(closed: Path) -> None:
    with pytest.raises(UnwritableError):
        check_writable(closed / TOO_LONG / "report.html")

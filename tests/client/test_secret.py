"""A credential: read when it is used, shown to nobody."""

import os
from pathlib import Path

import pytest

from exporter.errors import UnauthorizedError
from exporter.secret import Secret


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "planted-name"
    path.write_text("planted-1\n")
    return path


def replace_file(path: Path, text: str) -> None:
    """Replace a file as a rotation does: another one is moved to its place."""
    other = path.with_suffix(".new")
    other.write_text(text)
    other.replace(path)


def test_a_value_is_told_as_it_is() -> None:
    assert Secret(" planted ").reveal() == " planted "


@pytest.mark.parametrize("text", ["planted-1", "planted-1\n", "  planted-1\r\n\n", "\tplanted-1 "])
def test_a_file_is_told_without_the_space_around(file: Path, text: str) -> None:
    file.write_text(text)

    assert Secret(file=file).reveal() == "planted-1"


def test_a_rotated_file_is_read_again(file: Path) -> None:
    secret = Secret(file=file)
    seen = [secret.reveal()]
    for text in ("planted-2", "planted-3"):
        replace_file(file, text)
        seen.append(secret.reveal())

    assert seen == ["planted-1", "planted-2", "planted-3"]


def test_a_file_written_in_place_is_read_again(file: Path) -> None:
    secret = Secret(file=file)
    secret.reveal()
    file.write_text("planted-2\n")
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))

    assert secret.reveal() == "planted-2"


def test_an_unchanged_file_is_not_read_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret(file=file)
    secret.reveal()
    monkeypatch.delattr(Path, "read_text")

    assert secret.reveal() == "planted-1"


def test_while_a_file_is_away_the_last_value_goes_on(file: Path) -> None:
    secret = Secret(file=file)
    secret.reveal()
    file.unlink()

    assert secret.reveal() == "planted-1"

    replace_file(file, "planted-2")

    assert secret.reveal() == "planted-2"


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\x00"])
def test_a_file_without_a_credential_does_not_replace_the_last_one(file: Path, content: bytes) -> None:
    secret = Secret(file=file)
    secret.reveal()
    file.write_bytes(content)

    assert secret.reveal() == "planted-1"

    with pytest.raises(UnauthorizedError):
        Secret(file=file).reveal()


def test_a_file_that_never_was_is_unauthorized(tmp_path: Path) -> None:
    for file in (tmp_path / "planted-missing", tmp_path):
        with pytest.raises(UnauthorizedError) as caught:
            Secret(file=file).reveal()

        assert "planted" not in str(caught.value)
        assert str(tmp_path) not in str(caught.value)


def test_shows_itself_to_nobody(file: Path) -> None:
    secrets = [Secret("planted"), Secret(file=file)]
    for secret in secrets:
        secret.reveal()
        for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r:>9}", repr([secret])):
            assert "planted" not in shown


def test_equal_credentials_are_equal_whatever_was_read(file: Path) -> None:
    """A reload compares the configuration, not what a file holds by now."""
    read = Secret(file=file)
    read.reveal()

    assert read == Secret(file=file)
    assert hash(read) == hash(Secret(file=file))
    assert Secret("a") != Secret("b")
    assert read != Secret("planted-1")

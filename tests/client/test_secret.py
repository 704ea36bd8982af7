"""A credential: read when it is used, shown nowhere."""

import asyncio
import os
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from exporter import background, files
from exporter.errors import UnauthorizedError
from exporter.provider import BearerAuth
from exporter.secret import Secret
from tests.client.scripted_transport import BASE, ScriptedTransport, answer, session_on


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


@pytest.fixture(autouse=True)
def _every_look_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOOK_SECONDS", 0.0)


async def test_a_rotated_file_is_read_again(file: Path) -> None:
    secret = Secret(file=file)
    seen = [await secret.read()]
    for text in ("planted-2", "planted-3"):
        replace_file(file, text)
        seen.append(await secret.read())

    assert seen == ["planted-1", "planted-2", "planted-3"]


async def test_a_link_that_points_elsewhere_is_followed_as_kubernetes_swaps_them(file: Path) -> None:
    other = file.with_name("other")
    other.write_text("planted-2\n")
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    link, new = file.with_name("link"), file.with_name("new")
    link.symlink_to(file)
    secret = Secret(file=link)
    assert await secret.read() == "planted-1"
    new.symlink_to(other)
    new.replace(link)

    assert await secret.read() == "planted-2"


async def test_a_file_written_in_place_is_read_again(file: Path) -> None:
    secret = Secret(file=file)
    await secret.read()
    file.write_text("planted-2\n")
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))

    assert await secret.read() == "planted-2"


async def test_a_change_within_one_tick_of_the_clock_is_noticed(file: Path) -> None:
    secret, status = Secret(file=file), file.stat()
    await secret.read()
    file.write_text("planted-2\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert await secret.read() == "planted-2"


async def test_an_unchanged_file_is_not_read_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(file, (0, 0))
    secret = Secret(file=file)
    await secret.read()
    monkeypatch.delattr(Path, "open")

    assert await secret.read() == "planted-1"


async def test_while_a_file_is_away_the_last_value_goes_on(file: Path) -> None:
    secret = Secret(file=file)
    await secret.read()
    file.unlink()

    assert await secret.read() == "planted-1"

    replace_file(file, "planted-2")

    assert await secret.read() == "planted-2"


UNUSABLE = [
    (b"", "the file is empty"),
    (b" \n", "the file is empty"),
    (b"\xff\xfe\x00", "the file is not valid UTF-8"),
    ("\ufeffplanted".encode(), "the file begins with a byte order mark; save it without one"),
    ("planted".encode("utf-16"), "the file is not valid UTF-8"),
    (b"planted\nplanted", "the file holds more than one line, or a character that cannot be printed"),
    (b"planted\x00", "the file holds more than one line, or a character that cannot be printed"),
    ("planted\u202e".encode(), "the file holds more than one line, or a character that cannot be printed"),
    ("pl\u00e4nted".encode(), "the file holds a character that is not ASCII"),
    (b"x" * 2**17, "the file is larger than 64 KiB"),
]


@pytest.mark.parametrize(("content", "problem"), UNUSABLE)
async def test_what_the_check_refuses_is_not_sent(file: Path, content: bytes, problem: str) -> None:
    secret = Secret(file=file, key="token_file")
    await secret.read()
    file.write_bytes(content)

    assert await secret.read() == "planted-1"
    assert secret.watched is not None
    assert secret.watched.problem == problem
    for never_read in (Secret(file=file, key="token_file"), Secret(file=file, key="token_file")):
        with pytest.raises(UnauthorizedError, match=rf"token_file: {problem}"):
            await never_read.read()
        with pytest.raises(UnauthorizedError, match=rf"token_file: {problem}"):
            never_read.reveal()


@pytest.fixture
def hung(file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of a FIFO that has taken the place of the credential, with a deadline that tests can wait for."""
    monkeypatch.setattr(files, "READ_SECONDS", 0.05)
    fifo = file.with_name("fifo")
    os.mkfifo(fifo)
    return fifo


async def test_a_file_that_hangs_costs_one_deadline_and_is_used_when_it_comes(file: Path, hung: Path) -> None:
    secret = Secret(file=file, key="token_file")
    assert await secret.read() == "planted-1"
    file.unlink()
    hung.rename(file)
    threads = threading.active_count()

    for _ in range(5):
        assert await secret.read() == "planted-1"
    assert secret.watched is not None
    assert secret.watched.problem == "cannot be read within 0 s"
    assert threading.active_count() <= threads + 2, "a file that hangs is looked at, but not read again meanwhile"

    writer = os.open(file, os.O_WRONLY)
    os.write(writer, b"planted-2\n")
    os.close(writer)
    while secret.watched.value == "planted-1":  # noqa: ASYNC110 - a thread sets it
        await asyncio.sleep(0.001)
    assert secret.watched.value == "planted-2"
    assert secret.watched.problem is None


async def test_in_place_of_a_file_that_hangs_another_is_read(file: Path, hung: Path) -> None:
    secret = Secret(file=file, key="token_file")
    assert await secret.read() == "planted-1"
    file.unlink()
    hung.rename(file)
    assert await secret.read() == "planted-1"

    stuck = file.rename(hung)
    file.write_text("planted-2\n")
    async with asyncio.timeout(30):
        while await secret.read() == "planted-1":  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(0.001)
    assert secret.watched is not None
    assert secret.watched.problem is None

    writer = os.open(stuck, os.O_WRONLY)
    os.write(writer, b"planted-1\n")
    os.close(writer)
    while background.is_busy():  # noqa: ASYNC110 - a thread ends
        await asyncio.sleep(0.001)
    assert await secret.read() == "planted-2", "what was read too late is not used"


async def test_a_file_that_hangs_from_the_start_says_so(hung: Path) -> None:
    secret = Secret(file=hung, key="token_file")
    with pytest.raises(UnauthorizedError, match=r"^token_file: cannot be read within 0 s$"):
        await secret.read()
    with pytest.raises(UnauthorizedError, match=r"^token_file: cannot be read within 0 s$"):
        Secret(file=hung, key="token_file").reveal()
    os.close(os.open(hung, os.O_RDWR))


async def test_a_device_without_an_end_is_read_up_to_the_cap() -> None:
    with pytest.raises(UnauthorizedError, match="is larger than 64 KiB"):
        await Secret(file=Path("/dev/zero")).read()


async def test_a_file_that_becomes_unusable_is_logged_once_with_its_key_and_once_when_it_is_well_again(
    file: Path,
) -> None:
    secret = Secret(file=file, key="token_file")
    transport = ScriptedTransport({"/a": [answer({})]})
    with capture_logs() as logs:
        session = session_on(transport)
        for content in ("planted-1", "planted\nplanted", "planted\nplanted", "planted-2"):
            replace_file(file, content)
            session.requested_urls.clear()
            await session.get(f"{BASE}/a", auth=BearerAuth(secret))
    assert [one.authorization for one in transport.sent] == ["Bearer planted-1"] * 3 + ["Bearer planted-2"]
    assert [(log["event"], log["key"], log.get("last_value_in_use")) for log in logs] == [
        ("file.unusable", "token_file", True),
        ("file.usable_again", "token_file", None),
    ]


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


async def test_a_credential_that_a_signature_holds_as_a_copy_is_read_again_all_the_same(file: Path) -> None:
    secret = Secret(file=file, key="token_file")
    assert secret.reveal() == "planted-1"
    session = session_on(ScriptedTransport({"/a": [answer({})]}))
    session.client.secrets = (secret,)
    replace_file(file, "planted-2")
    await session.get(f"{BASE}/a", auth=BearerAuth(Secret("a copy")))

    assert secret.reveal() == "planted-2"

"""The log loses lines where they cannot be written, and nothing else: it neither raises nor waits."""

import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from exporter import log
from exporter.characters import UNSAFE
from exporter.log_sink import MAX_QUEUED_BYTES, LogSink

HOSTILE = "a\x00b\x1b[31mc\r\nd\x7fe\x9bf\u2028g\u2029h\u202ai\u202ej\u2066k\u2069l\ud83dm"


@pytest.fixture
def pipe() -> Iterator[tuple[int, LogSink]]:
    """Return the reading end of a pipe, and a sink at its other end."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        yield reading, LogSink(stream)
        os.close(reading)


def test_a_pipe_that_is_not_read_drops_lines_and_is_written_again_once_it_is(pipe: tuple[int, LogSink]) -> None:
    reading, sink = pipe
    for number in range(3000):
        sink.write(f"{number:1000}")
    assert 3000 - 2 * MAX_QUEUED_BYTES / 1001 < sink.dropped < 3000 - 0.9 * MAX_QUEUED_BYTES / 1001
    kept = 3000 - sink.dropped
    found = b""
    while found.count(b"\n") < kept:
        found += os.read(reading, 65536)
    numbers = [int(line) for line in found.splitlines()]
    assert len(numbers) == kept
    assert numbers == sorted(set(numbers)), "whole lines, in order"
    sink.write("again")
    assert os.read(reading, 100) == b"again\n"


def test_a_pipe_whose_reader_has_gone_costs_the_lines(pipe: tuple[int, LogSink]) -> None:
    reading, sink = pipe
    os.dup2(os.open(os.devnull, os.O_RDONLY), reading)
    for _ in range(10):
        sink.write("lost")
    sink.flush(10)
    assert sink.dropped == 10


def test_a_full_device_costs_the_lines() -> None:
    with Path("/dev/full").open("w") as stream:
        sink = LogSink(stream)
        for _ in range(10):
            sink.write("lost")
        sink.flush(10)
    assert sink.dropped == 10


def test_a_line_that_was_torn_does_not_spoil_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = [5, 0, 100, 100]
    write = os.write

    def until_full(descriptor: int, content: bytes) -> int:
        if not (left := room.pop(0)):
            raise OSError
        return write(descriptor, content[:left])

    path = tmp_path / "log"
    with path.open("w") as stream:
        sink = LogSink(stream)
        monkeypatch.setattr(os, "write", until_full)
        for line in ("0123456789", "next", "last"):
            sink.write(line)
        sink.flush(10)
        monkeypatch.undo()
    assert (path.read_text(), sink.dropped) == ("01234\nnext\nlast\n", 1)


def test_a_descriptor_that_does_not_block_is_waited_for(pipe: tuple[int, LogSink]) -> None:
    reading, sink = pipe
    assert sink._descriptor is not None
    os.set_blocking(sink._descriptor, False)
    sink.write("x" * 200_000)
    found = b""
    while len(found) <= 200_000:
        found += os.read(reading, 65536)
    assert sink.dropped == 0


def test_without_a_stream_everything_is_dropped() -> None:
    sink = LogSink(None)
    sink.write("lost")
    assert sink.dropped == 1


@pytest.fixture(params=["logfmt", "json", "console"])
def format_(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def lines(format_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Configure the log to write to a file, and return its path."""
    path = tmp_path / "stderr"
    with path.open("w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        log.configure("debug", format_)  # type: ignore[arg-type]
        yield path


COLOUR = re.compile(r"\x1b\[[0-9;]*m")
"""What the console renderer itself writes."""


def raw(path: Path, format_: str) -> str:
    """Return what stands in a log but for line ends and the console's own colours."""
    log.flush(10)
    text = path.read_bytes().decode()
    return COLOUR.sub("", text) if format_ == "console" else text


@pytest.mark.parametrize("value", [HOSTILE, [HOSTILE], {HOSTILE: HOSTILE}, Path(HOSTILE), ValueError(HOSTILE)])
def test_no_control_character_of_a_value_stands_raw(lines: Path, format_: str, value: object) -> None:
    structlog.get_logger().warning("event", value=value, other=HOSTILE)
    written = raw(lines, format_).removesuffix("\n")
    assert not UNSAFE.search(written.replace("\x1b[31m", "") if format_ == "console" else written)
    assert "\x1b[31mc" not in lines.read_text(), "the value's own colour"


def test_no_control_character_of_an_exception_stands_raw(lines: Path, format_: str) -> None:
    try:
        int(HOSTILE.replace("\n", ""))
    except ValueError:
        structlog.get_logger().exception("bug")
    written = raw(lines, format_)
    assert "Traceback" in written
    assert not UNSAFE.search(written.replace("\n", ""))


def test_a_value_can_be_read_back_from_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "stderr"
    with path.open("w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        log.configure("info", "json")
        structlog.get_logger().info("event", value=HOSTILE)
        log.flush(10)
    assert json.loads(path.read_text())["value"] == HOSTILE


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        ('a"b', r'"a\"b"'),
        ("a=b", '"a=b"'),
        (r"C:\x", r"C:\x"),
        ("C:\\x y", r'"C:\\x y"'),
        ("\x1b", r'"\u001b"'),
        ("a\nb", r'"a\nb"'),
        (None, ""),
        (True, "true"),
        (0.5, "0.5"),
    ],
)
def test_logfmt_quotes_as_its_parsers_read(value: object, written: str) -> None:
    assert log.render_logfmt(None, "", {"value": value, "event": "e", "level": "info"}) == (
        f"level=info event=e value={written}"
    )


@pytest.mark.parametrize("format_", ["logfmt"], indirect=True)
def test_what_a_library_repeats_is_logged_once_a_minute(
    lines: Path, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = logging.getLogger("asyncio")
    for _ in range(5):
        library.error("socket.accept() out of system resource")
    library.error("another %s", "text")
    monkeypatch.setattr(log, "QUIET", 0.0)
    library.error("socket.accept() out of system resource")
    events = [line.split(" ", 1)[1] for line in raw(lines, format_).splitlines()]
    assert events == [
        'level=error event=library logger=asyncio message="socket.accept() out of system resource"',
        'level=error event=library logger=asyncio message="another text"',
        'level=error event=library logger=asyncio message="socket.accept() out of system resource"',
    ]


@pytest.mark.parametrize("level", log.LEVELS)
def test_every_level_of_the_command_line_is_one(level: str) -> None:
    log.configure(level, "json")

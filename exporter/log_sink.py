"""Writes log lines without blocking the work that they report.

A line is put into a bounded queue, and a thread of its own writes it. A pipe that is full or a hung file system holds
up that thread only; a line for which there is no room, or that cannot be written, is dropped and counted.
"""

import os
import select
from collections import deque
from contextlib import suppress
from threading import Condition, Thread
from typing import TextIO

MAX_QUEUED_BYTES = 2**20


class LogSink:
    """One stream for log lines."""

    def __init__(self, stream: TextIO | None) -> None:
        """Write to the descriptor of `stream`, or to the stream itself where it has none; None drops everything."""
        self.dropped = 0
        """Lines that were lost."""
        self._stream = stream
        self._descriptor = _descriptor(stream)
        self._lines: deque[bytes] = deque()
        self._queued = 0
        self._changed = Condition()
        self._thread: Thread | None = None
        self._torn = False

    def write(self, line: str) -> None:
        """Take one line, without waiting for its way to the stream."""
        text = f"{line}\n"
        if self._descriptor is None:
            self._write_to_stream(text)
            return
        content = text.encode("utf-8", "backslashreplace")
        with self._changed:
            if self._queued + len(content) > MAX_QUEUED_BYTES:
                self.dropped += 1
                return
            self._lines.append(content)
            self._queued += len(content)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = Thread(target=self._run, name="log", daemon=True)
                self._thread.start()

    def flush(self, seconds: float) -> None:
        """Wait until everything is written, for so many seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: not self._queued, seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._lines))
                content = self._lines.popleft()
            written = self._write_whole(content)
            with self._changed:
                self.dropped += not written
                self._queued -= len(content)
                self._changed.notify_all()

    def _write_whole(self, content: bytes) -> bool:
        """Write a line; after one of which only a part could be written the next one begins on a line of its own."""
        assert self._descriptor is not None  # noqa: S101 - there is no thread without one
        rest = b"\n" + content if self._torn else content
        whole = len(rest)
        try:
            while rest:
                try:
                    rest = rest[os.write(self._descriptor, rest) :]
                except BlockingIOError:  # somebody has set the descriptor to non-blocking
                    _wait_until_writable(self._descriptor)
        except OSError:
            self._torn = self._torn or len(rest) < whole
            return False
        self._torn = False
        return True

    def _write_to_stream(self, text: str) -> None:
        try:
            if self._stream is None:
                raise OSError  # noqa: TRY301 - counted below
            self._stream.write(text)
        except (OSError, ValueError):
            self.dropped += 1


def _descriptor(stream: TextIO | None) -> int | None:
    with suppress(OSError, ValueError, AttributeError):
        return None if stream is None else stream.fileno()
    return None


def _wait_until_writable(descriptor: int) -> None:
    ready = select.poll()
    ready.register(descriptor, select.POLLOUT)
    ready.poll()

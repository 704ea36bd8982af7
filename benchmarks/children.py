"""Starts the processes that a benchmark needs, and ends each by its own handle."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


class Child:
    """A Python process that writes one JSON value a line to its standard output, the first when it is ready."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take a process that was just started."""
        self.process = process

    def read_line(self) -> Any:
        """Wait for the next value."""
        line = self.process.stdout.readline() if self.process.stdout is not None else ""
        if not line:
            raise RuntimeError(f"a benchmark's process ended with {self.process.wait()}")
        return json.loads(line)

    @property
    def peak(self) -> int:
        """The most bytes of memory that it ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


@contextmanager
def running(*arguments: str) -> Iterator[Child]:
    """Run `python ARGUMENTS` for the length of the block."""
    process = subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        yield Child(process)
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

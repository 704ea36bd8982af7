"""Runs the exporter as a program, and looks at it from outside."""

import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.paths import ROOT
from tests.samples import write_source

PROGRAM = [sys.executable, "-m", "exporter"]
DOWN = f"sources: [{write_source('one')}]\n"
FAST = f"state_file: none\npoll_interval: 200ms\n{DOWN}"


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@contextmanager
def serving(
    config: Path, *flags: str, stderr: int | IO[Any] = subprocess.DEVNULL, limit: int | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the exporter on a free port and yield it once it answers; `limit` is that of open files."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [*PROGRAM, "--config.file", str(config), "--web.listen-address", url.removeprefix("http://"), *flags]

    def prepare() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=stderr, text=True, preexec_fn=prepare,  # noqa: PLW1509 - it only sets a limit

        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        try:
            until(lambda: process.poll() is not None or status(f"{url}/-/healthy") is not None)
            yield process, url
        finally:
            process.kill()


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.02)


def get(url: str, timeout: float = 10.0, **headers: str) -> tuple[int, str]:
    return _exchange(urllib.request.Request(url, headers=headers), timeout)


def post(url: str, **headers: str) -> tuple[int, str]:
    """Send a POST; an underscore in the name of a header stands for its hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _exchange(urllib.request.Request(url, headers=named, method="POST"), 10.0)


def _exchange(request: urllib.request.Request, timeout: float) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def status(url: str, **headers: str) -> int | None:
    try:
        return get(url, 10.0, **headers)[0]
    except OSError:
        return None


def value(url: str, name: str) -> float:
    found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", get(f"{url}/metrics")[1], re.MULTILINE)
    assert found, name
    return float(found[1])


def assert_ends(process: subprocess.Popen[str], seconds: float = 10.0) -> None:
    """Hold the process to ending soon after SIGTERM: within 2 s, and some more on a machine that is busy with tests."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert time.monotonic() - began < seconds


def run(config: Path, *flags: str, command: str = "serve") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, command, "--config.file", str(config), *flags], capture_output=True, text=True, timeout=60,
        check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

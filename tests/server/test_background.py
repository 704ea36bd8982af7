"""What may block is done in threads that the end does not wait for."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest

from exporter import background

pytestmark = pytest.mark.integration


async def test_a_result_and_an_exception_come_back() -> None:
    assert await background.run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await background.run(lambda: 1 / 0)


async def test_the_loop_turns_meanwhile() -> None:
    go_on = threading.Event()
    waiting = background.start(lambda: go_on.wait(10))
    await asyncio.sleep(0)
    go_on.set()
    assert await waiting


def test_a_deadline_abandons_the_thread() -> None:
    never = threading.Event()
    with pytest.raises(TimeoutError):
        background.run_within(0.05, never.wait)
    never.set()
    assert background.run_within(10, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        background.run_within(10, lambda: 1 / 0)


def test_a_process_ends_although_a_thread_hangs() -> None:
    reading, writing = os.pipe()
    script = (
        "import asyncio, os; from exporter import background\n"
        f"async def main(): background.start(lambda: os.read({reading}, 1)); await asyncio.sleep(0.1)\n"
        "asyncio.run(main())"
    )
    done = subprocess.run([sys.executable, "-c", script], pass_fds=(reading,), timeout=30, check=False)
    os.close(reading)
    os.close(writing)
    assert done.returncode == 0

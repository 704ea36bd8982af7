"""Starts other programs, waits until they answer, and ends them whatever happens."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import aiohttp

START_SECONDS = 60.0
"""The two servers start within a second on an idle machine; none that is tested on is idle."""
GRACE_SECONDS = 10.0
AGAIN_SECONDS = 0.1
SAID_AT_LAST = 300
"""So many of the last characters that a program said are shown when it ends too early."""


class StackError(Exception):
    """The stack cannot stand; says why in one line."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that was started, and where it writes what it says."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    async def wait_for_end(self) -> StackError:
        """Wait until the program has ended by itself; return that as the error it is."""
        code = await self.process.wait()
        said = self.log.read_text(errors="replace")[-SAID_AT_LAST:].strip().replace("\n", " | ")
        return StackError(f"{self.name} ended with {code}: {said}")


@asynccontextmanager
async def running(name: str, *command: str | Path, folder: Path) -> AsyncIterator[Program]:
    """Run a program for as long as the block lasts; what it says goes to a file in the folder."""
    log = folder / f"{name}.log"
    with _open(log) as said:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            yield Program(name, process, log)
        finally:
            await _end(process)


async def wait_for_answer(program: Program, url: str) -> None:
    """Wait until the program says yes at this address; StackError if it ends or takes too long."""
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while asyncio.get_running_loop().time() < deadline:
            if program.process.returncode is not None:
                raise await program.wait_for_end()
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(url) as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(AGAIN_SECONDS)
    raise StackError(f"{program.name} does not answer at {url} within {START_SECONDS:g} seconds")


def find_program(command: str, package: str) -> str:
    """Return where a program stands; StackError with the Debian package that brings it."""
    path = shutil.which(command)
    if path is None:
        raise StackError(f"{command} is missing: install the Debian package {package}")
    return path


def free_port() -> int:
    """Return a port of loopback that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _open(path: Path) -> IO[bytes]:
    return path.open("wb")

"""Runs the demo, and Prometheus and Alertmanager with our rules and routes."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from stack.files import Timing, write_alertmanager, write_prometheus
from stack.programs import Program, find_program, free_port, running, wait_for_answer

PROGRAMS = {"prometheus": "prometheus", "prometheus-alertmanager": "prometheus-alertmanager"}
"""Each command with the Debian package that brings it."""


@dataclass(frozen=True, slots=True)
class Server:
    """A program that listens, and where."""

    program: Program
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two servers that everything is shown by."""

    prometheus: Server
    alertmanager: Server


def programs() -> list[str]:
    """Return where Prometheus and Alertmanager stand; StackError if they are not installed."""
    return [find_program(command, package) for command, package in PROGRAMS.items()]


@asynccontextmanager
async def demo(folder: Path, *, speed: float) -> AsyncIterator[Server]:
    """Run the exporter on its simulated vendors."""
    address = _address()
    flags = (f"--speed={speed:g}", f"--web.listen-address={address}", "--log.format=logfmt")
    async with running("demo", sys.executable, "-m", "exporter", "demo", *flags, folder=folder) as program:
        await wait_for_answer(program, f"http://{address}/-/healthy")
        yield Server(program, f"http://{address}")


@asynccontextmanager
async def servers(folder: Path, *, exporter: str, webhook: str, timing: Timing) -> AsyncIterator[Pair]:
    """Run Alertmanager with the webhook as its receiver, and Prometheus, which scrapes the exporter."""
    prometheus, alertmanager = programs()
    async with AsyncExitStack() as both:
        address = _address()
        routes = write_alertmanager(folder, webhook=webhook, timing=timing)
        flags = (
            f"--config.file={routes}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={address}",
            f"--web.external-url=http://{address}/",
            "--cluster.listen-address=",  # alone: it has no peers to wait for
        )
        program = await both.enter_async_context(running("alertmanager", alertmanager, *flags, folder=folder))
        alerting = Server(program, f"http://{address}")
        await wait_for_answer(program, f"{alerting.url}/-/ready")
        scraping = await both.enter_async_context(_prometheus(prometheus, folder, exporter, alerting.url, timing))
        yield Pair(prometheus=scraping, alertmanager=alerting)


@asynccontextmanager
async def _prometheus(
    command: str, folder: Path, exporter: str, alertmanager: str, timing: Timing
) -> AsyncIterator[Server]:
    address = _address()
    written = write_prometheus(folder, exporter=exporter, alertmanager=alertmanager, timing=timing)
    flags = (
        f"--config.file={written}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={address}",
        f"--web.external-url=http://{address}/",
    )
    async with running("prometheus", command, *flags, folder=folder) as program:
        await wait_for_answer(program, f"http://{address}/-/ready")
        yield Server(program, f"http://{address}")


def _address() -> str:
    return f"127.0.0.1:{free_port()}"

"""A process that polls, and asks a bare loop for the same: `python -m benchmarks.asking PORT TURNS RESOURCES`.

It writes the seconds that each took in turns: a poll that finds every listing as it was, one that finds a newer backup
in each, the bare loop; and of each the seconds of processor time.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import msgspec

from benchmarks.client import body
from benchmarks.configured import choose_vendor, configuration
from benchmarks.output import write_line
from exporter.app import App, SourceTasks
from exporter.config.loader import parse
from exporter.log import configure
from exporter.polling.result import CONCURRENCY


async def bare(session: aiohttp.ClientSession, urls: list[str]) -> None:
    """Ask for the same addresses as many at once as a poll does, and decode the bodies."""
    queue = iter(urls)

    async def work() -> None:
        for url in queue:
            async with session.get(url) as response:
                msgspec.json.decode(await response.read())

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(work())


async def time_call(work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Return the seconds that it takes, and those that the processor worked for it."""
    began, worked = time.perf_counter(), time.process_time()
    await work()
    return time.perf_counter() - began, time.process_time() - worked


async def measure(port: int, turns: int, resources: int) -> None:
    """Measure, after one turn of warming up, and write the result."""
    configure("error", "logfmt")
    app, vendor = App(time.time), choose_vendor("polls")
    settings = parse(configuration(vendor.name, port), {}, Path()).settings
    (watch,) = await app.apply(settings)
    paths = (vendor.benchmark.listing.format(key=f"{number:08x}") for number in range(resources))
    urls = [f"http://127.0.0.1:{port}{path}" for path in paths]
    measured: dict[str, list[tuple[float, float]]] = {
        "first": [await time_call(watch.poller.poll)],
        "same": [],
        "newer": [],
        "bare": [],
    }
    async with aiohttp.ClientSession() as session:
        for turn in range(turns + 1):
            seen = await _turn(watch, session, urls, port)
            for name, one in seen.items() if turn else ():
                measured[name].append(one)
    await app.stop()
    await watch.stop()
    write_line(measured)


async def _turn(
    watch: SourceTasks, session: aiohttp.ClientSession, urls: list[str], port: int
) -> dict[str, tuple[float, float]]:
    same = await time_call(watch.poller.poll)
    reference = await time_call(lambda: bare(session, urls))
    body(port, "/-/newer")
    return {"same": same, "bare": reference, "newer": await time_call(watch.poller.poll)}


if __name__ == "__main__":
    asyncio.run(measure(*map(int, sys.argv[1:4])))

"""How long a poll takes, and what it costs the vendors' budgets."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.children import running
from benchmarks.client import body
from benchmarks.configured import choose_vendor, configuration
from benchmarks.figures import Figure
from benchmarks.size import Size
from exporter.app import App
from exporter.config.loader import parse
from exporter.log import configure
from tests.vendors import find_profiles

BACKUPS = 100
LISTED = 197
POLLS = 3


def poll(size: Size) -> Iterator[Figure]:
    """Compare with a bare loop that asks for the same bodies, and decodes them."""
    with running("-m", "benchmarks.vendor", choose_vendor("polls").name, str(size.polled), str(BACKUPS)) as vendor:
        port = vendor.read_line()["port"]
        with running("-m", "benchmarks.asking", str(port), str(size.few), str(size.polled)) as asking:
            measured = asking.read_line()
    what = f"{size.polled} resources with {BACKUPS} backups each"
    measured["hour"] = [
        [(11 * same[at] + newer[at]) / 12 for at in range(2)]
        for same, newer in zip(measured["same"], measured["newer"], strict=True)
    ]
    for key, found, goal, remark in (
        ("same", f"{what}, unchanged", 1.5, ""),
        ("hour", f"{what}, average over an hour with one new backup in each", 1.5, ""),
        ("newer", f"{what}, a new backup in each", 1.5, "one of the twelve polls of that hour"),
    ):
        for index, kind in enumerate(("wall clock", "processor")):
            yield Figure(
                benchmark="poll",
                what=f"{found}; {kind}",
                reference="aiohttp GET, msgspec decode",
                unit="s",
                ours=[one[index] for one in measured[key]],
                theirs=[one[index] for one in measured["bare"]],
                goal=goal,
                remark=remark,
            )


def cost(size: Size) -> Iterator[Figure]:
    """Count a poll's requests at each vendor, where each listing has a newer backup every time."""
    del size
    configure("error", "logfmt")
    for name, profile in find_profiles().items():
        resources, allowed = profile.benchmark.resources, profile.benchmark.requests
        with running("-m", "benchmarks.vendor", name, str(resources), str(LISTED)) as vendor:
            port = vendor.read_line()["port"]
            whole, steady = asyncio.run(_count_requests(name, port))
        yield Figure(
            benchmark="API cost",
            what=f"{name}, {LISTED} to {LISTED + POLLS} backups a resource",
            reference="paging through the whole listing",
            unit="requests a resource",
            ours=[count / resources for count in steady],
            theirs=[whole / resources] * len(steady),
            goal=allowed * resources / whole,
            remark=f"{allowed} allowed",
        )


async def _count_requests(name: str, port: int) -> tuple[int, list[int]]:
    """Return the requests for listings in a first poll, which reads them whole, and in each of some later ones."""
    app = App(time.time)
    (watch,) = await app.apply(parse(configuration(name, port), {}, Path()).settings)
    counts = []
    for _ in range(1 + POLLS):
        await asyncio.to_thread(body, port, "/-/count")
        await watch.poller.poll()
        counts.append(json.loads(await asyncio.to_thread(body, port, "/-/count")).get("listing", 0))
        await asyncio.to_thread(body, port, "/-/newer")
    await app.stop()
    return counts[0], counts[1:]

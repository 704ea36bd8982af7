"""How much memory watching takes, how it grows, and how soon the exporter is there."""

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.children import running
from benchmarks.client import seconds_until_healthy
from benchmarks.figures import Figure, in_turns
from benchmarks.size import Size
from benchmarks.watched import VENDOR, Cost, cost, exporter

BASE = 100
KIB = 1024
EACH = 24.0 * KIB


def memory(size: Size) -> Iterator[Figure]:
    """Compare the most memory ever held with that at a hundred resources."""
    base, whole = cost(BASE), cost(size.resources)
    yield Figure(
        benchmark="memory",
        what=f"each of {size.resources} resources beyond the base, with 100 backups each and scrapes",
        reference="24 KiB",
        unit="KiB",
        ours=[(whole.peak - base.peak) / (size.resources - BASE) / KIB],
        theirs=[EACH / KIB],
        goal=1,
        remark=f"base {base.peak / KIB**2:.0f} MiB, peak {whole.peak / KIB**2:.0f} MiB",
    )


def start(size: Size) -> Iterator[Figure]:
    """Compare with a process that imports aiohttp and does nothing else."""
    with running("-m", "benchmarks.vendor", VENDOR, "1", "1") as vendor:
        port = vendor.read_line()["port"]

        def ours() -> float:
            began = time.perf_counter()
            with exporter(VENDOR, port) as (_, own):
                return seconds_until_healthy(own, began)

        def theirs() -> float:
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", "import aiohttp"], check=True)
            return time.perf_counter() - began

        taken = in_turns(size.many, ours, theirs)
    yield Figure(
        benchmark="start",
        what="process start to /-/healthy",
        reference="import aiohttp",
        unit="s",
        ours=taken[0],
        theirs=taken[1],
        goal=2.5,
    )


def growth(size: Size) -> Iterator[Figure]:
    """Compare each resource's part with that of a smaller number of resources."""
    base = cost(BASE)
    costs = [cost(count) for count in size.growth]
    for found in costs[1:]:
        yield _compare_sizes("scrape", "ms", costs[0].scrape * 1000, found.scrape * 1000, costs[0], found)
        yield _compare_sizes("poll", "ms", costs[0].poll * 1000, found.poll * 1000, costs[0], found)
        held = [(one.peak - base.peak) / KIB for one in (costs[0], found)]
        yield _compare_sizes("memory", "KiB", held[0], held[1], costs[0], found)


def _compare_sizes(what: str, unit: str, before: float, now: float, small: Cost, large: Cost) -> Figure:
    return Figure(
        benchmark="growth",
        what=f"{what} for each of {large.resources} resources",
        reference=f"each of {small.resources}",
        unit=unit,
        ours=[now / large.resources],
        theirs=[before / small.resources],
        goal=1.2,
    )

"""How long a scrape takes, and whether anything else waits meanwhile."""

import time
from collections.abc import Iterator
from statistics import median
from threading import Event, Thread

from benchmarks.children import running
from benchmarks.client import fetched
from benchmarks.figures import Figure, in_turns, percentile
from benchmarks.size import Size

OPENMETRICS = "application/openmetrics-text"
READY_MADE = "aiohttp, ready-made"
POLLS = 500
LONGEST_STALL = 0.05


def scrape(size: Size) -> Iterator[Figure]:
    """Compare with the official client, and with the same bytes ready-made, compressed by aiohttp where we do."""
    with running("-m", "benchmarks.serving", str(size.resources)) as child:
        told = child.told()
        port = told["port"]
        what = f"{size.resources} resources, {told['samples']} samples"

        def get(path: str, **headers: str) -> float:
            return fetched(port, path, **headers)[0]

        official, text, openmetrics, ready = in_turns(
            size.few,
            lambda: get("/prometheus_client"),
            lambda: get("/metrics"),
            lambda: get("/metrics", Accept=OPENMETRICS),
            lambda: get("/ready-made"),
        )
        packed, packed_openmetrics, packed_ready = in_turns(
            size.few,
            lambda: get("/metrics", Accept_Encoding="gzip"),
            lambda: get("/metrics", Accept_Encoding="gzip", Accept=OPENMETRICS),
            lambda: get("/ready-made", Accept_Encoding="gzip"),
        )
    yield _row(f"text, {what}", "prometheus_client", text, official, 25, inverted=True)
    yield _row(f"OpenMetrics, {what}", "prometheus_client", openmetrics, official, 25, inverted=True)
    yield _row("text", READY_MADE, text, ready, 3)
    yield _row("OpenMetrics", READY_MADE, openmetrics, ready, 3)
    yield _row("text, gzip", f"{READY_MADE}, gzip", packed, packed_ready, 3)
    yield _row("OpenMetrics, gzip", f"{READY_MADE}, gzip", packed_openmetrics, packed_ready, 3)


def under_polling(size: Size) -> Iterator[Figure]:
    """Look at `/-/healthy` while polls arrive and scrapes are answered; idle first."""
    with running("-m", "benchmarks.serving", str(size.resources), str(POLLS)) as child:
        port = child.told()["port"]
        idle, stalls = list[float](), list[float]()
        for _ in range(size.few):
            idle.append(percentile(_healthy(port, size.seconds), 0.99))
            fetched(port, "/polls")
            stop = Event()
            thread = Thread(target=_scrape_until, args=(port, stop))
            thread.start()
            stalls.append(percentile(_healthy(port, size.seconds), 0.99))
            stop.set()
            thread.join()
            fetched(port, "/rest")
    yield Figure(
        benchmark="scrape under polling",
        what=f"/-/healthy at p99 with {POLLS} polls a second and scrapes of {size.resources} resources",
        reference=f"{LONGEST_STALL * 1000:.0f} ms",
        unit="s",
        ours=stalls,
        theirs=[LONGEST_STALL] * size.few,
        goal=1,
        remark=f"idle {median(idle) * 1000:.1f} ms",
    )


def _row(
    what: str, reference: str, ours: list[float], theirs: list[float], goal: float, *, inverted: bool = False
) -> Figure:
    return Figure(
        benchmark="scrape",
        what=what,
        reference=reference,
        unit="s",
        ours=ours,
        theirs=theirs,
        goal=goal,
        inverted=inverted,
    )


def _healthy(port: int, seconds: float) -> list[float]:
    found, until = list[float](), time.perf_counter() + seconds
    while time.perf_counter() < until:
        found.append(fetched(port, "/-/healthy")[0])
        time.sleep(0.005)
    return found


def _scrape_until(port: int, stop: Event) -> None:
    while not stop.wait(0.5):
        fetched(port, "/metrics", Accept_Encoding="gzip")

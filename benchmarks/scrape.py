"""How long a scrape takes, and whether anything else waits meanwhile."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread

from benchmarks.children import running
from benchmarks.client import body, fetch
from benchmarks.figures import Figure, in_turns, percentile
from benchmarks.scrape_references import GO_PATHS, serve_elsewhere
from benchmarks.size import Size

OPENMETRICS = "application/openmetrics-text"
READY_MADE = "aiohttp, ready-made"
POLLS = 500
LONGEST_STALL = 0.05


def scrape(size: Size) -> Iterator[Figure]:
    """Compare with the official clients, and with the same bytes ready-made, compressed by aiohttp where we do."""
    with ExitStack() as stack:
        child = stack.enter_context(running("-m", "benchmarks.serving", str(size.resources)))
        measured = child.read_line()
        port = measured["port"]
        what = f"{size.resources} resources, {measured['samples']} samples"
        folder = Path(stack.enter_context(TemporaryDirectory()))
        others = stack.enter_context(serve_elsewhere(folder, body(port, "/ready-made")))

        def get(path: str, **headers: str) -> float:
            return fetch(port, path, **headers)[0]

        official, text, openmetrics, ready, *elsewhere = in_turns(
            size.few,
            lambda: get("/prometheus_client"),
            lambda: get("/metrics"),
            lambda: get("/metrics", Accept=OPENMETRICS),
            lambda: get("/ready-made"),
            *others.values(),
        )
        packed, packed_openmetrics, packed_ready = in_turns(
            size.few,
            lambda: get("/metrics", Accept_Encoding="gzip"),
            lambda: get("/metrics", Accept_Encoding="gzip", Accept=OPENMETRICS),
            lambda: get("/ready-made", Accept_Encoding="gzip"),
        )
    yield _row(f"text, {what}", "prometheus_client", text, official, 25, inverted=True)
    yield _row(f"OpenMetrics, {what}", "prometheus_client", openmetrics, official, 25, inverted=True)
    for name, theirs in zip(others, elsewhere, strict=True):
        yield _row("text", name, text, theirs, None, inverted=name in GO_PATHS)
    yield _row("text", READY_MADE, text, ready, 3)
    yield _row("OpenMetrics", READY_MADE, openmetrics, ready, 3)
    yield _row("text, gzip", f"{READY_MADE}, gzip", packed, packed_ready, 3)
    yield _row("OpenMetrics, gzip", f"{READY_MADE}, gzip", packed_openmetrics, packed_ready, 3)


def under_polling(size: Size) -> Iterator[Figure]:
    """Look at `/-/healthy` and at scrapes, first while nothing else happens, then while polls arrive."""
    with running("-m", "benchmarks.serving", str(size.resources), str(POLLS)) as child:
        port = child.read_line()["port"]
        idle, stalls, alone, scrapes = list[float](), list[float](), list[float](), list[float]()
        for _ in range(size.few):
            idle.append(percentile(_healthy(port, size.seconds), 0.99))
            alone.append(fetch(port, "/metrics", Accept_Encoding="gzip")[0])
            fetch(port, "/polls")
            with _scrape_both(port) as found:
                stalls.append(percentile(_healthy(port, size.seconds), 0.99))
            scrapes.append(median(found))
            fetch(port, "/rest")
    what = f"{POLLS} polls a second and scrapes of {size.resources} resources"
    yield Figure(
        benchmark="scrape under polling",
        what=f"/-/healthy at p99 with {what}",
        reference=f"{LONGEST_STALL * 1000:.0f} ms",
        unit="s",
        ours=stalls,
        theirs=[LONGEST_STALL] * size.few,
        goal=1,
        remark=f"idle {median(idle) * 1000:.1f} ms",
    )
    yield Figure(
        benchmark="scrape under polling",
        what=f"text, gzip, with {what}",
        reference="the same at rest",
        unit="s",
        ours=scrapes,
        theirs=alone,
    )


@contextmanager
def _scrape_both(port: int) -> Iterator[list[float]]:
    """Scrape twice a second for the length of the block, at least once; give how long each took."""
    stop, found = Event(), list[float]()

    def scrape() -> None:
        while not found or not stop.wait(0.5):
            found.append(fetch(port, "/metrics", Accept_Encoding="gzip")[0])

    thread = Thread(target=scrape)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def _row(
    what: str, reference: str, ours: list[float], theirs: list[float], goal: float | None, *, inverted: bool = False
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
        found.append(fetch(port, "/-/healthy")[0])
        time.sleep(0.005)
    return found

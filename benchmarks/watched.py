"""The whole exporter, started as a user would, watching a simulated vendor with so many resources."""

import gzip
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.children import Child, running
from benchmarks.client import body, fetch, free_port, seconds_until_healthy
from benchmarks.configured import choose_vendor, configuration

VENDOR = choose_vendor("polls").name
POLLS = 4
SCRAPES = 5
REST = 0.0012
"""Seconds of the poll interval for each resource: some four times what a poll takes, so that scrapes find rest."""
SECONDS_EACH = 0.05
"""So long a resource may take in the first poll, before the benchmark gives up."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What watching so many resources took."""

    resources: int
    peak: float
    """Bytes of memory, with scrapes meanwhile."""
    poll: float
    """Seconds of a poll that finds every listing as it was: the quickest of some, for a scrape may meet the others."""
    scrape: float
    """Seconds of a scrape, compressed, just after a poll has ended."""


@contextmanager
def exporter(vendor: str, port: int, **top: object) -> Iterator[tuple[Child, int]]:
    """Run `backup-exporter serve` on a vendor; give the process and the port it listens on."""
    with tempfile.TemporaryDirectory() as folder:
        file, own = Path(folder) / "config.yaml", free_port()
        file.write_text(configuration(vendor, port, **top))
        flags = (f"--config.file={file}", f"--web.listen-address=127.0.0.1:{own}", "--log.level=error")
        with running("-m", "exporter", "serve", *flags) as child:
            yield child, own


def cost(resources: int, backups: int = 100) -> Cost:
    """Watch so many resources through some polls, and scrape between them, at times into one."""
    interval = max(2, round(REST * resources))
    with ExitStack() as stack:
        vendor = stack.enter_context(running("-m", "benchmarks.vendor", VENDOR, str(resources), str(backups)))
        port = vendor.read_line()["port"]
        child, own = stack.enter_context(exporter(VENDOR, port, poll_interval=f"{interval}s"))
        seconds_until_healthy(own, time.perf_counter())
        polls, deadline = list[float](), time.perf_counter() + 60 + POLLS * interval + SECONDS_EACH * resources
        while len(polls) < POLLS and time.perf_counter() < deadline:
            time.sleep(interval / 3)
            done, took = _wait_until_polled(own)
            if done > len(polls):
                polls.append(took)
        if len(polls) < POLLS:
            raise RuntimeError(f"{POLLS} polls of {resources} resources took too long")
        scrapes = [fetch(own, "/metrics", Accept_Encoding="gzip")[0] for _ in range(SCRAPES)]
        return Cost(resources, child.peak, min(polls[1:]), median(scrapes))


def _wait_until_polled(port: int) -> tuple[int, float]:
    """Scrape; return how many polls have ended, and how long the last one took."""
    text = gzip.decompress(body(port, "/metrics", Accept_Encoding="gzip"))
    done = re.search(rb"^backup_polls_total\S* (\d+)$", text, re.MULTILINE)
    took = re.search(rb"^backup_poll_duration_seconds\S* (\S+)$", text, re.MULTILINE)
    return (int(done[1]), float(took[1])) if done and took else (0, 0.0)

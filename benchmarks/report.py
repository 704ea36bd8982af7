"""Shows figures: as a table, as JSON, and as the page that the repository keeps."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from benchmarks.figures import Figure

HEAD = ("what", "ours", "reference", "its own", "ratio", "spread", "to reach", "reached")
INTRODUCTION = """# Performance

`python -m benchmarks` measures the exporter against references in the same run and prints this table; `--quick` looks
whether it runs, `--only NAME` measures a part, `--json` prints every turn, `--page` writes this page. Every figure is
the median of several turns in which the exporter and its reference alternate, so that whatever else the machine does
strikes both. Everything runs on loopback, the simulated vendor in a process of its own.

- **scrape**: every resource family there is, 56 samples a resource. The lines are written when a poll changes them; a
  scrape joins them slice by slice and sends each slice on, so that the whole never stands in memory. Compressed scrapes
  that come together share one compression, in a thread, at level 1; aiohttp compresses its bytes as it likes.
- **scrape under polling**: 500 answers a second arrive at an even pace, in-process, each with other newest backups.
- **verdict**: processor time that taking due verdicts anew, and writing their metrics, costs of a scrape. Where 7 are
  due, it is a scrape a minute of 10,000 resources that are each due once a day.
- **poll**: a listing whose answers are, byte for byte, those of the last poll is recognized by hashes before it is
  decoded. Of one that differs, only the records that the last one had not are decoded and mapped, and only the lines
  that tell something else are written. The goal is held against all three rows; the middle one is worked out from the
  other two, turn by turn.
- **declared**: a vendor declared in YAML against the same vendor built in: `tests/declared/twins/`, held equal value by
  value by the tests. Both read the same answers in turns. A first poll includes discovery and the schedules.
- **API cost**: requests for listings, counted at the vendor, a newer backup at each poll.
- **memory**: what `serve` ever held at most. Of a settled backup 34 bytes and its id are kept.
- **rules**: how long, by a real Prometheus' own clock, an evaluation of all groups took. The reference is the rules as
  they were before the exporter decided. 100 resources are in trouble, then all of them.
- **growth**: one measurement at each size, so it is coarser than the rest. Of three polls the quickest counts, for a
  scrape may meet the others; scrapes are timed just after a poll has ended.

What is not reached, and why: a **poll that finds a newer backup in each** resource. To see which of a hundred records
are new, the listing is split into them and each is hashed; then the columns, the summary and the lines of about eight
families are made anew. That is Python's work, while the bare loop decodes in one call into C. In the table before this
one, when every record was mapped again, it was 9.4 times the bare loop.
"""
WORDS = {None: "", True: "yes", False: "no"}


def row(figure: Figure) -> tuple[str, ...]:
    """Return the cells of one figure."""
    sign = "at least" if figure.inverted else "at most"
    goal = "" if figure.goal is None else f"{sign} {figure.goal:.3g}"
    remark = f" ({figure.remark})" if figure.remark else ""
    return (
        f"{figure.benchmark}: {figure.what}{remark}",
        f"{median(figure.ours):.3g} {figure.unit}",
        figure.reference,
        f"{median(figure.theirs):.3g} {figure.unit}",
        f"{figure.ratio:.3g}" + (" times faster" if figure.inverted else ""),
        f"{min(figure.ratios):.3g} to {max(figure.ratios):.3g}",
        goal,
        WORDS[figure.reached],
    )


def table(figures: Iterable[Figure]) -> str:
    """Return a table in Markdown, which can be read as it stands."""
    rows = [HEAD, *(row(figure) for figure in figures)]
    widths = [max(len(cells[at]) for cells in rows) for at in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |" for cells in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def page(figures: Iterable[Figure]) -> str:
    """Return the page that the repository keeps."""
    return f"{INTRODUCTION}\nMeasured on {machine()}.\n\n{table(figures)}"


def as_json(figures: Sequence[Figure]) -> dict[str, Any]:
    """Return everything that was measured."""
    found = [{**asdict(figure), "ratio": figure.ratio, "reached": figure.reached} for figure in figures]
    return {"machine": machine(), "figures": found}


def machine() -> str:
    """Say what it was measured on, without a name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB of memory, {platform.system()}, {python}"

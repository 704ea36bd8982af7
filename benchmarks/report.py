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
- **scrape under polling**: answers with a newer backup arrive at an even pace, in-process, without the network.
- **poll**: a listing whose answers are, byte for byte, those of the last poll is recognized by hashes before it is
  decoded. One that differs is mapped and summed up whole: a hundred records cost a hundred objects in Python, which no
  bare decoding has to make. At one backup an hour and a poll every five minutes, one poll in twelve finds that.
- **API cost**: requests for listings, counted at the vendor, a newer backup at each poll.
- **memory**: what `serve` ever held at most. Of a settled backup some forty bytes and its id are kept.
- **growth**: one measurement at each size, so it is coarser than the rest.

What was not reached in the last full run, and why as far as it is known:

- **poll**, a newer backup in each: the whole listing is mapped again, see above. As it was: asking the environment for
  a proxy at every request is a large part of what is ours; it showed first in a profile.
- **scrape under polling**: 500 such polls a second take most of one core, so answers queue up; compression and whatever
  else the machine did at the time share the two cores. It was not taken apart further.
- **memory**: from 22 to 28 KiB in several runs of one build, with the goal in between. Remembered successes,
  the summary
  and one object a family and resource are what could still be packed.
- **growth**: the exporter polls every 2 s here. From 3,000 resources on it never rests, so scrapes meet a poll, which
  at 1,000 they mostly do not; that probably explains the scrapes, and leaves polls and memory unexplained.
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

"""Shows figures: as a table, as JSON, and as the page that the repository keeps."""

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from benchmarks.figures import Figure

HEAD = ("what", "ours", "reference", "its own", "ratio", "spread", "to reach", "reached")
INTRODUCTION = """# Performance

{short}
The rows of each benchmark are from one run on
{machine}.
Compare ratios: absolute times depend on the machine.

## How it is measured

`python -m benchmarks` measures the exporter against references in the same run and prints the table below; `--quick`
only checks that the benchmarks run, `--only NAME` measures a part, `--json` prints every turn, `--page` writes this
page. Each figure is the median of several turns in which the exporter and its reference alternate, so that other load
on the machine affects both. Everything runs on loopback, and the simulated vendor is a process of its own.

- **scrape**: every resource family, 60 samples a resource. The exporter writes the lines when a poll changes them; a
  scrape joins them slice by slice and sends each slice, so the whole response is never in memory. Compressed scrapes
  that arrive together share one compression, in a thread, at level 1; aiohttp compresses its bytes at its own level.
  The references serve the same samples by `prometheus_client` (Python), by `client_golang` (Go, with vectors and with
  constant metrics), and by the metrics store of kube-state-metrics (Go). nginx, which sends the same bytes from a
  file, is the limit. The Go rows need `go`, the nginx row needs `nginx`; without them the rows are left out.
- **scrape under polling**: 500 responses a second arrive evenly, in-process, each with new backups.
- **verdict**: the processor time to refresh the verdicts that are due and to write their metrics, as a share of a
  scrape. With 7 due, it is a scrape a minute of 10,000 resources that are each due once a day.
- **poll**: a hash recognizes a response that is identical to that of the last poll before it is decoded. In another
  response, only new records are decoded and mapped, and only changed lines are written. The goal applies to all three
  kinds of polls; the average is calculated from the other two, turn by turn.
- **declared**: a vendor declared in YAML against the same vendor built in (`tests/vendors/*/twin.yaml`; tests compare
  them value by value). Both read the same responses in turns. A first poll includes discovery and the schedules.
- **API cost**: requests for listings, counted at the vendor, with a new backup at each poll.
- **memory**: the peak of `serve`. A finished backup takes 34 bytes and its id.
- **rules**: the evaluation time of all rule groups, by Prometheus' own clock. The reference is the rules of the
  version before the exporter computed verdicts. First 100 resources have problems, then all of them.
- **growth**: one measurement at each size, so it is coarser than the rest. The quickest of three polls counts, because
  a scrape may coincide with the others; scrapes are timed just after a poll has ended.

A **poll that finds a new backup in each** resource does not reach its goal. To find the new records among a hundred,
the exporter splits the listing and hashes each record; then it makes the columns, the summary, the verdict and the
lines of about eight families again, in Python. The reference only decodes the response, in one call into C.
"""
SHORT = (
    ("scrape", "text,", "prometheus_client", "A scrape of {what}, takes {ours}; with prometheus_client, {theirs}."),
    ("memory", "", "", "Each resource needs {ours} of memory."),
    ("start", "", "", "The exporter is ready {ours} after its process starts."),
    ("poll", "", "", "A poll of {what}, takes {ours}; fetching and decoding alone, {theirs}."),
    ("rules", "", "", "In Prometheus, an {what}, takes {ours}; with the rules of the previous version, {theirs}."),
)
"""The rows to show first, by benchmark, by how `what` begins and by reference, each with its sentence."""
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
        WORDS[figure.is_reached],
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


def page(figures: Sequence[Figure]) -> str:
    """Return the page that the repository keeps."""
    short = "".join(f"- {line}\n" for line in sentences(figures))
    return f"{INTRODUCTION.format(short=short, machine=machine())}\n{table(figures)}"


def sentences(figures: Sequence[Figure]) -> Iterator[str]:
    """Yield in words what a user asks first."""
    for benchmark, begin, reference, sentence in SHORT:
        for figure in figures:
            if figure.benchmark == benchmark and figure.what.startswith(begin) and reference in figure.reference:
                yield sentence.format(
                    what=figure.what.removeprefix(begin).partition(";")[0].strip(),
                    ours=f"{median(figure.ours):.2g} {figure.unit}",
                    theirs=f"{median(figure.theirs):.2g} {figure.unit}",
                    ratio=f"{figure.ratio:.3g} times",
                )
                break


def as_json(figures: Sequence[Figure]) -> dict[str, Any]:
    """Return everything that was measured."""
    found = [{**asdict(figure), "ratio": figure.ratio, "reached": figure.is_reached} for figure in figures]
    return {"machine": machine(), "figures": found}


def machine() -> str:
    """Say what it was measured on, without a name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB of memory, {platform.system()}, {python}"

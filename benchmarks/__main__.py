"""`python -m benchmarks`: measures everything, or what is named, and prints a table."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.footprint import growth, memory, start
from benchmarks.polling import cost, poll
from benchmarks.report import as_json, machine, page, table
from benchmarks.rules import rules
from benchmarks.scrape import scrape, under_polling
from benchmarks.size import FULL, QUICK, Size
from benchmarks.twins import twins
from benchmarks.verdict import verdict

BENCHMARKS: Mapping[str, Callable[[Size], Iterator[Figure]]] = {
    "scrape": scrape,
    "stall": under_polling,
    "verdict": verdict,
    "poll": poll,
    "declared": twins,
    "cost": cost,
    "memory": memory,
    "start": start,
    "rules": rules,
    "growth": growth,
}


PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def main() -> None:
    """Measure and print; a goal that is not reached is printed, and is not a failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print everything that was measured as JSON")
    parser.add_argument("--page", action="store_true", help="write docs/performance.md anew")
    parser.add_argument("--quick", action="store_true", help="small sizes and few turns: whether it runs, not how fast")
    parser.add_argument("--only", action="append", choices=BENCHMARKS, metavar="NAME", help=", ".join(BENCHMARKS))
    flags = parser.parse_args()
    figures: list[Figure] = []
    for name in flags.only or BENCHMARKS:
        sys.stderr.write(f"measuring: {name}\n")
        figures.extend(BENCHMARKS[name](QUICK if flags.quick else FULL))
    if flags.page:
        PAGE.write_text(page(figures))
    text = json.dumps(as_json(figures), indent=2) if flags.json else f"{machine()}\n\n{table(figures)}"
    sys.stdout.write(f"{text.rstrip()}\n")


if __name__ == "__main__":
    main()

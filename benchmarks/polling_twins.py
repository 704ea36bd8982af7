"""A process that polls a vendor as it is built in and as it is declared: its arguments are NAME, PORT and TURNS.

Each turn begins with two exporters that know nothing and take turns at three polls: a first one, one that finds every
listing as it was, and one that finds a newer backup in each. The process writes the seconds of each poll, and the
seconds of processor time.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from benchmarks.asking import time_call
from benchmarks.client import body
from benchmarks.configured import configuration
from benchmarks.output import write_line
from benchmarks.twins import SUFFIX
from exporter.app import App
from exporter.config.loader import parse
from exporter.declared.vendors import Vendors
from exporter.log import configure
from exporter.settings import Settings
from tests.vendors import FOLDER

PAIR = ("built_in", "declared")
Times = dict[str, list[tuple[float, float]]]


def settings(name: str, port: int, *, declared: bool) -> Settings:
    """Return the settings that watch the vendor."""
    document = json.loads(configuration(name, port))
    if declared:
        document["sources"][0]["provider"] = f"{name}{SUFFIX}"
        document["declarations"] = [str(FOLDER / name / "twin.yaml")]
    return parse(json.dumps(document), {}, Path(), vendors=Vendors()).settings


def count_backups(app: App) -> int:
    """Return how many backups are known of all resources together."""
    statuses = [view.status for view in app.store.list_views("source")]
    return sum(len(status.listing.backups) for status in statuses if status.listing is not None)


async def measure(name: str, port: int, turns: int) -> None:
    """Measure, after one turn of warming up, and write what was found."""
    configure("error", "logfmt")
    found: dict[str, Times] = {one: {"first": [], "same": [], "newer": []} for one in PAIR}
    for turn in range(turns + 1):
        for one, times in (await _turn(name, port)).items() if turn else ():
            for part, pair in times.items():
                found[one][part].append(pair)
    write_line(found)


async def _turn(name: str, port: int) -> dict[str, dict[str, tuple[float, float]]]:
    apps = {one: App(time.time) for one in PAIR}
    watches = {one: (await apps[one].apply(settings(name, port, declared=one == "declared")))[0] for one in PAIR}
    found: dict[str, dict[str, tuple[float, float]]] = {one: {} for one in PAIR}
    for part in ("first", "same", "newer"):
        if part == "newer":
            body(port, "/-/newer")
        for one in PAIR:
            found[one][part] = await time_call(watches[one].poller.poll)
        counts = {one: count_backups(apps[one]) for one in PAIR}
        if len(set(counts.values())) != 1:
            raise RuntimeError(f"{name}: the two did not read the same: {counts}")
    for one in PAIR:
        await apps[one].stop()
        await watches[one].stop()
    return found


if __name__ == "__main__":
    asyncio.run(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))

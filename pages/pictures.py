"""Draws the README's pictures: what the Overview's own queries gave on a real Prometheus that watched the demo.

Run as `python -m pages.pictures`; it starts the stack, waits for three minutes, and asks. They are no
screenshots: Grafana asks the same and lays it out otherwise.
"""

import asyncio
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from pages.drawing import COLORS, FAINT, LEGEND, Band, Box, Canvas, Cell
from pages.looks import Series, cell, format_value, label_of, look_of, map_value, threshold
from stack.files import SHORT
from stack.servers import demo, servers
from stack.webhook import Webhook

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "pictures"
OVERVIEW: dict[str, Any] = json.loads((ROOT / "dashboards" / "overview.json").read_text(encoding="utf-8"))
PANELS: dict[str, dict[str, Any]] = {panel["title"]: panel for panel in OVERVIEW["panels"] if panel["type"] != "row"}
WATCHED_SECONDS = 180
MOMENT_SECONDS = 110
"""What is shown of one moment is of this one: by now all that is staged has happened, and a vendor is down."""
STEP_SECONDS = 2
NOTE = (
    "Drawn by matplotlib from a real Prometheus' answers to the dashboard's own queries, {when} of the demo, "
    "waits of the rules shortened. Not a screenshot of Grafana."
)
WIDTH = 1200
GAP = 8.0
HIDDEN = {"provider", "resource", "Running"}
"""Columns that would make the picture too wide."""
WIDE = {"State": 2.3, "Name": 2.6, "Last status": 1.3, "What": 1.9, "source": 1.3}

Answers = dict[tuple[str, str], Sequence[Series]]
"""What Prometheus gave, by the panel's title and the query's letter."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What was asked after the demo had run for a while, and from when to when it ran."""

    answers: Answers
    begin: float
    end: float

    def of(self, title: str, query: str = "A") -> Sequence[Series]:
        """Return the series of one panel's query."""
        return self.answers[title, query]


async def watch() -> Watched:
    """Run the stack, and ask everything that the Overview asks."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            Webhook() as webhook,
            demo(folder, speed=1) as exporter,
            servers(folder, exporter=exporter.url, webhook=webhook.url, timing=SHORT) as pair,
        ):
            begin = time.time()
            await asyncio.sleep(WATCHED_SECONDS)
            return Watched(await _query(pair.prometheus.url, begin), begin, begin + WATCHED_SECONDS)


async def _query(prometheus: str, begin: float) -> Answers:
    answers: Answers = {}
    over_time = {"start": begin, "end": begin + WATCHED_SECONDS, "step": STEP_SECONDS}
    async with aiohttp.ClientSession(prometheus, raise_for_status=True) as session:
        for title, panel in PANELS.items():
            for target in panel["targets"]:
                expr = re.sub(r"\$\{?\w+\}?", ".*", target["expr"])
                path, when = (
                    ("query", {"time": begin + MOMENT_SECONDS}) if target["instant"] else ("query_range", over_time)
                )
                async with session.get(f"/api/v1/{path}", params={"query": expr, **when}) as response:
                    answers[title, target["refId"]] = (await response.json())["data"]["result"]
    return answers


def now_picture(watched: Watched) -> Canvas:
    """Draw the tiles, the worst ages and the firing alerts."""
    tiles = [panel for panel in PANELS.values() if panel["type"] == "stat"]
    canvas = Canvas(WIDTH, 590)
    width, height = (WIDTH - 7 * GAP) / 6, 84
    for number, panel in enumerate(tiles):
        box = Box(GAP + (width + GAP) * (number % 6), GAP + (height + GAP) * (number // 6), width, height)
        look = panel["fieldConfig"]["defaults"]
        for series in watched.of(panel["title"]):
            value = float(series["value"][1])
            canvas.tile(box, panel["title"], format_value(value, look["unit"]), threshold(look, value))
    top = GAP + 2 * (height + GAP)
    half = (WIDTH - 3 * GAP) / 2
    room = canvas.height - top - 34
    _worst(canvas, Box(GAP, top, half, room), watched)
    _firing(canvas, Box(2 * GAP + half, top, half, room), watched)
    return canvas


def _worst(canvas: Canvas, box: Box, watched: Watched) -> None:
    title = "Worst age against its limit"
    inside, look = canvas.panel(box, title), PANELS[title]["fieldConfig"]["defaults"]
    bars = sorted(watched.of(title), key=lambda series: -float(series["value"][1]))
    step = inside.height / len(bars)
    most = max(float(series["value"][1]) for series in bars)
    for number, series in enumerate(bars):
        value = float(series["value"][1])
        place = Box(inside.x, inside.y + number * step + 4, inside.width, step - 8)
        canvas.bar(place, label_of(series), value / most, f"{value:.0%}", threshold(look, value))


def _firing(canvas: Canvas, box: Box, watched: Watched) -> None:
    inside = canvas.panel(box, "Firing alerts")
    alerts = [
        series["metric"] for series in watched.of("Firing alerts", PANELS["Firing alerts"]["targets"][0]["refId"])
    ]
    alerts.sort(key=lambda labels: (labels["severity"], labels["alertname"], labels.get("resource_name", "")))
    alerts.sort(key=lambda labels: ("critical", "warning", "info").index(labels["severity"]))
    colors = {"critical": "red", "warning": "orange"}
    rows = [
        (
            Cell(labels["severity"], colors.get(labels["severity"], "")),
            Cell(labels["alertname"]),
            Cell(labels.get("resource_name", "")),
            Cell(labels.get("source", "")),
        )
        for labels in alerts
    ]
    canvas.table(inside, ("Severity", "Alert", "Name", "source"), (1, 3, 2.2, 1.2), rows)


def inventory_picture(watched: Watched) -> Canvas:
    """Draw the inventory."""
    panel = PANELS["Inventory"]
    organize = next(each["options"] for each in panel["transformations"] if each["id"] == "organize")
    order = sorted(organize["indexByName"], key=organize["indexByName"].__getitem__)
    names = {field: organize["renameByName"].get(field, field) for field in order}
    fields = [field for field in order if names[field] not in HIDDEN and not organize["excludeByName"].get(field)]
    rows = _merge(watched, [target["refId"] for target in panel["targets"]])
    rows.sort(key=lambda row: (-float(row["Value #state"]), -float(row.get("Value #of_limit", 0))))
    looks = {name: look_of(panel, name) for name in names.values()}
    cells = [[cell(row.get(field), looks[names[field]]) for field in fields] for row in rows]
    canvas = Canvas(WIDTH, 25 * (len(rows) + 1) + 80)
    inside = canvas.panel(Box(GAP, GAP, WIDTH - 2 * GAP, canvas.height - 42), "Inventory")
    header = [names[field] for field in fields]
    canvas.table(inside, header, [WIDE.get(name, 1.0) for name in header], cells)
    return canvas


def _merge(watched: Watched, queries: Sequence[str]) -> list[dict[str, str]]:
    """Make one row of what the queries give for a resource, as Grafana's transformation does."""
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for query in queries:
        for series in watched.of("Inventory", query):
            labels = series["metric"]
            row = rows.setdefault(tuple(labels[name] for name in ("provider", "source", "resource")), {})
            row.update(labels)
            row[f"Value #{query}"] = series["value"][1]
    return list(rows.values())


def timeline_picture(watched: Watched) -> Canvas:
    """Draw how the last backup of each resource had ended, over time."""
    title = "Status of the last finished backup"
    lines = sorted(watched.of(title), key=label_of)
    canvas = Canvas(WIDTH, 21 * len(lines) + 100)
    inside = canvas.panel(Box(GAP, GAP, WIDTH - 2 * GAP, canvas.height - 42), title)
    step = (inside.height - 22) / len(lines)
    mappings = PANELS[title]["fieldConfig"]["defaults"]["mappings"]
    for number, series in enumerate(lines):
        place = Box(inside.x, inside.y + number * step + 2, inside.width, step - 4)
        canvas.bands(place, label_of(series), _bands(series["values"], mappings, watched))
    seen = {map_value(mappings, value) for series in lines for _, value in series["values"]}
    _legend(canvas, sorted(seen))
    _minutes(canvas, inside)
    return canvas


def _legend(canvas: Canvas, words: Sequence[tuple[str, str]]) -> None:
    for number, (word, color) in enumerate(reversed(words), 1):
        left = canvas.width - GAP - 95 * number
        canvas.area(Box(left, 2 * GAP, 12, 12), COLORS[color], alpha=0.8)
        canvas.text(left + 18, 2 * GAP + 7, word, size=12)


def _minutes(canvas: Canvas, inside: Box) -> None:
    for minute in range(WATCHED_SECONDS // 60 + 1):
        part = 60 * minute / WATCHED_SECONDS
        side = "right" if part == 1 else "center"
        at = inside.x + LEGEND + (inside.width - LEGEND) * part
        canvas.text(at, inside.y + inside.height - 8, f"{minute}:00", size=12, color=FAINT, align=side)


def _bands(points: Sequence[tuple[float, str]], mappings: Sequence[Mapping[str, Any]], watched: Watched) -> list[Band]:
    whole = watched.end - watched.begin
    return [
        Band(
            max(0.0, (instant - watched.begin) / whole),
            min(1.0, (instant + STEP_SECONDS - watched.begin) / whole),
            map_value(mappings, value)[1],
        )
        for instant, value in points
    ]


def main() -> None:
    """Write the pictures anew."""
    watched = asyncio.run(watch())
    FOLDER.mkdir(exist_ok=True)
    moment = f"{MOMENT_SECONDS} seconds after the start"
    now_picture(watched).save(FOLDER / "now.png", NOTE.format(when=moment))
    inventory_picture(watched).save(FOLDER / "inventory.png", NOTE.format(when=moment))
    timeline_picture(watched).save(FOLDER / "timeline.png", NOTE.format(when="the first three minutes"))


if __name__ == "__main__":
    main()

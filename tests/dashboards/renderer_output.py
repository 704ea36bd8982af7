"""What the renderer saw: NAME.json beside each picture."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.dashboards.expected import MATTERS

SCALED = re.compile(r"\d ?(mins|hours?|days?|weeks?|months?|years?)\b(?! ago)")
"""A duration as Grafana's unit of seconds writes it: 4.17 mins, 1.65 weeks."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture, in words."""

    name: str
    page: dict[str, Any]

    def panel(self, title: str) -> dict[str, Any]:
        (found,) = (each for each in self.page["panels"] if each["title"] == title)
        return dict(found)

    def tables(self) -> dict[str, dict[str, Any]]:
        return {each["title"]: each["table"] for each in self.page["panels"] if "table" in each}

    def headers(self, title: str) -> list[str]:
        return [each["text"] for each in self.tables()[title]["columns"]]

    def column(self, title: str, header: str) -> list[dict[str, Any]]:
        """Return the cells of a column, as far as rows are drawn."""
        place = self.headers(title).index(header)
        return [row[place] for row in self.tables()[title]["rows"]]

    def links(self, title: str) -> list[str]:
        """Return where the cells of a table lead, drawn or not."""
        fields = self.panel(title)["given"].get("fields", [])
        return [link["href"] for field in fields for row in field.get("links") or () for link in row]


def is_green(color: str) -> bool:
    """Return whether a colour is more green than anything else."""
    red, green, blue = (int(each) for each in re.findall(r"\d+", color)[:3])
    return green > red + 20 and green > blue + 20


def colors(ground: str) -> list[str]:
    return re.findall(r"rgba?\([^)]*\)", ground)


def grounds(seen: Seen) -> dict[str, str]:
    """Return the colour behind each tile that has one."""
    return {
        each["title"]: colors(each["ground"])[0]
        for each in seen.page["panels"]
        if each.get("ground", "").startswith("linear-gradient(120deg")
    }


def is_red(color: str) -> bool:
    """Return whether a colour is far more red than anything else."""
    red, green, blue = (int(each) for each in re.findall(r"\d+", color)[:3])
    return red > green + 90 and red > blue + 90


def overlaps(seen: Seen) -> list[tuple[str, str]]:
    """Return the pairs of panels that lie on one another."""
    return [
        (one["title"], other["title"])
        for one, other in itertools.combinations(seen.page["panels"], 2)
        if not _are_apart(one["box"], other["box"])
    ]


def _are_apart(one: dict[str, int], other: dict[str, int]) -> bool:
    beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
    return beside or one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]


def cut_words(seen: Seen) -> list[tuple[str, str, str]]:
    """Return the titles, headers, tiles and cells that matter and are not seen whole."""
    found = [(each["title"], "", each["title"]) for each in seen.page["panels"] if each["cut"]]
    found += [
        (each["title"], "", value["text"])
        for each in seen.page["panels"]
        for value in each["values"]
        if value["cut"] and "bars" not in each
    ]
    for title, table in seen.tables().items():
        headers = [each["text"] for each in table["columns"]]
        found += [(title, each["text"], "") for each in table["columns"] if each["outside"] or each["cut"]]
        cells = ((header, cell) for row in table["rows"] for header, cell in zip(headers, row, strict=True))
        found += [(title, header, cell["text"]) for header, cell in cells if header in MATTERS and cell["cut"]]
    return found


def texts(seen: Seen) -> Iterator[tuple[str, str]]:
    """Yield what is written in each panel: the ticks of charts, tiles, and the cells of tables, in sight or not."""
    for panel in seen.page["panels"]:
        fields = panel.get("given", {}).get("fields", ())
        cells = (text for field in fields for text in field["texts"])
        for text in (*panel["ticks"], *panel["legend"], *(each["text"] for each in panel["values"]), *cells):
            yield panel["title"], text


def units(panel: dict[str, Any]) -> set[str]:
    """Return the units on the axis of a chart."""
    ticks = (each for each in panel["ticks"] if not re.search(r"\d[:/]\d", each))
    return {re.sub(r"[\d.,\s]+", "", each) for each in ticks}

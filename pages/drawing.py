"""Draws panels in the manner of a dashboard: tiles, bars, tables and bands of time, on a canvas measured in pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from PIL import Image

COLORS = {
    "green": "#73bf69",
    "yellow": "#fade2a",
    "orange": "#ff9830",
    "red": "#f2495c",
    "blue": "#5794f2",
    "purple": "#b877d9",
    "text": "#8e8e9a",
}
GROUND, PANEL, LINE, BRIGHT, FAINT, DARK = "#111217", "#181b1f", "#2c3035", "#d8d9e0", "#8e8e9a", "#16181b"
DOTS_PER_INCH = 100
POINTS = 72 / DOTS_PER_INCH
"""Points to a pixel."""
LEGEND = 215
"""Room for the names before bands."""
PALETTE = 128
"""So many colours are enough for flat areas and smooth letters, and make small files."""


@dataclass(frozen=True, slots=True)
class Box:
    """A place on the canvas, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def inside(self, *, left: float, top: float, right: float = 0, bottom: float = 0) -> "Box":
        """Return what is left within these margins."""
        return Box(self.x + left, self.y + top, self.width - left - right, self.height - top - bottom)


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one cell of a table, and the colour behind it."""

    text: str
    color: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """One colour from one part of the width to another, each from 0 to 1."""

    begin: float
    end: float
    color: str


class Canvas:
    """A picture in the making."""

    def __init__(self, width: int, height: int) -> None:
        """Make it empty and dark."""
        self.width, self.height = width, height
        self._figure = Figure(figsize=(width / DOTS_PER_INCH, height / DOTS_PER_INCH), dpi=DOTS_PER_INCH)
        self._figure.set_facecolor(GROUND)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set(xlim=(0, width), ylim=(height, 0))
        self._axes.set_axis_off()

    def panel(self, box: Box, title: str) -> Box:
        """Draw an empty panel; return where its content goes."""
        shape = FancyBboxPatch(
            (box.x, box.y), box.width, box.height, boxstyle="round,pad=0,rounding_size=3", fc=PANEL, ec=LINE, lw=0.8
        )
        self._axes.add_patch(shape)
        self.text(box.x + 10, box.y + 15, title, size=13)
        return box.inside(left=10, top=30, right=10, bottom=8)

    def tile(self, box: Box, title: str, value: str, color: str) -> None:
        """Draw a panel that holds one number."""
        self.panel(box, title)
        middle = box.x + box.width / 2
        self.text(middle, box.y + box.height - 25, value, size=30, color=COLORS[color], align="center", weight="bold")

    def bar(self, box: Box, label: str, part: float, value: str, color: str) -> None:
        """Draw a horizontal bar that fills this part of its width."""
        name, room = 215, 65
        full = box.width - name - room
        self.text(box.x + name - 10, box.y + box.height / 2, label, size=12, align="right")
        self.area(Box(box.x + name, box.y, full, box.height), LINE)
        self.area(Box(box.x + name, box.y, full * part, box.height), COLORS[color])
        self.text(box.x + box.width, box.y + box.height / 2, value, size=13, color=COLORS[color], align="right")

    def table(self, box: Box, header: Sequence[str], widths: Sequence[float], rows: Sequence[Sequence[Cell]]) -> None:
        """Draw a table; `widths` are parts of the whole."""
        step = box.height / (len(rows) + 1)
        edges = [box.x + box.width * sum(widths[:number]) / sum(widths) for number in range(len(widths) + 1)]
        for number, name in enumerate(header):
            self.text(edges[number] + 5, box.y + step / 2, name, size=12, color=COLORS["blue"])
        for line, row in enumerate(rows, 1):
            top = box.y + line * step
            self.area(Box(box.x, top, box.width, 1), LINE)
            for number, cell in enumerate(row):
                if cell.color:
                    spot = Box(edges[number], top + 2, edges[number + 1] - edges[number] - 3, step - 3)
                    self.area(spot, COLORS[cell.color])
                color = DARK if cell.color else BRIGHT
                self.text(edges[number] + 5, top + step / 2, cell.text, size=12, color=color)

    def bands(self, box: Box, label: str, bands: Sequence[Band]) -> None:
        """Draw one line of a timeline."""
        self.text(box.x + LEGEND - 10, box.y + box.height / 2, label, size=12, align="right")
        full = box.width - LEGEND
        for band in bands:
            left = box.x + LEGEND + full * band.begin
            self.area(Box(left, box.y, full * (band.end - band.begin), box.height), COLORS[band.color], alpha=0.8)

    def area(self, box: Box, color: str, alpha: float = 1.0) -> None:
        """Fill a rectangle."""
        self._axes.add_patch(Rectangle((box.x, box.y), box.width, box.height, fc=color, lw=0, alpha=alpha))

    def text(
        self, x: float, y: float, text: str, *, size: float, color: str = BRIGHT, align: str = "left", weight: str = ""
    ) -> None:
        """Write text, its vertical middle at `y`; a dollar is a dollar."""
        style: dict[str, Any] = {
            "ha": align,
            "va": "center_baseline",
            "weight": weight or "normal",
            "parse_math": False,
        }
        self._axes.text(x, y, text, fontsize=size * POINTS, color=color, **style)

    def save(self, path: Path, note: str) -> None:
        """Write the picture, with a note at its lower edge that says what it is."""
        self.text(10, self.height - 13, note, size=11, color=FAINT)
        self._figure.savefig(path, metadata={"Software": None})
        with Image.open(path) as drawn:
            small = drawn.convert("RGB").quantize(PALETTE)
        small.save(path, optimize=True)

"""Formats the output of `poll`: a verdict, then a table, worst first; columns that do not fit are dropped."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from exporter.characters import escape_controls
from exporter.human import size, span
from exporter.model import Status
from exporter.state.limits import max_age
from exporter.state.overview import ResourceItem
from exporter.state.problem import Problem

COLORS = {"critical": "bold red", "warning": "yellow", "info": "blue", "fine": "green", "paused": "dim"}
GAP = 2
NARROWEST = 14
"""Cells to which the name may be cut before a column is dropped."""
WIDEST = 48
"""Cells that a name or an id takes at most, however wide the terminal is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the table."""

    title: str
    write: Callable[[ResourceItem, float], str]
    worth: int
    """The column with the least worth is dropped first."""
    right: bool = False
    cut: bool = False
    """Whether a text that is too long is cut with an ellipsis."""


def _write_problems(item: ResourceItem, _: float) -> str:
    found = item.view.verdict.problems
    more = f" +{len(found) - 1}" if len(found) > 1 else ""
    return f"{_write_problem(found[0])}{more}" if found else item.state


def _write_problem(one: Problem) -> str:
    word = one.word.removesuffix("_by_kind").replace("_", " ")
    return f"{word}: {escape_controls(one.kind)}" if one.kind else word


def _write_age(item: ResourceItem, now: float) -> str:
    summary = item.view.status.summary
    if summary is None or summary.last_success is None:
        return "" if summary is None else "never"
    return span(max(0.0, now - summary.last_success))


def _write_limit(item: ResourceItem, _: float) -> str:
    limit = max_age(item.view.status, item.view.policy)
    return "" if limit is None else span(limit)


def _write_size(item: ResourceItem, _: float) -> str:
    summary = item.view.status.summary
    return size(max(summary.last_size.values())) if summary and summary.last_size else ""


def _write_duration(item: ResourceItem, _: float) -> str:
    summary = item.view.status.summary
    return span(max(summary.last_duration.values())) if summary and summary.last_duration else ""


def _count_kept(item: ResourceItem, _: float) -> str:
    summary = item.view.status.summary
    completed = summary.counts.get(Status.COMPLETED) if summary else None
    return "" if completed is None else str(completed)


def _write_last_run(item: ResourceItem, _: float) -> str:
    summary = item.view.status.summary
    return str(summary.last_finished or "") if summary else ""


def _write_progress(item: ResourceItem, _: float) -> str:
    summary = item.view.status.summary
    if summary is None or not summary.running:
        return ""
    return "yes" if summary.progress is None else f"{summary.progress:.0f} %"


def _write_resource(item: ResourceItem, _: float) -> str:
    return "" if item.id == item.name else escape_controls(item.id)


COLUMNS: Sequence[Column] = (
    Column(title="state", write=_write_problems, worth=100),
    Column(title="name", write=lambda item, _: escape_controls(item.name), worth=100, cut=True),
    Column(title="source", write=lambda item, _: escape_controls(item.source.name), worth=60, cut=True),
    Column(title="age", write=_write_age, worth=90, right=True),
    Column(title="limit", write=_write_limit, worth=80, right=True),
    Column(title="size", write=_write_size, worth=70, right=True),
    Column(title="took", write=_write_duration, worth=30, right=True),
    Column(title="kept", write=_count_kept, worth=40, right=True),
    Column(title="last run", write=_write_last_run, worth=25),
    Column(title="running", write=_write_progress, worth=35),
    Column(title="resource", write=_write_resource, worth=10, cut=True),
)


def lay_out(items: Sequence[ResourceItem], now: float, width: int) -> list[Text]:
    """Return the lines of the table, each no wider than `width` cells."""
    cells = {column.title: [column.write(item, now) for item in items] for column in COLUMNS}
    columns = [column for column in COLUMNS if any(cells[column.title])]
    widths = _fit(columns, cells, width)
    header = Text("  ".join(_pad(column, column.title, cells_) for column, cells_ in widths).rstrip(), style="bold")
    lines = [header] if items else []
    for at, item in enumerate(items):
        texts = [_pad(column, cells[column.title][at], cells_) for column, cells_ in widths]
        lines.append(Text((" " * GAP).join(texts).rstrip(), style=COLORS[item.state]))
    return lines


def _fit(columns: Sequence[Column], cells: Mapping[str, Sequence[str]], width: int) -> list[tuple[Column, int]]:
    """Return the columns that fit and their widths: the least worth are dropped, and names are cut at the last."""
    wanted = {column.title: max(cell_len(column.title), *map(cell_len, cells[column.title])) for column in columns}
    for column in columns:
        if column.cut:
            wanted[column.title] = min(wanted[column.title], WIDEST)
    left = list(columns)

    def excess() -> int:
        return sum(wanted[column.title] for column in left) + GAP * (len(left) - 1) - width

    def slack() -> int:
        return sum(max(0, wanted[column.title] - NARROWEST) for column in left if column.cut)

    while excess() > slack() and len(left) > 1:
        left.remove(min(left, key=lambda column: column.worth))
    for column in sorted(
        (column for column in left if column.cut), key=lambda column: wanted[column.title], reverse=True
    ):
        if (over := excess()) > 0:
            wanted[column.title] = max(NARROWEST, wanted[column.title] - over)
    return [(column, wanted[column.title]) for column in left]


def _pad(column: Column, text: str, cells: int) -> str:
    if cell_len(text) > cells:
        text = f"{set_cell_size(text, cells - 1).rstrip()}…"
    room = " " * (cells - cell_len(text))
    return room + text if column.right else text + room

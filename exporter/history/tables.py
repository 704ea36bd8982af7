"""Writes a report as JSON, as CSV and as a table for a terminal."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from exporter.characters import escape_controls
from exporter.history.report import COLUMNS, BackupReport, judge
from exporter.human import span

FORMULA = ("=", "+", "-", "@")
"""A spreadsheet takes a text that begins with one of these for a formula."""
RIGHT = ("limit", "within", "longest gap", "done", "failed")
TITLES = ("source", "resource", "name", "limit", "known since", *RIGHT[1:], "last success")
ORDER = ("outside", "unjudged", "within")
STYLES = {"outside": "red", "unjudged": "yellow"}


def write_json(report: BackupReport) -> bytes:
    """Return the JSON, with a line end behind it."""
    return (json.dumps(report.document(), indent=2, allow_nan=False) + "\n").encode()


def write_csv(report: BackupReport) -> bytes:
    """Return a line of column names and one for each resource; what is unknown is empty."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    lines.writerows([_format_cell(entry.record[column]) for column in COLUMNS] for entry in report.entries)
    return text.getvalue().encode("utf-8", "replace")


def _format_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        value = ";".join(f"{name}={each}" for name, each in value.items())
    elif isinstance(value, list):
        value = "; ".join(value)
    text = escape_controls(str(value))
    return f"'{text}" if text.startswith(FORMULA) else text


def make_table(report: BackupReport) -> Sequence[Table | Text]:
    """Return what a terminal shows: the summary, the table, and the sources that could not be read."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in TITLES:
        right = title in RIGHT
        table.add_column(title, justify="right" if right else "left", overflow="fold", no_wrap=right)
    for record in sort_worst_first(report):
        table.add_row(*map(Text, _make_row(record)), style=STYLES.get(judge(record)))
    down = [source for source in report.sources if not source["up"]]
    lines = [
        Text(f"{escape_controls(one['source'])}: could not be read, {one['failure']}", style="red") for one in down
    ]
    return [Text(write_headline(report)), table, *lines]


def sort_worst_first(report: BackupReport) -> list[Mapping[str, Any]]:
    """Return the records in the order of their rank."""
    records = [entry.record for entry in report.entries]
    return sorted(records, key=rank)


def rank(record: Mapping[str, Any]) -> tuple[int, float]:
    """Return where a record stands among others: those outside their limits first, the lowest share first."""
    return ORDER.index(judge(record)), record["attainment"] or 0.0


def write_headline(report: BackupReport) -> str:
    """Return the summary in one sentence."""
    counts = report.summary
    return (
        f"Within the limit the whole time: {counts['within']} of {counts['resources']} resources. "
        f"Outside at times: {counts['outside']}. Not judged: {counts['unjudged']}."
    )


def format_share(attainment: float | None) -> str:
    """Return a share in percent; only a whole one reads 100 %, and only none at all 0 %."""
    if attainment is None:
        return ""
    if 0 < attainment < 1:
        return f"{min(max(attainment * 100, 0.01), 99.99):.2f} %"
    return f"{attainment:.0%}".replace("%", " %")


def _make_row(record: Mapping[str, Any]) -> list[str]:
    def format_value(key: str, write: Any = str) -> str:
        return "" if record[key] is None else write(record[key])

    return [
        escape_controls(record["source"]),
        escape_controls(record["resource"]),
        escape_controls(record["name"]),
        format_value("limit_seconds", span),
        format_value("known_since"),
        "paused" if record["paused"] else format_share(record["attainment"]),
        format_value("longest_gap_seconds", span),
        format_value("completed"),
        format_value("failed"),
        format_value("last_success"),
    ]

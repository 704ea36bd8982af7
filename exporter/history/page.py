"""Writes a report as one HTML file that prints well: styles inside, no script, nothing loaded."""

from functools import lru_cache
from hashlib import sha256

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from exporter.characters import escape_value
from exporter.history.drawing import draw
from exporter.history.report import BackupReport, judge
from exporter.history.tables import format_share, rank, write_headline
from exporter.human import size, span


def write_html(report: BackupReport, json: bytes) -> bytes:
    """Return the page; `json` is the same report as JSON, whose SHA-256 is in its footer."""
    entries = sorted(report.entries, key=lambda entry: rank(entry.record))
    return (
        _load_template()
        .render(
            report=report.document(),
            headline=write_headline(report),
            rows=[(entry.record, judge(entry.record), draw(entry.timeline, report.period)) for entry in entries],
            digest=sha256(json).hexdigest(),
        )
        .encode("utf-8", "replace")
    )


@lru_cache(maxsize=1)
def _load_template() -> Template:
    environment = Environment(
        loader=PackageLoader("exporter.history"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=escape_value,
    )
    environment.filters.update(span=span, size=size, share=format_share, day=_format_minute)
    return environment.get_template("report.html")


def _format_minute(instant: str) -> str:
    """Return an instant to the minute, as people read it."""
    return f"{instant[:10]} {instant[11:16]} UTC"

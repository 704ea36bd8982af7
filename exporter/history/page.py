"""Writes a report as one HTML file that prints well: styles inside, no script, nothing loaded."""

from functools import lru_cache
from hashlib import sha256

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from exporter.characters import escape_value
from exporter.history.drawing import drawing
from exporter.history.report import Report, verdict
from exporter.history.tables import headline, rank, share
from exporter.human import size, span


def as_html(report: Report, json: bytes) -> bytes:
    """Return the page; `json` is the same report as JSON, whose SHA-256 stands at its foot."""
    entries = sorted(report.entries, key=lambda entry: rank(entry.record))
    return (
        _template()
        .render(
            report=report.document(),
            headline=headline(report),
            rows=[(entry.record, verdict(entry.record), drawing(entry.timeline, report.period)) for entry in entries],
            digest=sha256(json).hexdigest(),
        )
        .encode("utf-8", "replace")
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("exporter.history"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=escape_value,
    )
    environment.filters.update(span=span, size=size, share=share, day=_day)
    return environment.get_template("report.html")


def _day(instant: str) -> str:
    """Return an instant to the minute, as people read it."""
    return f"{instant[:10]} {instant[11:16]} UTC"

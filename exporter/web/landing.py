"""Draws the page at `/`: every source and resource at a glance."""

from collections.abc import Iterable
from html import escape

from exporter import __version__
from exporter.human import span
from exporter.knowledge.state import Watched
from exporter.metrics.board import Board, Entry

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1f2430 }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #e3e6ec; vertical-align: top }
th { font-weight: 600; color: #596273 } td.number { text-align: right; font-variant-numeric: tabular-nums }
.good { color: #13773b } .bad { color: #b3261e; font-weight: 600 } .rest { color: #77808f }
h2 { margin: 1.5rem 0 .2rem; font-size: 1.1rem }
"""


def landing_page(board: Board, telemetry_path: str) -> str:
    """Return the page as HTML; every value that came from outside is escaped."""
    now = board.clock()
    sources = "".join(_source(entry, now) for entry in board.entries.values())
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>backup-exporter</title>"
        f"<meta name=viewport content='width=device-width'><style>{STYLE}</style>"
        f"<h1>backup-exporter</h1><p>Version {__version__}. <a href='{escape(telemetry_path)}'>Metrics</a>, "
        "<a href='/-/healthy'>healthy</a>, <a href='/-/ready'>ready</a>.</p>"
        f"{sources or '<p>No source is configured.</p>'}</html>"
    )


def _source(entry: Entry, now: float) -> str:
    status, source = entry.status, entry.source
    word = {None: ("rest", "not polled yet"), True: ("good", "up")}.get(status.up, ("bad", f"down: {status.failure}"))
    rows = "".join(_row(entry, watched, now) for watched in sorted(entry.watched.values(), key=lambda w: w.resource.id))
    head = _cells("th", ("resource", "name", "kind", "backup age", "limit", "last finished", "state"))
    return (
        f"<h2>{escape(source.name)} <small class=rest>{escape(source.provider_name)}</small> "
        f"<small class={word[0]}>{escape(word[1])}</small></h2><table><tr>{head}</tr>{rows}</table>"
    )


def _row(entry: Entry, watched: Watched, now: float) -> str:
    resource, summary = watched.resource, watched.summary
    policy = entry.source.policy(resource.id, resource.name)
    interval = watched.facts.interval if watched.facts else None
    limit = policy.max_age or (entry.source.provider.max_age(interval) if interval else None)
    success = summary.last_success if summary else None
    age = None if success is None else max(0.0, now - success)
    paused = policy.paused or watched.paused
    late = age is not None and limit is not None and age > limit and not paused
    state = f"unreadable: {watched.failure}" if watched.failure else "paused" if paused else watched.state or ""
    cells = (
        ("", resource.id),
        ("", resource.name),
        ("", resource.kind),
        ("number bad" if late else "number", span(age) if age is not None else "none yet"),
        ("number", span(limit) if limit is not None else "unknown"),
        ("", str(summary.last_finished or "") if summary else ""),
        ("bad" if watched.failure else "rest" if paused else "", state),
    )
    return "<tr>" + "".join(f"<td class='{kind}'>{escape(text)}</td>" for kind, text in cells) + "</tr>"


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)

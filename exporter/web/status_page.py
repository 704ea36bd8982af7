"""Draws the page at `/`: every source and resource at a glance."""

from html import escape

from exporter import __version__
from exporter.human import size, span
from exporter.state.limits import max_age
from exporter.state.resource import ResourceStatus
from exporter.state.store import SourceEntry, Store

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1f2430 }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; table-layout: fixed }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #e3e6ec; vertical-align: top }
th { font-weight: 600; color: #596273 } td:first-child, td:last-child { overflow-wrap: anywhere }
.number { text-align: right; font-variant-numeric: tabular-nums }
th:first-child { width: 38% } th:last-child { width: 19% } th:nth-child(5) { width: 5% }
.good { color: #13773b } .bad { color: #b3261e; font-weight: 600 } .rest { color: #6b7483 }
small { font-weight: 400; color: #6b7483 } h2 { margin: 1.5rem 0 .2rem; font-size: 1.1rem }
"""
HEAD = (
    "<tr><th>resource<th class=number>age<th class=number>limit<th class=number>size"
    "<th class=number>kept<th>last run<th>now"
)


def render_status_page(store: Store, telemetry_path: str) -> str:
    """Return the page as HTML; every value that came from outside is escaped."""
    now = store.clock()
    sources = "".join(_render_source(entry, now) for entry in store.entries.values())
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>backup-exporter</title>"
        f"<meta name=viewport content='width=device-width'><style>{STYLE}</style>"
        f"<h1>backup-exporter</h1><p>Version {__version__}. <a href='{escape(telemetry_path)}'>Metrics</a>, "
        "<a href='/-/healthy'>healthy</a>, <a href='/-/ready'>ready</a>.</p>"
        f"{sources or '<p>No source is watched here.</p>'}</html>"
    )


def _render_source(entry: SourceEntry, now: float) -> str:
    status, source = entry.status, entry.source
    kind, word = {None: ("rest", "not polled yet"), True: ("good", "up")}.get(
        status.up, ("bad", f"down: {status.failure}")
    )
    rows = "".join(
        _render_row(entry, resource_status, now) for resource_status in sorted(entry.resources.values(), key=_by_name)
    )
    table = f"<table>{HEAD}{rows}</table>" if rows else ""
    return (
        f"<h2>{escape(source.name)} <small>{escape(source.provider_name)}</small> "
        f"<small class={kind}>{escape(word)}</small></h2>{table}"
    )


def _by_name(resource_status: ResourceStatus) -> tuple[str, str]:
    return resource_status.resource.name, resource_status.resource.id


def _render_row(entry: SourceEntry, resource_status: ResourceStatus, now: float) -> str:
    resource, summary = resource_status.resource, resource_status.summary
    policy = entry.source.policy(resource.id, resource.name)
    limit = max_age(resource_status, policy)
    paused = policy.paused or resource_status.paused
    success = summary.last_success if summary else None
    age = None if success is None else max(0.0, now - success)
    late = age is not None and limit is not None and age > limit and not paused
    finished = str(summary.last_finished or "") if summary else ""
    sizes = summary.last_size.values() if summary else ()
    kept = sum(number for status, number in summary.counts.items() if status == "completed") if summary else None
    cells = (
        ("number bad" if late else "number", "none yet" if age is None else span(age)),
        ("number", "unknown" if limit is None else span(limit)),
        ("number", size(max(sizes)) if sizes else ""),
        ("number", "" if kept is None else str(kept)),
        ("bad" if finished == "failed" else "", finished),
        ("bad" if resource_status.failure else "rest", ", ".join(_describe_activity(resource_status, paused=paused))),
    )
    name = f"<td>{escape(resource.name)} <small>{escape(resource.id) if resource.id != resource.name else ''}</small>"
    return f"<tr>{name}" + "".join(f"<td class='{kind}'>{escape(text)}</td>" for kind, text in cells)


def _describe_activity(resource_status: ResourceStatus, *, paused: bool) -> list[str]:
    """Return in words what a resource and its backups are doing."""
    words = [f"unreadable: {resource_status.failure}"] if resource_status.failure else []
    if paused:
        words.append("paused")
    if resource_status.details is not None and resource_status.details.scheduled is False:
        words.append("not scheduled")
    if resource_status.summary and resource_status.summary.running:
        progress = resource_status.summary.progress
        words.append("backup running" if progress is None else f"backup running, {progress:.0f} %")
    return words

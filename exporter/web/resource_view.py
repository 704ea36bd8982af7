"""Makes the content of one resource's page from its state; a pure function."""

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.human import size, span
from exporter.metrics.records import write_metrics
from exporter.model import Backup
from exporter.state.limits import max_age
from exporter.state.overview import ResourceItem, find_item
from exporter.state.store import Store
from exporter.web.charts import MAX_BARS, Chart, draw_backups
from exporter.web.filters import make_address
from exporter.web.labels import write_reason, write_time
from exporter.web.rows import NO_VALUE, ProblemRow, Row, make_problems, make_row

MAX_LISTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One number with its title and where it comes from."""

    title: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRow:
    """One listed backup for people."""

    started: str
    status: str
    kind: str
    duration: str
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePage:
    """All that the page of one resource shows."""

    row: Row
    source_url: str
    calm: str
    ignored: tuple[ProblemRow, ...]
    facts: tuple[Fact, ...]
    chart: Chart | None
    counts: tuple[tuple[str, int], ...]
    backups: tuple[BackupRow, ...]
    metrics: str


def make_resource_page(store: Store, source: str, resource: str) -> ResourcePage | None:
    """Return the content of a resource's page; None if there is no such resource."""
    item, now = find_item(store, source, resource), store.now()
    if item is None:
        return None
    view, status = item.view, item.view.status
    newest = status.listing.backups.newest(MAX_BARS) if status.listing else []
    interval = status.details.interval if status.details else None
    counts = status.summary.counts if status.summary else {}
    return ResourcePage(
        row=make_row(item, now),
        source_url=make_address([("source", item.source.name)]),
        calm=_write_calm(item),
        ignored=make_problems(view.verdict.ignored),
        facts=tuple(_facts(item, now)) if not item.gone else (_since_when_missing(status.first_seen),),
        chart=draw_backups(newest, now, interval),
        counts=tuple((str(status), count) for status, count in counts.items() if count),
        backups=tuple(_make_backup(one) for one in newest[:MAX_LISTED]),
        metrics="" if item.gone else write_metrics(view, now),
    )


def _write_calm(item: ResourceItem) -> str:
    if item.gone:
        return "The vendor no longer lists it."
    return "Monitoring is paused." if item.state == "paused" else "Nothing is wrong."


def _since_when_missing(since: float) -> Fact:
    return Fact(title="No longer listed since", value=write_time(since))


def _make_backup(one: Backup) -> BackupRow:
    return BackupRow(
        started=NO_VALUE if one.started is None else write_time(one.started),
        status=str(one.status),
        kind=one.kind,
        duration=NO_VALUE if one.duration is None else span(one.duration),
        size=NO_VALUE if one.size is None else size(one.size),
    )


def _facts(item: ResourceItem, now: float) -> Iterator[Fact]:
    status, policy = item.view.status, item.view.policy
    summary = status.summary
    if summary is not None and summary.last_success is not None:
        yield Fact(
            title="Last good backup",
            value=f"{span(max(0, now - summary.last_success))} ago",
            note=write_time(summary.last_success),
        )
    limit = max_age(status, policy)
    if limit is not None:
        origin = "max_age in the configuration" if policy.max_age is not None else "from the vendor's schedule"
        yield Fact(title="Age limit", value=span(limit), note=origin)
    else:
        yield Fact(title="Age limit", value="none", note="no schedule is known, and max_age is not set")
    yield from _configured_limits(item)
    yield from _schedule(item)
    if summary is not None and summary.oldest_success is not None:
        yield Fact(
            title="Oldest good backup",
            value=f"{span(max(0, now - summary.oldest_success))} ago",
            note=write_time(summary.oldest_success),
        )
    if summary is not None and summary.stored_bytes is not None:
        yield Fact(title="Stored", value=size(summary.stored_bytes))
    if status.state:
        yield Fact(title="State at the vendor", value=status.state)
    if status.failure is not None:
        yield Fact(title="Cannot be read", value=write_reason(status.failure), note=status.failure)
    yield Fact(title="First seen", value=write_time(status.first_seen))


def _configured_limits(item: ResourceItem) -> Iterator[Fact]:
    policy = item.view.policy
    if policy.max_duration is not None:
        yield Fact(title="Longest run", value=span(policy.max_duration), note="max_duration")
    if policy.min_backups is not None:
        yield Fact(title="Fewest backups", value=str(policy.min_backups), note="min_backups in the configuration")
    if policy.min_retention is not None:
        yield Fact(
            title="Shortest retention", value=span(policy.min_retention), note="min_retention in the configuration"
        )


def _schedule(item: ResourceItem) -> Iterator[Fact]:
    details = item.view.status.details
    if details is None:
        return
    if details.scheduled is False:
        yield Fact(title="Schedule", value="off", note="at the vendor")
    elif details.interval is not None:
        kinds = ", ".join(f"{kind} {span(each)}" for kind, each in sorted(details.intervals.items()) if kind)
        yield Fact(title="Schedule", value=f"every {span(details.interval)}", note=kinds)

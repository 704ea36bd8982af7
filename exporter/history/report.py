"""Makes the report: the outcome of each resource's backups in a period, and what cannot be known of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from exporter import __version__
from exporter.history.instants import format_iso
from exporter.history.timeline import Timeline, find_start, make_timeline
from exporter.history.unknown import explain_unknown, explain_unlisted_failures
from exporter.model import Backup, Status
from exporter.settings import Source
from exporter.state.problem import Problem
from exporter.state.resource import FUTURE_TOLERANCE, ResourceStatus, SourceStatus
from exporter.state.view import ResourceView

FORMAT = 1
COLUMNS = (
    "provider", "source", "resource", "name", "kind", "labels", "limit_seconds", "limit_from", "known_since",
    "attainment", "longest_gap_seconds", "longest_gap_end", "completed", "failed", "cancelled", "first_success",
    "last_success", "first_size_bytes", "last_size_bytes", "longest_duration_seconds", "last_restore",
    "last_restore_status", "oldest_success", "paused", "problems", "unknown",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The time that a report is about, and when it is made."""

    since: float
    until: float
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReading:
    """The result of reading one source."""

    source: Source
    status: SourceStatus
    views: Sequence[ResourceView] = ()
    """Its resources with their verdicts."""

    @property
    def resources(self) -> Sequence[ResourceStatus]:
        """What was read of the resources, without the verdicts."""
        return [view.status for view in self.views]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceEntry:
    """One resource in the report: its record, and the timeline that it was made of."""

    record: Mapping[str, Any]
    timeline: Timeline
    read: bool
    """Whether it could be read whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """A whole report."""

    period: Period
    sources: Sequence[Mapping[str, Any]]
    entries: Sequence[ResourceEntry] = ()
    summary: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def complete(self) -> bool:
        """Whether every source and every resource could be read."""
        return all(source["up"] for source in self.sources) and all(entry.read for entry in self.entries)

    def document(self) -> dict[str, Any]:
        """Return the report as its JSON holds it."""
        return {
            "report": FORMAT,
            "version": __version__,
            "created": format_iso(self.period.now),
            "from": format_iso(self.period.since),
            "until": format_iso(self.period.until),
            "sources": list(self.sources),
            "resources": [entry.record for entry in self.entries],
            "summary": self.summary,
        }


def make_report(readings: Iterable[SourceReading], period: Period) -> BackupReport:
    """Return the report of what was read."""
    readings = list(readings)
    entries = [make_entry(reading, one, period) for reading in readings for one in _sort_by_id(reading.views)]
    return BackupReport(
        period=period,
        sources=[_make_source_record(reading) for reading in readings],
        entries=entries,
        summary=_count_verdicts([entry.record for entry in entries]),
    )


def make_entry(reading: SourceReading, view: ResourceView, period: Period) -> ResourceEntry:
    """Return one resource's part of the report."""
    source, resource_status, policy = reading.source, view.status, view.policy
    resource = resource_status.resource
    known = make_timeline(
        resource_status.listing,
        resource_status.details,
        policy,
        resource.created,
        history=resource_status.history,
    )
    record = {
        "provider": source.provider_name,
        "source": source.name,
        "resource": resource.id,
        "name": resource.name,
        "kind": resource.kind,
        "labels": dict(policy.labels),
        **_judge_age(known, period, read=resource_status.listing is not None),
        **_summarize_runs(known, period, policy.statuses, read=resource_status.listing is not None),
        **_describe_restore(resource_status, period),
        "oldest_success": _format_optional(_find_oldest(resource_status, known, period.now)),
        "paused": policy.paused or resource_status.paused,
        "problems": _list_words(view.verdict.problems),
        "unknown": [
            *explain_unknown(resource_status, known, period.since, period.until, period.now),
            *explain_unlisted_failures(policy.statuses),
        ],
    }
    ordered = {column: record[column] for column in COLUMNS}
    return ResourceEntry(
        record=ordered, timeline=known, read=resource_status.failure is None and resource_status.listing is not None
    )


def _judge_age(known: Timeline, period: Period, *, read: bool) -> dict[str, Any]:
    """Return the figures about the age; all None for a resource whose newest backups could not be read."""
    since, until = period.since, period.until
    gap = known.longest_gap(since, until) if read else None
    return {
        "limit_seconds": simplify_number(known.limit),
        "limit_from": known.limit_from,
        "known_since": _format_optional(known.known_since(since, until) if read else None),
        "attainment": known.attainment(since, until) if read else None,
        "longest_gap_seconds": None if gap is None else simplify_number(gap.seconds),
        "longest_gap_end": None if gap is None else format_iso(gap.end),
    }


def _summarize_runs(known: Timeline, period: Period, statuses: Collection[Status], *, read: bool) -> dict[str, Any]:
    """Return what started in the period.

    There are no counts where the vendor lists no single backups, or could not be read, and none of a status that the
    vendor never lists.
    """
    by_status = {status: known.started(period.since, period.until, status) for status in Status}
    successes = by_status[Status.COMPLETED]
    countable = read and (known.window is None or bool(known.runs))
    first, last = (successes[0], successes[-1]) if successes else (None, None)
    durations = [run.duration for run in successes if run.duration is not None]
    newest = _find_optional_start(last) if known.window is None else _find_newest_point(known, period.until)
    return {
        "completed": len(successes) if countable else None,
        "failed": len(by_status[Status.FAILED]) if countable and Status.FAILED in statuses else None,
        "cancelled": len(by_status[Status.CANCELLED]) if countable and Status.CANCELLED in statuses else None,
        "first_success": _format_optional(_find_optional_start(first)),
        "last_success": _format_optional(newest),
        "first_size_bytes": simplify_number(None if first is None else first.size),
        "last_size_bytes": simplify_number(None if last is None else last.size),
        "longest_duration_seconds": simplify_number(max(durations, default=None)),
    }


def _find_newest_point(known: Timeline, until: float) -> float | None:
    """Return the newest point of a recovery window that lies within the period."""
    window = known.window
    if window is None or window.latest is None or (window.earliest is not None and window.earliest > until):
        return None
    return min(window.latest, until)


def _describe_restore(resource_status: ResourceStatus, period: Period) -> dict[str, Any]:
    restore = resource_status.details.restore if resource_status.details is not None else None
    known = restore is not None and restore.started <= period.until
    return {
        "last_restore": format_iso(restore.started) if restore is not None and known else None,
        "last_restore_status": str(restore.status) if restore is not None and known else None,
    }


def _find_oldest(resource_status: ResourceStatus, known: Timeline, now: float) -> float | None:
    """Return how far back one can restore now; only what is listed can be restored."""
    if known.window is not None:
        return known.window.earliest
    return (
        None
        if resource_status.listing is None
        else resource_status.listing.backups.oldest_success(now + FUTURE_TOLERANCE)
    )


def _make_source_record(reading: SourceReading) -> dict[str, Any]:
    source, status = reading.source, reading.status
    names = {"source": source.name, "provider": source.provider_name}
    return {**names, "up": bool(status.up), "failure": status.failure}


def _list_words(found: Iterable[Problem]) -> list[str]:
    """Return the words of problems, worst first, each once: one word may be about several kinds."""
    return list(dict.fromkeys(problem.word for problem in found))


def _count_verdicts(records: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count the resources by their verdict."""
    counts = Counter(map(judge, records))
    return {"resources": len(records), **{name: counts[name] for name in ("within", "outside", "unjudged")}}


def judge(record: Mapping[str, Any]) -> str:
    """Return how a resource counts in the summary: `within`, `outside` or `unjudged`."""
    if record["attainment"] is None or record["paused"]:
        return "unjudged"
    return "within" if record["attainment"] == 1 else "outside"


def simplify_number(value: float | None) -> float | int | None:
    """Return a number as JSON writes it best: whole ones without a fraction."""
    return int(value) if value is not None and value == int(value) else value


def _sort_by_id(views: Iterable[ResourceView]) -> list[ResourceView]:
    return sorted(views, key=lambda view: view.status.resource.id)


def _find_optional_start(run: Backup | None) -> float | None:
    return None if run is None else find_start(run)


def _format_optional(instant: float | None) -> str | None:
    return None if instant is None else format_iso(instant)

"""Makes the rows of the page: one for a resource, one for a source, every value as text."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from exporter.alerts.runbooks import find_alert, find_runbook
from exporter.human import duration, size, span
from exporter.model import Status
from exporter.state.limits import max_age
from exporter.state.overview import ResourceItem
from exporter.state.problem import Problem
from exporter.web.charts import MAX_POINTS, draw_sizes
from exporter.web.labels import write_problem, write_time

NO_VALUE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRow:
    """One problem for people."""

    severity: str
    words: str
    text: str
    since: str
    alert: str
    runbook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One resource for people."""

    state: str
    name: str
    id: str
    source: str
    provider: str
    kind: str
    labels: tuple[tuple[str, str], ...]
    url: str
    problems: tuple[ProblemRow, ...]
    running: str
    age: str
    limit: str
    ratio: float | None
    size: str
    sizes: tuple[tuple[float, float], ...]
    kept: str


def make_row(item: ResourceItem, now: float) -> Row:
    """Return the row of a resource."""
    status, policy = item.view.status, item.view.policy
    summary, resource = status.summary, status.resource
    limit = max_age(status, policy)
    success = summary.last_success if summary else None
    age = None if success is None else max(0.0, now - success)
    sizes = summary.last_size.values() if summary else ()
    completed = summary.counts.get(Status.COMPLETED) if summary else None
    return Row(
        state=item.state,
        name=resource.name,
        id=resource.id,
        source=item.source.name,
        provider=item.source.provider_name,
        kind=resource.kind,
        labels=policy.labels,
        url=resource_address(item.source.name, resource.id),
        problems=make_problems(item.view.verdict.problems),
        running=_running(item, now),
        age=("never" if summary else NO_VALUE) if age is None else f"{span(age)} ago",
        limit=NO_VALUE if limit is None else span(limit),
        ratio=None if age is None or not limit else age / limit,
        size=size(max(sizes)) if sizes else NO_VALUE,
        sizes=draw_sizes(status.listing.backups.newest_sizes(MAX_POINTS)) if status.listing else (),
        kept=NO_VALUE if completed is None else str(completed),
    )


def make_problems(problems: Iterable[Problem]) -> tuple[ProblemRow, ...]:
    """Return problems for people, in their order."""
    return tuple(_make_problem(one) for one in problems)


def _make_problem(one: Problem) -> ProblemRow:
    alert = find_alert(one.word, str(one.severity))
    return ProblemRow(
        severity=str(one.severity),
        words=write_problem(one.word, one.kind or one.limit),
        text=one.text,
        since="" if one.since is None else write_time(one.since),
        alert=alert.name,
        runbook=find_runbook(alert),
    )


def _running(item: ResourceItem, now: float) -> str:
    summary = item.view.status.summary
    if summary is None or not summary.running or any(one.word == "stuck" for one in item.view.verdict.problems):
        return ""
    since = "" if summary.running_since is None else f" for {duration(max(0.0, now - summary.running_since))}"
    progress = "" if summary.progress is None else f", {summary.progress:.0f} %"
    return f"A backup runs{since}{progress}."


def resource_address(source: str, resource: str) -> str:
    """Return the path of a resource's page; names are escaped as one segment each."""
    return f"/resources/{quote(source, safe='')}/{quote(resource, safe='')}"

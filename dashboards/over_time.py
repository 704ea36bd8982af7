"""The overview's two panels about the past: the share of time within the limit, and a band of statuses."""

from grafana_foundation_sdk.builders import statetimeline
from grafana_foundation_sdk.builders import table as tabular

from dashboards import looks, queries
from dashboards.panels import about, query, timeline
from dashboards.queries import IDENTITY, NAMED, name_series, worst_status
from dashboards.tables import TO_RESOURCE, Column, identify, table


def within() -> tabular.Panel:
    """List the share of time in which each resource was within its limit."""
    what = about(
        "Share of time within the limit",
        "Share of the last 30 days in which the newest good backup was younger than the limit, worst first. Without "
        "paused resources and those that have no limit.",
        width=12,
        height=10,
    )
    watched = f"({queries.WITHIN_LIMIT}) unless {queries.PAUSED}"
    names = f"{queries.NAMES} and on ({IDENTITY}) ({watched})"
    columns = [
        Column(header="Within", expr=watched, unit="percentunit", thresholds=looks.WITHIN, decimals=1),
        Column(header="Name", expr=names, label="resource_name", width=0, links=(TO_RESOURCE,)),
        Column(header="What", label="resource_kind", width=130),
        *identify(),
    ]
    nothing = "needs backup_last_success_timestamp_seconds and backup_max_age_seconds"
    return table(what, columns, {"Within": False}, empty=nothing)


def statuses() -> statetimeline.Panel:
    """Draw a band of statuses for each resource."""
    what = about(
        "Status of the last finished backup",
        "A band for each resource: how its newest finished backup ended, as it was known at the time. A running one "
        "changes nothing until it ends; a gap is a time when nothing was scraped. Needs backup_last_finished_status.",
        width=24,
        height=12,
    )
    status = name_series(worst_status("backup_last_finished_status"))
    return timeline(what, looks.STATUS_WORDS, query(status, NAMED))

"""The page of the exporter's health: whether the other two can be believed."""

from grafana_foundation_sdk.builders import stat, statetimeline
from grafana_foundation_sdk.builders import table as tabular
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import looks
from dashboards.frame import Shown, make_collapsed_row, row
from dashboards.frame import dashboard as framed
from dashboards.panels import MINUTES, SECONDS, Panel, about, bars, chart, hide_limits, number, query, timeline
from dashboards.queries import (
    DATA_AGE,
    POLL_INTERVAL,
    SOURCE,
    SOURCE_RANK,
    SOURCE_UP,
    across,
    exporter,
    least,
    minutes,
    name_series,
    resource,
    source,
)
from dashboards.runtime import BUDGET, EXPORTERS, budgets, exporters, increase, processes, requests
from dashboards.tables import Column, identify, table

DURATION = across("max", source("backup_poll_duration_seconds"))


def _tile(title: str, description: str, expr: str, thresholds: ThresholdsConfig, width: int = 4) -> stat.Panel:
    return number(about(title, description, width=width, height=3), expr, "none", thresholds)


def _source_tiles() -> list[stat.Panel]:
    rejected = source("backup_source_failure", 'reason=~"unauthorized|forbidden"')
    return [
        _tile("Sources down", "Accounts whose last poll failed.", f"sum({SOURCE_UP} == bool 0)", looks.ANY_IS_BAD),
        _tile(
            "Credentials rejected",
            "Accounts whose vendor refuses the key or its rights: make a new one.",
            f"count({across('max', rejected, 'reason')}) or 0 * count({SOURCE_UP})",
            looks.ANY_IS_BAD,
        ),
        _tile(
            "Unreadable",
            "Resources that the last poll could not read whole, while their source may be up.",
            f"sum({least('backup_resource_up')} == bool 0)",
            looks.ANY_IS_ODD,
        ),
    ]


def _tiles() -> list[stat.Panel]:
    reloaded = across("min", exporter("backup_exporter_config_last_reload_successful"))
    loaded = across("min", exporter("backup_exporter_config_last_reload_success_timestamp_seconds"))
    configuration = _tile(
        "Reload", "The last reload of the configuration, in every exporter.", f"min({reloaded})", looks.CALM, 3
    )
    return [
        _tile(
            "Exporters down",
            "Scrape targets of the exporter's job that do not answer. No data: no exporter was seen in this range.",
            f"sum(({EXPORTERS}) == bool 0)",
            looks.ANY_IS_BAD,
        ),
        *_source_tiles(),
        configuration.mappings(looks.RELOAD_WORDS),
        number(
            about("Configuration loaded", "When the oldest configuration was loaded.", width=5, height=3),
            f"1000 * min({loaded})",
            "dateTimeFromNow",
            looks.CALM,
            neutral=True,
        ),
    ]


def _sources() -> tabular.Panel:
    failure = across("max", f"topk by (provider, source) (1, {source('backup_source_failure')})")
    columns = [
        Column(header="Up", expr=SOURCE_UP, mappings=looks.UP_WORDS, width=60),
        Column(header="Source", label="source", width=0, filterable=True),
        Column(header="Provider", label="provider", width=130),
        Column(header="Verdict", expr=SOURCE_RANK, mappings=looks.SEVERITY_WORDS, width=85),
        Column(header="Reason", expr=failure, label="reason"),
        Column(header="Data age", expr=DATA_AGE, unit="dtdhms", width=95),
        Column(
            header="In intervals",
            expr=f"{DATA_AGE} / {POLL_INTERVAL}",
            thresholds=looks.INTERVALS,
            decimals=1,
            width=105,
        ),
        Column(header="Last poll took", expr=DURATION, unit=SECONDS, decimals=3, width=105),
        Column(header="Resources", expr=across("max", source("backup_source_resources")), width=85),
        Column(header="Excluded", expr=across("max", source("backup_source_excluded_resources")), width=75),
        Column(header="Closed scopes", expr=across("max", source("backup_source_unreadable_scopes"))),
        Column(header="Budget left", expr=BUDGET, width=90),
    ]
    what = about(
        "Sources",
        "Every account. Data age counts from its last successful poll; from 3 intervals on its data is stale. "
        "Budget left is the requests that the vendor says remain, where it says so.",
        width=24,
        height=9,
    )
    return table(what, columns, {"Up": False, "In intervals": True})


def _polls() -> list[list[Panel]]:
    configured = across("max", source("backup_poll_configured_interval_seconds"))
    up = about("Source up", "Whether each account's last poll succeeded. A gap is a time when nothing was scraped.")
    age = about(
        "Data age against poll interval",
        "Time since the last successful poll. It should saw between nothing and the dashed poll interval.",
    )
    took = about(
        "Poll duration against poll interval",
        "How long the last poll took. Near the dashed interval, polls get stretched.",
    )
    stretched = about(
        "Poll interval in force",
        "The interval that the exporter keeps; dashed is the configured one. Above it, the API budget does not do.",
    )
    as_limit = f"{SOURCE} limit"
    return [
        [
            timeline(up, looks.UP_WORDS, query(SOURCE_UP, SOURCE)),
            hide_limits(chart(age, MINUTES, query(minutes(DATA_AGE), SOURCE), query(minutes(POLL_INTERVAL), as_limit))),
        ],
        [
            hide_limits(chart(took, SECONDS, query(DURATION, SOURCE), query(POLL_INTERVAL, as_limit))),
            hide_limits(
                chart(stretched, MINUTES, query(minutes(POLL_INTERVAL), SOURCE), query(minutes(configured), as_limit))
            ),
        ],
    ]


def _failures() -> list[list[Panel]]:
    polls = about("Failed polls by reason", "Polls that ended with the source down, in each step of the chart.")
    resources = about("Resource failures by reason", "Readings of single resources that failed, in each step.")
    by_reason = f"{SOURCE} {{{{reason}}}}"
    failing = bars(polls, "none", query(f"{increase('backup_poll_failures_total')} > 0", by_reason))
    unread = bars(resources, "none", query(f"{increase('backup_resource_failures_total')} > 0", by_reason))
    return [[failing, unread], [_unreadable(), _caps()]]


def _unreadable() -> tabular.Panel:
    what = about(
        "Resources failing now", "Resources whose last reading failed, and why. Click one for its details.", height=6
    )
    columns = [
        Column(header="Name", label="resource_name", width=0),
        Column(header="Reason", expr=name_series(across("max", resource("backup_resource_failure"))), label="reason"),
        *identify(),
    ]
    return table(
        what,
        columns,
        {"Reason": False},
        linked="Name",
        empty="no resource fails, or backup_resource_failure is not exposed",
    )


def _caps() -> statetimeline.Panel:
    what = about(
        "Caps reached",
        "Limits that protect exporter and Prometheus and that bite now: what is beyond them is not watched.",
        height=6,
    )
    reached = query(across("max", source("backup_source_limit_reached")), f"{SOURCE} {{{{limit}}}}")
    return timeline(what, looks.CAP_WORDS, reached)


def dashboard() -> Dashboard:
    """Build the page of the exporter's health."""
    return framed(
        "backup-exporter-health",
        "Backups / Exporter health",
        "Can the other dashboards be believed? Sources, polls, API requests and the exporter's own process.",
        "now-24h",
        Shown(instance=True),
        [
            row("Now", _tiles(), [exporters()]),
            row("Sources", [_sources()], *_polls()),
            row("Failures", *_failures()),
            make_collapsed_row("API", requests(), budgets()),
            make_collapsed_row("Process", *processes()),
        ],
    )

"""The overview answers whether everything is backed up, and if not, what is not."""

from grafana_foundation_sdk.builders import bargauge, stat
from grafana_foundation_sdk.builders import table as tabular
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import looks, queries
from dashboards.frame import Shown
from dashboards.frame import dashboard as framed
from dashboards.over_time import statuses, within
from dashboards.panels import (
    BAR_URL,
    HEALTH_URL,
    PAGE_URL,
    RUNBOOK_URL,
    about,
    bar_gauge,
    link,
    number,
    query,
)
from dashboards.queries import (
    count_by,
    count_problems,
    name_series,
    newest,
    of_newest_kind,
    since,
    worst_status,
)
from dashboards.tables import TO_RESOURCE, Column, identify, table

TO_PAGE = ("The exporter's page", PAGE_URL)
TO_RUNBOOK = ("Runbook", RUNBOOK_URL)


def _tile(title: str, description: str, expr: str, thresholds: ThresholdsConfig) -> stat.Panel:
    return number(about(title, description, width=4, height=4), expr, "none", thresholds)


def _trust(title: str, description: str, expr: str, thresholds: ThresholdsConfig) -> stat.Panel:
    return number(about(title, description, width=6, height=3), expr, "none", thresholds)


def _fact(title: str, description: str, expr: str, unit: str = "none") -> stat.Panel:
    return number(about(title, description, width=4, height=3), expr, unit, looks.CALM, neutral=True)


def _to_health(made: stat.Panel) -> stat.Panel:
    return made.data_links([link("Exporter health", HEALTH_URL)])


def _verdict() -> stat.Panel:
    what = about(
        "Need attention",
        "Resources with a critical or warning problem, each counted once. Needs backup_resource_problem and "
        "backup_resource_up, which cannot be excluded.",
        width=8,
        height=4,
    )
    return number(what, queries.NEED_ATTENTION, "none", looks.ANY_IS_BAD).mappings(looks.ALL_OK)


def _problem_tiles() -> list[stat.Panel]:
    words = (
        ("Too old", "too_old|too_old_by_kind", "Newest good backup older than its limit.", looks.ANY_IS_ODD),
        (
            "Nothing to restore",
            "never_succeeded|never_succeeded_by_kind|nothing_to_restore",
            "No good backup is known or listed.",
            looks.ANY_IS_BAD,
        ),
        (
            "Failing",
            "last_run_failed|failing_.*|restore_failed",
            "The newest run, or several, failed.",
            looks.ANY_IS_ODD,
        ),
        ("Stuck", "stuck|progress_stalled", "A backup has been running for too long.", looks.ANY_IS_ODD),
    )
    return [
        _tile(title, f"Resources with such a problem: {text}", count_problems(f'problem=~"{pattern}"'), thresholds)
        for title, pattern, text, thresholds in words
    ]


def _trust_tiles() -> list[stat.Panel]:
    data_age = number(
        about(
            "Data age, in poll intervals",
            "Time since the last successful poll of the worst source, as a multiple of its poll interval. From 3 on, "
            "do not trust this page. Needs backup_poll_last_success_timestamp_seconds.",
            width=6,
            height=3,
        ),
        f"max({queries.DATA_AGE} / {queries.POLL_INTERVAL})",
        "none",
        looks.INTERVALS,
    ).decimals(1)
    return [
        _to_health(
            _trust(
                "Sources down",
                "Accounts whose last poll failed: everything shown of them is from before.",
                f"sum({queries.SOURCE_UP} == bool 0)",
                looks.ANY_IS_BAD,
            )
        ),
        _to_health(data_age),
        _to_health(
            _trust(
                "Unreadable",
                "Resources that the last poll could not read whole; what is shown of them is from before.",
                count_problems('problem="unreadable"'),
                looks.ANY_IS_ODD,
            )
        ),
        _trust(
            "Unscheduled",
            "Resources whose schedule is off or gone, or that have no limit.",
            count_problems('problem=~"schedule_off|schedule_gone|limit_unknown"'),
            looks.ANY_IS_ODD,
        ),
    ]


def _facts() -> list[stat.Panel]:
    return [
        _fact("Resources", "All resources, paused ones too.", f"count({queries.SEEN})"),
        _fact(
            "Stored",
            "Size of all good backups listed. Needs backup_stored_bytes.",
            _sum("backup_stored_bytes"),
            "bytes",
        ),
        _fact(
            "Running now",
            "Resources with a backup in progress. Needs backup_in_progress.",
            count_by(queries.RUNNING, queries.IN_PROGRESS),
        ),
        _fact("Paused", "Resources without alerts.", _count(f"({queries.STATE}) == 0")),
        _fact("Fine", "Resources without any problem.", _count(f"({queries.STATE}) == 1")),
        _fact("Worth a look", "Resources whose worst problem is an info.", _count(f"({queries.STATE}) == 2")),
    ]


def _sum(metric: str) -> str:
    return f"sum({newest(metric)})"


def _count(expr: str) -> str:
    return count_by(expr, queries.SEEN)


def _needing() -> tabular.Panel:
    what = about(
        "What needs attention",
        "Every problem, worst first. Since and Alert need the rules of this exporter. Click a name for the resource or "
        "the exporter's page, an alert for its runbook.",
        width=24,
        height=10,
    )
    columns = [
        Column(header="Severity", expr=queries.PROBLEM_RANK, mappings=looks.SEVERITY_WORDS, filterable=True),
        Column(header="Problem", label="problem", width=190, filterable=True),
        Column(header="Name", label="resource_name", width=0, filterable=True, links=(TO_RESOURCE, TO_PAGE)),
        Column(header="Kind", label="kind", width=100),
        Column(
            header="Since",
            expr=f"{_by_problem('max', '1000 * ALERTS_FOR_STATE')}",
            unit="dateTimeFromNow",
            width=150,
        ),
        Column(header="Alert", expr=_alert_names(), label="alertname", width=230, links=(TO_RUNBOOK,)),
        *identify(),
    ]
    return table(
        what,
        columns,
        {"Severity": True, "Since": False},
        empty="No problem is known; whether resources are read, the first tile says",
    )


FIRING = 'alertstate="firing"'
KEYS = "provider, source, resource, resource_name, problem, kind"


def _by_problem(operator: str, metric: str) -> str:
    selected = metric.replace("ALERTS_FOR_STATE", queries.alerts("ALERTS_FOR_STATE", 'problem!=""'))
    return f"{operator} by ({KEYS}) ({selected})"


def _alert_names() -> str:
    """Return one alert for each problem: of two that select the same word, the one that begins earlier."""
    selected = queries.alerts("ALERTS_FOR_STATE", 'problem!=""')
    return f"max by ({KEYS}, alertname) (topk by ({KEYS}) (1, {selected}))"


def _firing() -> tabular.Panel:
    firing = queries.alerts("ALERTS", 'alertstate="firing"')
    what = about(
        "Firing alerts",
        "Alerts of this exporter that fire now, critical ones first. Those of no source in particular are always "
        "shown. The choice of instance does not apply, for rules aggregate over replicas.",
        width=24,
        height=8,
    )
    ranks = " or ".join(
        f"{rank} * {queries.alerts('ALERTS', FIRING, queries.SEVERITY_MATCHERS[word])}" for word, rank in queries.RANKS
    )
    columns = [
        Column(header="Severity", expr=f"max without (alertstate, severity) ({ranks})", mappings=looks.SEVERITY_WORDS),
        Column(header="Alert", label="alertname", width=230, links=(TO_RUNBOOK,)),
        Column(header="Name", label="resource_name", width=0, links=(TO_RESOURCE,)),
        Column(
            header="Since",
            expr=(
                "max without (severity) "
                f"(1000 * ({queries.alerts('ALERTS_FOR_STATE')} and ignoring (alertstate) {firing}))"
            ),
            unit="dateTimeFromNow",
            width=150,
        ),
        Column(header="Problem", label="problem", width=170),
        Column(header="Kind", label="kind", width=100),
        Column(header="Cap", label="limit", width=90),
        *identify(),
    ]
    nothing = "No alert fires, or the rules are not loaded"
    return table(what, columns, {"Severity": True, "Since": True}, empty=nothing)


def _worst() -> bargauge.Panel:
    what = about(
        "Worst age against its limit",
        "Age of the newest good backup divided by the resource's own limit, the ten highest. From 100 % a backup is "
        "late. Paused resources are left out. Needs backup_last_success_timestamp_seconds and backup_max_age_seconds.",
        width=12,
        height=10,
    )
    share = f"sort_desc(topk(10, {queries.SHARE_OF_LIMIT} unless {queries.PAUSED}))"
    name = "{{resource_name}} ({{source}})"
    made = bar_gauge(what, query(f"sort_desc({name_series(share)})", name), "percentunit", looks.SHARE_OF_LIMIT)
    return made.data_links([link("Open this resource", BAR_URL)])


def _columns() -> list[Column]:
    size = of_newest_kind("backup_last_success_size_bytes")
    duration = of_newest_kind("backup_last_success_duration_seconds")
    status = worst_status("backup_last_finished_status")
    share = f"{queries.SHARE_OF_LIMIT} unless {queries.PAUSED}"
    return [
        Column(header="State", expr=queries.STATE, mappings=looks.STATE_WORDS, filterable=True, width=105),
        Column(
            header="Name", expr=queries.NAMES, label="resource_name", width=0, filterable=True, links=(TO_RESOURCE,)
        ),
        Column(header="Source", label="source", width=100, filterable=True),
        Column(header="Age", expr=queries.AGE, unit="dtdhms", width=105),
        Column(header="Limit", expr=queries.LIMIT, unit="dtdhms", width=105),
        Column(header="Of limit", expr=share, unit="percentunit", thresholds=looks.SHARE_OF_LIMIT, width=100),
        Column(header="Last status", expr=status, mappings=looks.STATUS_WORDS, width=100),
        Column(header="Size", expr=size, unit="decbytes", width=80),
        Column(header="Duration", expr=duration, unit="dthms", width=85),
        Column(header="Kept", expr=queries.KEPT, width=55),
        Column(header="Oldest", expr=since(newest("backup_oldest_success_timestamp_seconds")), unit="dtdhms"),
        Column(header="What", label="resource_kind", width=130),
        Column(header="Provider", label="provider", hidden=True),
        Column(header="Resource", label="resource", hidden=True),
    ]


def _inventory() -> tabular.Panel:
    what = about(
        "Inventory",
        "Every resource, the worst first. Age, size and duration are of the newest good backup, Kept is how many good "
        "ones are listed and Oldest how far back they reach. An empty cell is not reported by the vendor, or its "
        "family is excluded. Click a name for its details.",
        width=24,
        height=14,
    )
    return table(what, _columns(), {"State": True, "Of limit": True})


def dashboard() -> Dashboard:
    """Build the overview."""
    return framed(
        "backup-overview",
        "Backups / Overview",
        "Is everything backed up? What needs attention, since when, and what to do.",
        "now-7d",
        Shown(exporter=True),
        [
            [_verdict(), *_problem_tiles(), *_trust_tiles(), _needing(), _worst(), within()],
            [*_facts(), _inventory(), _firing(), statuses()],
        ],
    )

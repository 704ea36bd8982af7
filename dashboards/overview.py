"""The overview tells whether everything is backed up, and if not, what is not."""

from grafana_foundation_sdk.builders import bargauge, stat, statetimeline
from grafana_foundation_sdk.builders import table as tabular
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import looks, queries
from dashboards.frame import dashboard as framed
from dashboards.frame import row
from dashboards.panels import HEALTH_URL, RESOURCE_URL, about, bar_gauge, link, number, query, timeline
from dashboards.queries import NAMED, count_by, named, newest, of_newest_kind, since, worst_status
from dashboards.tables import Column, table

UNLESS_PAUSED = f"unless {queries.PAUSED}"
NOT_PAUSED = "Paused resources are left out."


def _tile(title: str, description: str, expr: str, thresholds: ThresholdsConfig) -> stat.Panel:
    return number(about(title, description, width=4, height=3), expr, "none", thresholds)


def _to_health(made: stat.Panel) -> stat.Panel:
    return made.data_links([link("Exporter health", HEALTH_URL)])


def _troubles() -> list[stat.Panel]:
    return [
        _tile(
            "Late",
            f"Resources whose newest successful backup is older than their limit. {NOT_PAUSED}",
            count_by(f"{queries.LATE} {UNLESS_PAUSED}"),
            looks.ANY_IS_ODD,
        ),
        _tile(
            "Last run failed",
            f"Resources whose newest finished backup failed; an older one may still be good. {NOT_PAUSED}",
            count_by(f"{queries.FAILED} {UNLESS_PAUSED}"),
            looks.ANY_IS_ODD,
        ),
        _tile(
            "Nothing to restore",
            f"Resources that were read and never showed a successful backup, or whose vendor lists none any more. "
            f"{NOT_PAUSED}",
            count_by(f"({queries.NEVER} or ({queries.NOTHING_LISTED})) {UNLESS_PAUSED}"),
            looks.ANY_IS_BAD,
        ),
    ]


def _blind_spots() -> list[stat.Panel]:
    return [
        _tile(
            "No limit known",
            f"Resources that no age can make late: no schedule is on or known, no max_age is configured. {NOT_PAUSED}",
            count_by(f"{queries.NO_LIMIT} {UNLESS_PAUSED}"),
            looks.steps(("blue", 1)),
        ),
        _to_health(
            _tile(
                "Unreadable",
                "Resources that the last poll could not read whole; what is shown of them is from before.",
                count_by(queries.UNREADABLE),
                looks.ANY_IS_ODD,
            )
        ),
        _to_health(
            _tile(
                "Sources down",
                "Accounts whose last poll failed: everything shown of them is from before.",
                f"sum({queries.SOURCE_UP} == bool 0)",
                looks.ANY_IS_BAD,
            )
        ),
    ]


def _totals() -> list[stat.Panel]:
    stored = number(
        about("Stored", "Size of all successful backups listed, as far as sizes are told.", width=4, height=3),
        f"sum({newest('backup_stored_bytes')})",
        "bytes",
        looks.NEUTRAL,
    )
    data_age = number(
        about(
            "Data age, in poll intervals",
            "Time since the last successful poll of the source that is worst off, as a multiple of its poll interval. "
            "From 3 on do not trust this page.",
            width=4,
            height=3,
        ),
        f"max({queries.DATA_AGE} / {queries.POLL_INTERVAL})",
        "none",
        looks.INTERVALS,
    ).decimals(1)
    up_to_date = "Resources that are read, not paused, within their limit, and whose last run did not fail."
    return [
        _tile("Up to date", up_to_date, count_by(f"({queries.STATE}) == 1"), looks.steps()),
        _tile("Resources", "All resources known, paused ones too.", f"count({queries.KNOWN})", looks.NEUTRAL),
        _tile("Running now", "Resources with a backup in progress.", count_by(queries.RUNNING), looks.NEUTRAL),
        _tile("Paused", "Resources on which no alert is raised.", count_by(queries.PAUSED), looks.CALM),
        stored,
        _to_health(data_age),
    ]


def _firing() -> tabular.Panel:
    firing = queries.alerts("ALERTS", 'alertstate="firing"')
    what = about(
        "Firing alerts",
        "Alerts of this exporter that fire now, critical ones first. Those of no source in particular are always "
        "shown. The choice of job and instance does not apply, for rules aggregate over these.",
    )
    columns = [
        Column(header="Severity", label="severity", mappings=looks.SEVERITY_COLORS),
        Column(header="Alert", label="alertname"),
        Column(header="Name", label="resource_name"),
        Column(
            header="Since",
            expr=f"1000 * ({queries.alerts('ALERTS_FOR_STATE')} and ignoring (alertstate) {firing})",
            unit="dateTimeFromNow",
        ),
    ]
    nothing = "No alert fires, or the rules are not loaded"
    return table(what, columns, {"Severity": False, "Since": True}, linked="Name", empty=nothing)


def _worst() -> bargauge.Panel:
    what = about(
        "Worst age against its limit",
        "Age of the newest successful backup divided by the resource's own limit, the ten highest. "
        "From 100 % a backup is late, from 200 % critical. Paused resources are left out.",
    )
    share = f"topk(10, {queries.SHARE_OF_LIMIT} {UNLESS_PAUSED})"
    made = bar_gauge(what, query(named(share), NAMED), "percentunit", looks.SHARE_OF_LIMIT)
    return made.data_links([link("Open this resource", RESOURCE_URL.replace("__data.fields", "__field.labels"))])


def _columns() -> list[Column]:
    size = of_newest_kind("backup_last_success_size_bytes")
    duration = of_newest_kind("backup_last_success_duration_seconds")
    status = worst_status("backup_last_finished_status")
    share = f"{queries.SHARE_OF_LIMIT} {UNLESS_PAUSED}"
    return [
        Column(header="State", expr=queries.STATE, mappings=looks.STATE_WORDS),
        Column(header="Name", expr=queries.NAMES, label="resource_name"),
        Column(header="Age", expr=queries.AGE, unit="s"),
        Column(header="Limit", expr=queries.LIMIT, unit="s"),
        Column(header="Of limit", expr=share, unit="percentunit", thresholds=looks.SHARE_OF_LIMIT),
        Column(header="Last status", expr=status, mappings=looks.STATUS_WORDS),
        Column(header="Size", expr=size, unit="bytes"),
        Column(header="Duration", expr=duration, unit="s"),
        Column(header="Kept", expr=queries.KEPT),
        Column(header="Oldest", expr=since(newest("backup_oldest_success_timestamp_seconds")), unit="s"),
        Column(header="Running", expr=newest("backup_in_progress")),
        Column(header="What", label="resource_kind"),
        *(Column(header=name, label=name) for name in ("provider", "source", "resource")),
    ]


def _inventory() -> tabular.Panel:
    what = about(
        "Inventory",
        "Every resource, the worst first. Age, size and duration are of the newest successful backup, Kept is how many "
        "successful ones are listed and Oldest how far back they reach. An empty cell is something the vendor does not "
        "tell. Click a name for its details.",
        width=24,
        height=14,
    )
    return table(what, _columns(), {"State": True, "Of limit": True}, linked="Name")


def _timeline() -> statetimeline.Panel:
    what = about(
        "Status of the last finished backup",
        "A band for each resource: how its newest finished backup ended, as it was known at the time. A running one "
        "changes nothing until it ends; a gap is a time when nothing was scraped.",
        width=24,
        height=12,
    )
    status = named(worst_status("backup_last_finished_status"))
    return timeline(what, looks.STATUS_WORDS, query(status, NAMED))


def dashboard() -> Dashboard:
    """Build the overview."""
    return framed(
        "backup-overview",
        "Backups / Overview",
        "Is everything backed up? What is late, failed or never succeeded, and what fires.",
        "now-7d",
        [
            row("Now", [*_troubles(), *_blind_spots()], _totals(), [_worst(), _firing()]),
            row("Inventory", [_inventory()]),
            row("Timeline", [_timeline()]),
        ],
    )

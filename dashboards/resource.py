"""The detail page: what became of one resource's backups."""

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.builders import table as tabular
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import looks, queries
from dashboards.frame import Shown, make_collapsed_row, row
from dashboards.frame import dashboard as framed
from dashboards.panels import (
    DAYS,
    HOURS,
    MINUTES,
    SECONDS,
    About,
    Panel,
    about,
    chart,
    color_statuses,
    count_chart,
    number,
    query,
    timeline,
)
from dashboards.queries import (
    IDENTITY,
    NAMED,
    NAMED_KIND,
    across,
    days,
    hours,
    minutes,
    name_series,
    newest,
    resource,
    since,
    worst_status,
)
from dashboards.tables import Column, table

AS_LIMIT = f"{NAMED} limit"
AS_KIND_LIMIT = f"{NAMED_KIND} limit"
AS_TYPICAL = f"{NAMED_KIND} typical"


def _one_label(metric: str) -> str:
    """Give one series for each resource of a metric whose label is the message, where replicas may see two."""
    return across("max", f"topk by ({IDENTITY}) (1, {resource(metric)})")


def _facts() -> tabular.Panel:
    columns = [
        Column(header="Name", expr=queries.NAMES, label="resource_name", width=0),
        Column(header="Source", label="source", width=120),
        Column(header="What", label="resource_kind", width=130),
        Column(header="Vendor says", expr=_one_label("backup_resource_state"), label="state"),
        Column(header="Schedule", expr=newest("backup_schedule_enabled"), mappings=looks.SCHEDULE_WORDS, width=80),
        Column(header="Interval", expr=newest("backup_expected_interval_seconds"), unit="dtdhms"),
        Column(header="Last failure", expr=since(newest("backup_last_failure_timestamp_seconds")), unit="dtdhms"),
        Column(
            header="Created",
            expr=_date(newest("backup_resource_created_timestamp_seconds")),
            unit="dateTimeAsIso",
            width=150,
        ),
        Column(
            header="First seen",
            expr=_date(queries.least("backup_resource_first_seen_timestamp_seconds")),
            unit="dateTimeAsIso",
            width=150,
        ),
        Column(header="Not read because", expr=_one_label("backup_resource_failure"), label="reason", width=130),
        Column(header="Provider", label="provider", hidden=True),
        Column(header="Resource", label="resource", hidden=True),
    ]
    what = about(
        "Facts",
        "What else is known of the resource now. Last failure is an age, Interval the largest gap of the vendor's own "
        "schedule. A column or cell that is missing is not reported by the vendor, or its family is excluded.",
        width=24,
        height=4,
    )
    return table(what, columns, {"Name": False})


def _tiles() -> list[stat.Panel]:
    def heading(title: str, description: str) -> About:
        return about(title, description, width=8, height=3)

    def tile(title: str, description: str, expr: str, unit: str = "dtdhms") -> stat.Panel:
        return number(heading(title, description), expr, unit, looks.CALM, neutral=True)

    state = heading("State", "The worst severity of its problems, or paused.")
    within = heading(
        "Within the limit", "Share of the last 30 days in which the newest good backup was within its limit."
    )
    return [
        number(state, f"max({queries.STATE})", "none", looks.CALM).mappings(looks.STATE_WORDS),
        number(within, f"min({queries.WITHIN_LIMIT})", "percentunit", looks.WITHIN).decimals(1),
        tile("Age", "Time since the newest good backup began.", f"max({queries.AGE})"),
        tile("Limit", "From this age on it is late.", f"min({queries.LIMIT})"),
        tile("Last attempt", "Time since the newest backup began, good or not.", f"min({_attempt()})"),
        tile("Good backups kept", "As many as the vendor lists.", f"sum({queries.KEPT})", "none"),
    ]


def _attempt() -> str:
    return since(newest("backup_last_attempt_timestamp_seconds"))


def _date(timestamp: str) -> str:
    return f"1000 * {timestamp}"


def _ages() -> list[Panel]:
    by_kind = since(newest("backup_last_success_by_kind_timestamp_seconds"))
    return [
        chart(
            about(
                "Age against limit",
                "Time since the newest successful backup began: what would be lost now. Above the dashed line it is "
                "late, above twice of it critical.",
                height=7,
            ),
            HOURS,
            query(name_series(hours(queries.AGE)), NAMED),
            query(name_series(hours(queries.LIMIT)), AS_LIMIT),
        ),
        chart(
            about(
                "Age by kind against limit",
                "The same for each kind of backup on its own: shows a schedule that died while another kind goes on.",
                height=7,
            ),
            HOURS,
            query(name_series(hours(by_kind)), NAMED_KIND),
            query(name_series(hours(newest("backup_max_age_by_kind_seconds"))), AS_KIND_LIMIT),
        ),
    ]


def _runs() -> list[Panel]:
    return [
        chart(
            about(
                "Size against typical",
                "Size of the newest successful backup of each kind; dashed is the median of up to ten before it. "
                "A drop may be data lost before it was backed up. Incremental ones and snapshots vary by nature.",
            ),
            "bytes",
            query(name_series(newest("backup_last_success_size_bytes")), NAMED_KIND),
            query(name_series(newest("backup_typical_size_bytes")), AS_TYPICAL),
        ),
        chart(
            about(
                "Duration against typical",
                "How long the newest successful backup of each kind took; dashed is the median of up to ten before it.",
            ),
            MINUTES,
            query(name_series(minutes(newest("backup_last_success_duration_seconds"))), NAMED_KIND),
            query(name_series(minutes(newest("backup_typical_duration_seconds"))), AS_TYPICAL),
        ),
    ]


def _history() -> list[Panel]:
    return [
        timeline(
            about(
                "Status of the last finished backup",
                "How the newest finished backup ended, as it was known at the time. A running one changes nothing.",
                width=24,
                height=3,
            ),
            looks.STATUS_WORDS,
            query(name_series(worst_status("backup_last_finished_status")), NAMED),
        )
    ]


def _counts() -> list[Panel]:
    listed = f"sum by (status) ({across('max', resource('backup_backups'))})"
    overall = name_series(newest("backup_failures_since_success"))
    by_kind = name_series(newest("backup_failures_since_success_by_kind"))
    return [
        count_chart(
            about(
                "Failures since the last success",
                "Failed backups newer than the newest successful one, over all and for each kind. One may be chance; "
                "a rising line is not.",
            ),
            query(overall, f"{NAMED} all kinds"),
            query(by_kind, NAMED_KIND),
        ),
        color_statuses(
            chart(
                about("Backups listed, by status", "How many backups the vendor lists, summed over what is chosen."),
                "none",
                query(listed, "{{status}}"),
                stacked=True,
            )
        ),
    ]


def _checks() -> list[Panel]:
    """Show whether the newest backup could be fetched, and what could not be understood."""
    age = name_series(hours(since(newest("backup_download_check_timestamp_seconds"))))
    return [
        timeline(
            about("Download check", "Whether the newest backup could be fetched, where verify_downloads is on."),
            looks.UP_WORDS,
            query(name_series(queries.least("backup_download_check_success")), NAMED),
        ),
        chart(about("Time since the download check", "Age of the last check."), HOURS, query(age, NAMED)),
        chart(
            about("Duration of the download check", "How long the last check took."),
            SECONDS,
            query(name_series(newest("backup_download_check_duration_seconds")), NAMED),
        ),
        count_chart(
            about("Records not understood", "Records of the newest listing that could not be read."),
            query(name_series(newest("backup_unreadable_records")), NAMED),
        ),
    ]


def _progress() -> list[Panel]:
    running_for = name_series(minutes(since(newest("backup_in_progress_start_timestamp_seconds"))))
    longest_typical = name_series(minutes(across("max", resource("backup_typical_duration_seconds"), "kind")))
    return [
        chart(
            about(
                "Progress",
                "How far the oldest running backup is, where the vendor reports it. Flat is stalled.",
                width=8,
            ),
            "percent",
            query(name_series(newest("backup_progress_percent")), NAMED),
        ).max(100),
        chart(
            about(
                "Running for",
                "How long the oldest running backup has been running. Dashed: the longest typical duration of any "
                "kind, and the configured limit that counts where nothing is typical yet.",
                width=8,
            ),
            MINUTES,
            query(running_for, NAMED),
            query(longest_typical, f"{NAMED} typical"),
            query(name_series(minutes(newest("backup_max_duration_seconds"))), AS_LIMIT),
        ),
        count_chart(
            about("Running at once", "Backups in progress. More than one may be a run that never ended.", width=8),
            query(name_series(newest("backup_in_progress")), NAMED),
        ),
    ]


def _retention() -> list[Panel]:
    return [
        count_chart(
            about("Kept", "Successful backups listed; dashed is the configured minimum.", width=8),
            query(name_series(queries.KEPT), NAMED),
            query(name_series(newest("backup_min_backups")), AS_LIMIT),
        ),
        chart(
            about("How far back", "Age of the oldest successful backup; dashed is the configured minimum.", width=8),
            DAYS,
            query(name_series(days(since(newest("backup_oldest_success_timestamp_seconds")))), NAMED),
            query(name_series(days(newest("backup_min_retention_seconds"))), AS_LIMIT),
        ),
        chart(
            about("Stored", "Size of all successful backups listed, as far as sizes are known.", width=8),
            "bytes",
            query(name_series(newest("backup_stored_bytes")), NAMED),
        ),
    ]


def _restores() -> list[Panel]:
    return [
        timeline(
            about("Status of the last restore", "How the newest finished restore ended, where the vendor lists any."),
            looks.STATUS_WORDS,
            query(name_series(worst_status("backup_last_restore_status")), NAMED),
        ),
        chart(
            about("Time since the last restore", "Time since the last restore. Empty: none is listed."),
            DAYS,
            query(name_series(days(since(newest("backup_last_restore_timestamp_seconds")))), NAMED),
        ),
    ]


def dashboard() -> Dashboard:
    """Build the detail page."""
    return framed(
        "backup-resource",
        "Backups / Resource",
        "Everything known of the backups of one resource.",
        "now-7d",
        Shown(one_resource=True),
        [
            row("Now", _tiles(), [_facts()], _history()),
            row("Age", _ages()),
            row("Size and duration", _runs()),
            row("Counts", _counts()),
            make_collapsed_row("Running", _progress()),
            make_collapsed_row("Retention", _retention()),
            make_collapsed_row("Restores", _restores()),
            row("Checks", _checks()),
        ],
    )

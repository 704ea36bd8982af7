"""The alerts about a resource's age, schedule and limits."""

from functools import partial

from exporter.alerts.alert import Alert, Subject
from exporter.alerts.resource_sentences import AGE, LIMIT, LIMIT_BY_KIND
from exporter.alerts.sentences import Form, show

_Alert = partial(Alert, subject=Subject.RESOURCE)

AGES = (
    _Alert(
        name="BackupTooOld",
        word="too_old",
        severity="warning",
        summary=show(AGE, Form.DURATION, "last good backup # ago", "the last good backup is too old") + LIMIT,
        description=(
            "The newest completed backup started longer ago than the limit allows. A restore now loses "
            "everything since."
        ),
        condition="The newest completed backup is older than `backup_max_age_seconds`",
        gist="The newest good backup is older than the limit",
    ),
    _Alert(
        name="BackupTooOldCritical",
        word="too_old",
        only="critical",
        severity="critical",
        summary=show(AGE, Form.DURATION, "last good backup # ago", "the last good backup is far too old") + LIMIT,
        description=(
            "The newest completed backup is older than the limit times `too_old_critical` (2 unless "
            "configured). A restore now loses everything since."
        ),
        condition="It is older than `too_old_critical` (2) times `backup_max_age_seconds`",
        gist="The newest good backup is older than twice the limit",
    ),
    _Alert(
        name="BackupTooOldByKind",
        word="too_old_by_kind",
        severity="warning",
        summary=show(
            "time() - max(backup_last_success_by_kind_timestamp_seconds{%s})",
            Form.DURATION,
            "last good {{ $labels.kind }} backup # ago",
            "the last good {{ $labels.kind }} backup is too old",
        )
        + LIMIT_BY_KIND,
        description=(
            "Backups of the kind {{ $labels.kind }} are behind their own schedule. Newer backups of another "
            "kind mask it."
        ),
        condition=(
            "One kind is older than its `backup_max_age_by_kind_seconds`; a newer backup of another kind masks it"
        ),
        gist="One kind of backup stopped; newer ones of another kind mask it",
    ),
    _Alert(
        name="BackupNeverSucceeded",
        word="never_succeeded",
        severity="critical",
        unanimous=True,
        summary="no completed backup is known" + LIMIT,
        description="The resource is older than its limit, and no backup of it is known to have completed.",
        condition=(
            "Older than `backup_max_age_seconds` (since its creation, else since it was first seen), and no "
            "completed backup is known"
        ),
        gist="No completed backup is known",
    ),
    _Alert(
        name="BackupNeverSucceededByKind",
        word="never_succeeded_by_kind",
        severity="warning",
        unanimous=True,
        summary="no completed {{ $labels.kind }} backup is known" + LIMIT_BY_KIND,
        description=(
            "The limit of {{ $labels.kind }} backups has been known for longer than the limit lasts, and no backup of"
            " this kind has completed. Backups of another kind complete."
        ),
        condition=(
            "A kind's limit has been known for longer than the limit lasts; another kind has succeeded, this one has "
            "not"
        ),
        gist="A schedule of one kind never produced a backup",
    ),
    _Alert(
        name="BackupLimitUnknown",
        word="limit_unknown",
        severity="warning",
        unanimous=True,
        wait="1h",
        summary="no age limit is set or known",
        description=(
            "The vendor reports no schedule that a limit could be derived from, and no max_age is configured. "
            "Nothing alerts when backups stop."
        ),
        condition="No `backup_max_age_seconds`, and the schedule is not known to be off",
        gist="No limit, so no alert when backups stop",
    ),
    _Alert(
        name="BackupTimeInFuture",
        word="time_in_future",
        severity="warning",
        summary="a backup starts in the future",
        description=(
            "The newest backup has a start time more than 5 minutes in the future, by the vendor's clock or ours. It "
            "does not count as the last success until its time has come."
        ),
        condition="The newest attempt or success has a start time more than 5 minutes in the future",
        gist="A backup starts in the future",
    ),
    _Alert(
        name="BackupScheduleOff",
        word="schedule_off",
        severity="warning",
        wait="30m",
        summary="backups are switched off at the vendor",
        description="The vendor reports that no backups are scheduled for this resource.",
        condition="`backup_schedule_enabled` is 0",
        gist="Backups are switched off at the vendor",
    ),
    _Alert(
        name="BackupScheduleGone",
        word="schedule_gone",
        severity="warning",
        unanimous=True,
        wait="30m",
        summary="the schedule for {{ $labels.kind }} backups is gone",
        description=(
            "Within the last day {{ $labels.kind }} backups were scheduled; now only other kinds are. The alert"
            " ends a day after the change."
        ),
        condition="A kind's schedule (`backup_expected_interval_by_kind_seconds`) was there within a day, and is gone",
        gist="One of several schedules was removed",
    ),
    _Alert(
        name="BackupPausedTooLong",
        word="paused_too_long",
        severity="info",
        summary="monitoring has been paused for more than 7 days",
        description=(
            "Monitoring is paused, by configuration or by the resource's own state. No other alert about its "
            "backups fires."
        ),
        condition="`backup_monitoring_paused` has been 1 for 7 days",
        gist="Monitoring has been paused for a week",
    ),
)

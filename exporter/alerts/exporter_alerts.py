"""The alerts that need no verdict: what only Prometheus can see, and problems that have no alert of their own."""

from functools import partial

from exporter.alerts.alert import Alert, Subject

_Alert = partial(Alert, subject=Subject.EXPORTER)

HIDDEN_BY_TARGET = "\n    or ".join(
    f'{family}{{exported_{label}!=""}}'
    for family, labels in (
        ("backup_resource_problem", ("problem", "severity")),
        ("backup_source_problem", ("problem", "severity")),
        ("backup_resource_up", ("provider", "source", "resource")),
    )
    for label in labels
)
"""Labels of the exporter's that a label of the target has renamed."""

EXPORTER_ALERTS = (
    _Alert(
        name="BackupExporterDown",
        expr="up{job=%(job)s} == 0",
        severity="critical",
        wait="5m",
        summary="{{ $labels.instance }}: Prometheus cannot scrape backup-exporter",
        description=(
            "Nothing new is known about the backups that only this instance monitors, and no new alert "
            "about them fires."
        ),
        condition="`up` is 0",
        gist="An exporter does not answer Prometheus",
    ),
    _Alert(
        name="BackupExporterAbsent",
        expr="absent(up{job=%(job)s})",
        severity="critical",
        wait="10m",
        summary="No backup-exporter is scraped",
        description="Prometheus has no target of this job, so no backup is monitored.",
        condition="No `up` of the job",
        gist="No exporter is known to Prometheus",
    ),
    _Alert(
        name="BackupExporterNoSources",
        expr=(
            "max by (%(environment)s) (backup_exporter_build_info)\n"
            "unless on (%(environment)s)\n"
            "  (backup_poll_configured_interval_seconds or backup_source_up)"
        ),
        severity="critical",
        wait="10m",
        summary="{{ $labels.job }}: backup-exporter monitors no source",
        description="The exporter answers, but none of its instances has a source.",
        condition="An instance answers, and no instance of its job has a source",
        gist="The exporter monitors nothing",
    ),
    _Alert(
        name="BackupExporterConfigReloadFailed",
        expr="backup_exporter_config_last_reload_successful == 0",
        severity="warning",
        wait="5m",
        summary="{{ $labels.instance }}: the changed configuration has errors",
        description="The exporter keeps the previous configuration. The next restart would fail.",
        condition="`backup_exporter_config_last_reload_successful` is 0",
        gist="A changed configuration has errors",
    ),
    _Alert(
        name="BackupExporterStateNotWritten",
        expr="backup_exporter_state_last_write_successful == 0",
        severity="info",
        summary="{{ $labels.instance }}: the state file cannot be written",
        description=(
            "The exporter works without it, but a restart loses what vendors no longer list, and when each"
            " problem began."
        ),
        condition="`backup_exporter_state_last_write_successful` is 0",
        gist="The state file cannot be written",
    ),
    _Alert(
        name="BackupExporterClockSkewed",
        expr="abs(backup_exporter_time_seconds - timestamp(backup_exporter_time_seconds)) > 60",
        severity="warning",
        summary="{{ $labels.instance }}: its clock is off by {{ $value | humanizeDuration }}",
        description=(
            "The clocks of the exporter and of Prometheus differ by more than a minute. Ages, and every problem"
            " that depends on time, are wrong by as much."
        ),
        condition="`backup_exporter_time_seconds` differs from Prometheus' clock by more than 60 s",
        gist="The exporter's clock is wrong",
    ),
    _Alert(
        name="BackupVerdictMissing",
        expr=(
            "up{job=%(job)s} == 1\n"
            "unless on (%(instance)s) backup_exporter_resources\n"
            "or\n"
            "count by (%(instance)s) (\n"
            f"       {HIDDEN_BY_TARGET}\n"
            ")"
        ),
        severity="critical",
        summary="{{ $labels.instance }}: its problems do not reach these rules",
        description=(
            "Either the exporter is older than these rules and reports no problems, or a label of its scrape "
            "target hides one of its own labels. Until that is fixed, alerts about backups do not fire."
        ),
        condition="A scraped instance without `backup_exporter_resources`, or with a label renamed to `exported_…`",
        gist="The exporter's problems do not reach the rules",
    ),
    _Alert(
        name="BackupExporterWatchdog",
        expr="vector(1)",
        severity="none",
        wait="",
        summary="The rules of backup-exporter are evaluated",
        description=(
            "This alert always fires. Route it to a service that raises an alarm when it stops: then Prometheus or"
            " Alertmanager is down."
        ),
        condition="Always",
        gist="Always firing, so that its absence can be noticed",
    ),
)

UNKNOWN_WORD = _Alert(
    name="BackupProblem",
    expr=(
        "resource:backup_resource_problem:current{problem!~%(resource_words)s}\n"
        "or\n"
        "max without (%(source_replicas)s) (backup_source_problem{problem!~%(source_words)s})"
    ),
    severity="{{ $labels.severity }}",
    summary=(
        "{{ with $labels.resource_name }}{{ . }}{{ else }}{{ $labels.source }}{{ end }} ({{ $labels.provider }},"
        " {{ $labels.source }}): {{ $labels.problem }}"
    ),
    description=(
        "The exporter is newer than these rules and reports a problem that they have no alert for. Its page "
        "says what it means."
    ),
    condition="A problem with a word that these rules do not know",
    gist="A problem that the rules do not know yet",
)

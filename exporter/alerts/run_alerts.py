"""The alerts about runs of backups and restores."""

from functools import partial

from exporter.alerts.alert import Alert, Subject
from exporter.alerts.resource_sentences import LAST_GOOD, compare_with_typical
from exporter.alerts.sentences import KIND, Form, show

_Alert = partial(Alert, subject=Subject.RESOURCE)

RUNS = (
    _Alert(
        name="BackupLastRunFailed",
        word="last_run_failed",
        severity="warning",
        wait="10m",
        summary="the last backup failed" + LAST_GOOD,
        description="The newest backup that has ended failed. A backup that is still running does not change that.",
        condition='`backup_last_finished_status{status="failed"}` is 1',
        gist="The newest finished backup failed",
    ),
    _Alert(
        name="BackupFailingRepeatedly",
        word="failing_repeatedly",
        severity="warning",
        wait="10m",
        summary=show(
            "max(backup_failures_since_success{%s})",
            Form.NUMBER,
            "# backups have failed in a row",
            "backups fail repeatedly",
        )
        + LAST_GOOD,
        description="At least `failures` (3 unless configured) backups have failed since one completed.",
        condition="`backup_failures_since_success` ≥ `failures` (3)",
        gist="Three or more failures since the last success",
    ),
    _Alert(
        name="BackupFailingRepeatedlyByKind",
        word="failing_repeatedly_by_kind",
        severity="warning",
        wait="10m",
        summary=show(
            "max(backup_failures_since_success_by_kind{%s})",
            Form.NUMBER,
            "# {{ $labels.kind }} backups have failed in a row",
            "{{ $labels.kind }} backups fail repeatedly",
        ),
        description=(
            "At least `failures` (3 unless configured) {{ $labels.kind }} backups have failed since one of that kind"
            " completed. Another kind succeeds."
        ),
        condition="`backup_failures_since_success_by_kind` ≥ `failures` (3), and fewer overall",
        gist="One kind fails repeatedly while another succeeds",
    ),
    _Alert(
        name="BackupStuck",
        word="stuck",
        severity="warning",
        summary=show(
            "time() - min(backup_in_progress_start_timestamp_seconds{%s})",
            Form.DURATION,
            "a backup has been running for #",
            "a backup has been running for too long",
        )
        + show("max(backup_typical_duration_seconds{%s})", Form.DURATION, ", usually #"),
        description=(
            "A backup runs for more than `stuck` (3 unless configured) times its typical duration or, where no typical "
            "duration is known, for longer than max_duration."
        ),
        condition=(
            "Running for > `stuck` (3) times typical duration (15 minutes at least), else > "
            "`backup_max_duration_seconds`"
        ),
        gist="A backup runs far longer than usual",
    ),
    _Alert(
        name="BackupProgressStalled",
        word="progress_stalled",
        severity="warning",
        wait="5m",
        summary=show(
            "max(backup_progress_percent{%s})",
            Form.PERCENT,
            "the running backup is stalled at # %",
            "the running backup makes no progress",
        ),
        description="The percentage of the running backup has not changed for `stalled` (1h unless configured).",
        condition="`backup_progress_percent` unchanged for `stalled` (1h), while the resource can be read",
        gist="A running backup makes no progress",
    ),
    _Alert(
        name="BackupSlow",
        word="slow",
        severity="info",
        wait="30m",
        summary=compare_with_typical(
            "backup_last_success_duration_seconds",
            Form.DURATION,
            f"the last {KIND}backup took #",
            f"the last {KIND}backup took unusually long",
        ),
        description=(
            "The newest completed backup took more than `slow` (3 unless configured) times as long as is typical of its"
            " kind."
        ),
        condition="Duration > `slow` (3) times typical, and 10 minutes more",
        gist="The last backup took more than three times as long as usual",
    ),
    _Alert(
        name="BackupRestoreFailed",
        word="restore_failed",
        severity="warning",
        wait="10m",
        summary="the last restore failed"
        + show("time() - max(backup_last_restore_timestamp_seconds{%s})", Form.DURATION, " # ago"),
        description="The newest restore failed, less than `restore_failed` (7d unless configured) ago.",
        condition="The newest restore failed, less than `restore_failed` (7d) ago",
        gist="The newest restore failed",
    ),
    _Alert(
        name="BackupPartlyFailed",
        word="partly_failed",
        severity="warning",
        summary=show(
            "max(backup_last_success_failures{%s})",
            Form.NUMBER,
            "items that failed in the last completed backup: #",
            "some items failed in the last completed backup",
        ),
        description="The vendor counts the newest backup as completed and lists items within it that failed.",
        condition="`backup_last_success_failures` > 0",
        gist="The last backup completed without some of its items",
    ),
)

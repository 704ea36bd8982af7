"""The alerts about what the vendor keeps of a resource, and whether it can be read."""

from functools import partial

from exporter.alerts.alert import Alert, Subject
from exporter.alerts.resource_sentences import AGE, compare_with_typical
from exporter.alerts.sentences import KIND, Form, list_reasons, show

_Alert = partial(Alert, subject=Subject.RESOURCE)

CONTENTS = (
    _Alert(
        name="BackupNothingToRestore",
        word="nothing_to_restore",
        severity="critical",
        unanimous=True,
        wait="30m",
        summary="no backup is left to restore from" + show(AGE, Form.DURATION, "; the last one started # ago"),
        description="Backups have completed before, and the vendor lists no completed one any more.",
        condition="A success is known, none is listed, and no recovery window either, while the resource can be read",
        gist="Every backup is gone",
    ),
    _Alert(
        name="BackupSizeDropped",
        word="size_dropped",
        severity="warning",
        wait="30m",
        summary=compare_with_typical(
            "backup_last_success_size_bytes",
            Form.NUMBER,
            f"the last {KIND}backup has #",
            f"the last {KIND}backup is much smaller than usual",
        ),
        description=(
            "The newest completed backup has less than `size_drop` (0.5 unless configured) of the size that is typical"
            " of its kind."
        ),
        condition=(
            "Size < `size_drop` (½) of `backup_typical_size_bytes` and 1 MiB less, by kind; not for kinds "
            "that hold differences"
        ),
        gist="The last backup is less than half as large as usual",
    ),
    _Alert(
        name="BackupSizeGrew",
        word="size_grew",
        severity="info",
        wait="30m",
        summary=compare_with_typical(
            "backup_last_success_size_bytes",
            Form.NUMBER,
            f"the last {KIND}backup has #",
            f"the last {KIND}backup is much larger than usual",
        ),
        description=(
            "The newest completed backup has more than `size_growth` (3 unless configured) times the size that is"
            " typical of its kind."
        ),
        condition=(
            "Size > `size_growth` (3) times typical and 10 MiB more, by kind; not for kinds that hold differences"
        ),
        gist="The last backup is more than three times as large as usual",
    ),
    _Alert(
        name="BackupEmpty",
        word="empty",
        severity="warning",
        summary=f"the last {KIND}backup is empty",
        description="The vendor counts the newest backup as completed and reports a size of 0 bytes.",
        condition="Size = 0; not for kinds that hold differences",
        gist="A completed backup has 0 bytes",
    ),
    _Alert(
        name="BackupTooFew",
        word="too_few",
        severity="warning",
        wait="30m",
        summary=show(
            'min(backup_backups{status="completed",%s})',
            Form.NUMBER,
            "completed backups: #",
            "too few backups are kept",
        )
        + show("max(backup_min_backups{%s})", Form.NUMBER, "; wanted: at least #"),
        description="The vendor lists fewer completed backups than min_backups.",
        condition="Completed backups < `backup_min_backups`, once the resource is old enough for that many",
        gist="Fewer backups are kept than wanted",
    ),
    _Alert(
        name="BackupRetentionTooShort",
        word="retention_too_short",
        severity="warning",
        wait="1h",
        summary=show(
            "time() - min(backup_oldest_success_timestamp_seconds{%s})",
            Form.DURATION,
            "backups reach back #",
            "backups do not reach back far enough",
        )
        + show("max(backup_min_retention_seconds{%s})", Form.DURATION, "; wanted: at least #"),
        description="The oldest completed backup is younger than min_retention.",
        condition="Oldest backup younger than `backup_min_retention_seconds`, once the resource is older than that",
        gist="Backups do not reach back as far as wanted",
    ),
    _Alert(
        name="BackupRecordsUnreadable",
        word="records_unreadable",
        severity="warning",
        summary=show(
            "max(backup_unreadable_records{%s})",
            Form.NUMBER,
            "backup records that cannot be understood: #",
            "some backup records cannot be understood",
        ),
        description=(
            "The newest listing holds records whose start, size or finish the exporter cannot read. The log "
            "shows their form once for each source."
        ),
        condition="`backup_unreadable_records` > 0",
        gist="The vendor lists backups in a form that cannot be read",
    ),
    _Alert(
        name="BackupNotDownloadable",
        word="not_downloadable",
        severity="warning",
        summary="the newest backup cannot be downloaded",
        description="The check of the newest completed backup (verify_downloads) failed.",
        condition="`backup_download_check_success` is 0",
        gist="The newest backup cannot be downloaded",
    ),
    _Alert(
        name="BackupResourceUnreadable",
        word="unreadable",
        severity="warning",
        summary="its backups cannot be read" + list_reasons("backup_resource_failure"),
        description=(
            "Polls of this resource fail while the rest of its source can be read. What is known of it is as old as"
            " its last good poll."
        ),
        condition=(
            "Its newest poll failed and none has succeeded for 30 minutes (150 minutes where polls are more than 15"
            " minutes apart), while the source is up"
        ),
        gist="One resource cannot be read, the rest of its source can",
    ),
    _Alert(
        name="BackupResourceDisappeared",
        word="disappeared",
        severity="warning",
        summary="the vendor no longer lists it",
        description=(
            "The resource was there within the last day, and a complete listing no longer has it. The alert "
            "ends one day after it disappeared."
        ),
        condition="There within a day, and not in a complete listing now",
        gist="A resource is no longer listed",
    ),
)

"""The alerts about sources: one a word of `backup_source_problem`."""

from functools import partial

from exporter.alerts.alert import Alert, Subject
from exporter.alerts.sentences import Form, list_reasons, show

_Alert = partial(Alert, subject=Subject.SOURCE)

SOURCE_ALERTS = (
    _Alert(
        name="BackupSourceEmptied",
        word="emptied",
        severity="critical",
        summary="all its resources are gone",
        description=(
            "The source can be read, and no resource is left: the vendor lists none and listed some within the last "
            "day (the alert ends one day later), or include and exclude leave none of those that it lists."
        ),
        condition="Resources of a source fell to 0 within a day, while it can be read",
        gist="A whole account lists nothing any more",
    ),
    _Alert(
        name="BackupCredentialsRejected",
        word="credentials_rejected",
        severity="critical",
        wait="10m",
        summary="the credentials are rejected",
        description=(
            "The vendor answers 401, 402 or 403 for the whole source. Nothing new is known about its backups until "
            "that is fixed."
        ),
        condition="`backup_source_failure` with the reason unauthorized or forbidden",
        gist="The vendor rejects our credentials",
    ),
    _Alert(
        name="BackupSourceDown",
        word="down",
        severity="warning",
        wait="10m",
        summary="cannot be read" + list_reasons("backup_source_failure"),
        description=(
            "Two polls or more have failed (or all since the start). Ages keep growing from the last known values."
        ),
        condition="`backup_source_up` is 0, and the last good poll is over two intervals ago, or there was none",
        gist="An account cannot be read",
    ),
    _Alert(
        name="BackupSourceDataStale",
        word="data_stale",
        severity="warning",
        summary="is no longer polled"
        + show("time() - max(backup_poll_last_success_timestamp_seconds{%s})", Form.DURATION, "; last good poll # ago"),
        description=(
            "No poll has ended for more than three intervals, though none is known to fail. The exporter may hang."
        ),
        condition="The last good poll is over three intervals ago, and none is known to fail",
        gist="An account is no longer polled",
    ),
    _Alert(
        name="BackupRateLimited",
        word="rate_limited",
        severity="warning",
        summary="the vendor's rate limit makes polls fail",
        description=(
            "The last poll failed, wholly or for some resources: the vendor asked for a wait longer than the poll "
            "interval, or answered more than five requests in a row with 429."
        ),
        condition="A failure with the reason rate_limited",
        gist="The vendor's rate limit makes polls fail",
    ),
    _Alert(
        name="BackupSourceLimitReached",
        word="limit_reached",
        severity="warning",
        summary="a cap is reached: {{ $labels.limit }}",
        description=(
            "The exporter leaves out what lies beyond its cap on {{ $labels.limit }}. Backups may be unmonitored."
        ),
        condition="`backup_source_limit_reached` is 1",
        gist="A cap of the exporter was reached",
    ),
    _Alert(
        name="BackupScopeUnreadable",
        word="scopes_unreadable",
        severity="warning",
        summary=show(
            "max(backup_source_unreadable_scopes{%s})",
            Form.NUMBER,
            "projects, apps or customers that cannot be listed: #",
            "some projects, apps or customers cannot be listed",
        ),
        description=(
            "New resources in these projects, apps or customers are not found; known resources keep their last values. "
            "The log names each of them with the reason."
        ),
        condition="`backup_source_unreadable_scopes` > 0",
        gist="Parts of an account cannot be listed",
    ),
    _Alert(
        name="BackupPollIntervalStretched",
        word="interval_stretched",
        severity="info",
        wait="1h",
        summary=show("max(backup_poll_interval_seconds{%s})", Form.DURATION, "polled every #", "polled less often")
        + show(
            "max(backup_poll_configured_interval_seconds{%s})", Form.DURATION, " instead of every #", " than configured"
        ),
        description="The vendor's rate limit does not allow the configured interval for so many resources.",
        condition="`backup_poll_interval_seconds` > `backup_poll_configured_interval_seconds`",
        gist="A source is polled less often than configured",
    ),
)

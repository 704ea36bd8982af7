"""The table of metric families about resources; docs/metrics.md is made from it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exporter.errors import DOWNLOAD_REASONS
from exporter.metrics.family import Family, Sample, each, flag, one, state_set
from exporter.model import UNFINISHED, Restore, Status
from exporter.state.limits import max_age, max_age_by_kind
from exporter.state.view import ResourceView

ENDED = tuple(str(status) for status in Status if status not in UNFINISHED)
POLLED = "as of the last poll"


@dataclass(frozen=True, slots=True)
class SummarySamples:
    """Samples of one field of the summary: if the field is unchanged, so are they."""

    field: str
    shape: Callable[[Any], Iterable[Sample]]
    """Makes samples of the field's value."""
    of_failures: bool = False
    """Whether the samples are about failures, and absent if the vendor lists none."""
    by_status: bool = False
    """Whether the first label is a status; samples of statuses that the vendor does not have are left out."""

    def __call__(self, view: ResourceView) -> Iterable[Sample]:
        """Return the samples; none where the field is unknown, or before the first listing."""
        summary = view.status.summary
        value = None if summary is None else getattr(summary, self.field)
        statuses = view.policy.statuses
        if value is None or (self.of_failures and Status.FAILED not in statuses):
            return ()
        samples = self.shape(value)
        if not self.by_status or len(statuses) == len(Status):
            return samples
        return [(own, number) for own, number in samples if own[0] in statuses]


def summary_value(field: str, *, of_failures: bool = False) -> SummarySamples:
    """Return a single sample."""
    return SummarySamples(field, lambda number: (((), number),), of_failures)


def summary_by_kind(field: str, *, named: bool = False, of_failures: bool = False) -> SummarySamples:
    """Return a sample for each kind; with `named`, none where the vendor makes no difference between kinds."""
    return SummarySamples(
        field, lambda values: [((key,), number) for key, number in values.items() if key or not named], of_failures
    )


def _restore(view: ResourceView) -> Restore | None:
    return view.status.details.restore if view.status.details else None


def _download_failures(view: ResourceView) -> Mapping[str, float]:
    check = view.status.download_check
    return {} if check is None else {reason: check.failures.get(reason, 0) for reason in DOWNLOAD_REASONS}


AGE = "backup_age_seconds"
PROBLEM = "backup_resource_problem"

RESOURCE_FAMILIES: tuple[Family[ResourceView], ...] = (
    Family(
        name="backup_resource_info",
        help="Always 1; the labels hold the resource's current name and kind, as of the last discovery.",
        own=("resource_name", "resource_kind"),
        samples=lambda v: [((v.status.resource.name, v.status.resource.kind), 1)],
    ),
    Family(
        name="backup_resource_state",
        help="Always 1; the label holds the vendor's word for the resource's state, as of the last discovery.",
        own=("state",),
        samples=lambda v: [((v.status.state,), 1)] if v.status.state else [],
    ),
    Family(
        name="backup_resource_up",
        help="1 if the last poll read the whole resource, at most 3 intervals ago; absent before the first.",
        samples=one(lambda v: flag(v.up)),
    ),
    Family(
        name="backup_resource_failure",
        help="1 while the resource cannot be read, with the reason; absent otherwise.",
        own=("reason",),
        samples=lambda v: [((v.status.failure,), 1)] if v.status.failure else [],
    ),
    Family(
        name=PROBLEM,
        help="1 for each current problem of the resource, evaluated at the scrape; absent otherwise."
        " See docs/verdict.md for the names.",
        own=("resource_name", "problem", "severity", "kind"),
        samples=lambda v: [
            ((v.status.resource.name, one.word, one.severity.value, one.kind), 1) for one in v.verdict.problems
        ],
    ),
    Family(
        name="backup_resource_worst_severity",
        help="Severity of the worst problem of the resource: 0 none, 1 info, 2 warning, 3 critical; absent while"
        " it is paused.",
        samples=one(lambda v: None if v.verdict.state == "paused" else v.verdict.rank),
    ),
    Family(
        name="backup_resource_created_timestamp_seconds",
        help="When the resource was created, where the vendor reports it.",
        samples=one(lambda v: v.status.resource.created),
    ),
    Family(
        name="backup_resource_first_seen_timestamp_seconds",
        help="When this exporter first saw the resource; a state file keeps it across restarts.",
        samples=one(lambda v: v.status.first_seen),
    ),
    Family(
        name=AGE,
        help="Age of the newest completed backup at the scrape; canonical: backup_last_success_timestamp_seconds.",
        samples=summary_value("last_success"),  # the exposition takes the difference at the scrape
    ),
    Family(
        name="backup_last_success_timestamp_seconds",
        help="The recovery point: when the newest completed backup started. Kept while the vendor"
        " is down, or if it no longer lists the backup.",
        samples=summary_value("last_success"),
    ),
    Family(
        name="backup_last_success_by_kind_timestamp_seconds",
        help="When the newest completed backup of each kind started, where kinds exist.",
        own=("kind",),
        samples=summary_by_kind("last_success_by_kind", named=True),
    ),
    Family(
        name="backup_last_success_size_bytes",
        help="Size of the newest completed backup of the kind.",
        own=("kind",),
        samples=summary_by_kind("last_size"),
    ),
    Family(
        name="backup_last_success_duration_seconds",
        help="Duration from start to finish of the newest completed backup of the kind.",
        own=("kind",),
        samples=summary_by_kind("last_duration"),
    ),
    Family(
        name="backup_typical_size_bytes",
        help="Median size of up to 10 completed backups of the kind before the newest; absent if fewer than 3.",
        own=("kind",),
        samples=summary_by_kind("typical_size"),
    ),
    Family(
        name="backup_typical_duration_seconds",
        help="Median duration of up to 10 completed backups of the kind before the newest; absent if fewer than 3.",
        own=("kind",),
        samples=summary_by_kind("typical_duration"),
    ),
    Family(
        name="backup_last_attempt_timestamp_seconds",
        help=f"Start of the newest backup that is not pending, {POLLED}.",
        samples=summary_value("last_attempt"),
    ),
    Family(
        name="backup_last_failure_timestamp_seconds",
        help=f"Start of the newest failed backup, {POLLED}.",
        samples=summary_value("last_failure", of_failures=True),
    ),
    Family(
        name="backup_last_finished_status",
        help="1 for the status of the newest backup that has ended, 0 for the others; running ones do not change it.",
        own=("status",),
        samples=SummarySamples(
            "last_finished", lambda word: [((state,), float(state == word)) for state in ENDED], by_status=True
        ),
    ),
    Family(
        name="backup_failures_since_success",
        help=f"Failed backups that started after the newest completed one, {POLLED}.",
        samples=summary_value("failures", of_failures=True),
    ),
    Family(
        name="backup_failures_since_success_by_kind",
        help=f"Failed backups of the kind that started after its newest completed one, {POLLED}.",
        own=("kind",),
        samples=summary_by_kind("failures_by_kind", named=True, of_failures=True),
    ),
    Family(
        name="backup_backups",
        help="Backups that the vendor lists, by status; between two whole listings, polls update the number from the"
        " newest pages.",
        own=("status",),
        samples=SummarySamples(
            "counts", lambda values: [((key,), number) for key, number in values.items()], by_status=True
        ),
    ),
    Family(
        name="backup_stored_bytes",
        help="Sum of the sizes of the completed backups that the vendor lists; as fresh as backup_backups.",
        samples=summary_value("stored_bytes"),
    ),
    Family(
        name="backup_oldest_success_timestamp_seconds",
        help="Start of the oldest completed backup that the vendor lists; as fresh as backup_backups.",
        samples=summary_value("oldest_success"),
    ),
    Family(
        name="backup_in_progress",
        help="How many backups are running, as of the last poll or progress check.",
        samples=summary_value("running"),
    ),
    Family(
        name="backup_in_progress_start_timestamp_seconds",
        help="Start of the oldest running backup.",
        samples=summary_value("running_since"),
    ),
    Family(
        name="backup_progress_percent",
        help="Progress of the oldest running backup, from 0 to 100, where the vendor reports it; canonical for"
        " whether it runs: backup_in_progress.",
        samples=summary_value("progress"),
    ),
    Family(
        name="backup_schedule_enabled",
        help="1 if the vendor reports that backups are scheduled, 0 if it reports that they are not.",
        samples=one(lambda v: flag(v.status.details.scheduled) if v.status.details else None),
    ),
    Family(
        name="backup_expected_interval_seconds",
        help="Largest gap between two slots of the vendor's schedule, for all kinds together.",
        samples=one(lambda v: v.status.details.interval if v.status.details else None),
    ),
    Family(
        name="backup_expected_interval_by_kind_seconds",
        help="Largest gap between two slots of the vendor's schedule for the kind.",
        own=("kind",),
        samples=each(lambda v: v.status.scheduled_intervals),
    ),
    Family(
        name="backup_max_age_seconds",
        help="The age limit: configured, else derived from the expected interval; absent where neither is known.",
        samples=one(lambda v: max_age(v.status, v.policy)),
    ),
    Family(
        name="backup_max_age_by_kind_seconds",
        help="The age limit of the kind, derived from its expected interval.",
        own=("kind",),
        samples=each(lambda v: max_age_by_kind(v.status, v.policy)),
    ),
    Family(
        name="backup_max_duration_seconds",
        help="The configured limit for a running backup, used where no typical duration is known.",
        samples=one(lambda v: v.policy.max_duration),
    ),
    Family(
        name="backup_min_backups",
        help="The configured minimum of completed backups that the vendor keeps.",
        samples=one(lambda v: v.policy.min_backups),
    ),
    Family(
        name="backup_min_retention_seconds",
        help="The configured minimum age of the oldest completed backup.",
        samples=one(lambda v: v.policy.min_retention),
    ),
    Family(
        name="backup_configured_retention_seconds",
        help="How long the vendor is configured to keep backups, where it reports that; of several schedules, the"
        " longest.",
        samples=one(lambda v: v.status.details.retention if v.status.details else None),
    ),
    Family(
        name="backup_last_success_failures",
        help="Items that failed within the newest completed backup, where the vendor lists them.",
        samples=summary_value("item_failures"),
    ),
    Family(
        name="backup_expires_timestamp_seconds",
        help="When the vendor deletes the newest completed backup, where it reports that.",
        samples=summary_value("expires"),
    ),
    Family(
        name="backup_monitoring_paused",
        help="1 if alerts about this resource's backups are paused, by configuration or by its own state; else 0.",
        samples=one(lambda v: float(v.policy.paused or v.status.paused)),
    ),
    Family(
        name="backup_unreadable_records",
        help="Listed backups whose start, or if completed whose size or finish, has an unknown form; each form is"
        " logged once.",
        samples=one(lambda v: v.status.unreadable_records),
    ),
    Family(
        name="backup_last_restore_timestamp_seconds",
        help="Start of the newest restore that has ended, where the vendor lists restores; read once per"
        " discovery_interval.",
        samples=one(lambda v: restore.started if (restore := _restore(v)) else None),
    ),
    Family(
        name="backup_last_restore_status",
        help="1 for the status of the newest restore that has ended, 0 for the others.",
        own=("status",),
        samples=state_set(ENDED, lambda v: restore.status if (restore := _restore(v)) else None),
    ),
    Family(
        name="backup_download_check_success",
        help="1 if the last check could fetch the newest completed backup, 0 if not.",
        samples=one(lambda v: flag(check.success) if (check := v.status.download_check) else None),
    ),
    Family(
        name="backup_download_check_timestamp_seconds",
        help="When the last download check ended.",
        samples=one(lambda v: check.at if (check := v.status.download_check) else None),
    ),
    Family(
        name="backup_download_check_duration_seconds",
        help="Duration of the last download check.",
        samples=one(lambda v: check.duration if (check := v.status.download_check) else None),
    ),
    Family(
        name="backup_download_check_failures_total",
        help="Failed download checks, by reason.",
        type="counter",
        own=("reason",),
        samples=each(_download_failures),
    ),
)

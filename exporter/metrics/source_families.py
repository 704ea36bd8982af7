"""The table of metric families about sources and about the exporter itself; docs/metrics.md is made from it."""

from collections.abc import Iterable
from itertools import accumulate

from exporter import __version__
from exporter.counters import BUCKETS
from exporter.errors import REASONS
from exporter.metrics.family import SOURCE_LABELS, Family, Sample, each, flag, one
from exporter.state.store import ExporterStatus, SourceEntry


def _histogram(view: SourceEntry) -> Iterable[Sample]:
    """Return the cumulated buckets with their `le`."""
    bounds = (*map(str, BUCKETS), "+Inf")
    return [((bound,), count) for bound, count in zip(bounds, accumulate(view.counters.buckets), strict=True)]


SOURCE_FAMILIES: tuple[Family[SourceEntry], ...] = (
    Family(
        name="backup_source_up",
        help="1 if the source's last poll succeeded; 0 if its token, its discovery or every resource failed.",
        common=SOURCE_LABELS,
        samples=one(lambda v: flag(v.status.up)),
    ),
    Family(
        name="backup_source_failure",
        help="1 while the source cannot be read, with the reason; absent otherwise.",
        common=SOURCE_LABELS,
        own=("reason",),
        samples=lambda v: [((v.status.failure,), 1)] if v.status.failure else [],
    ),
    Family(
        name="backup_source_resources",
        help="Resources currently known.",
        common=SOURCE_LABELS,
        samples=one(lambda v: v.status.resources),
    ),
    Family(
        name="backup_source_excluded_resources",
        help="Resources that the vendor lists, but include and exclude leave out.",
        common=SOURCE_LABELS,
        samples=one(lambda v: v.status.excluded_resources),
    ),
    Family(
        name="backup_source_problem",
        help="1 for each current problem of the source itself, evaluated at the scrape; absent otherwise.",
        common=SOURCE_LABELS,
        own=("problem", "severity", "limit"),
        samples=lambda v: [((one.word, one.severity.value, one.limit), 1) for one in v.verdict.problems],
    ),
    Family(
        name="backup_source_worst_severity",
        help="Severity of the worst problem of the source itself: 0 none, 1 info, 2 warning, 3 critical.",
        common=SOURCE_LABELS,
        samples=one(lambda v: v.verdict.rank),
    ),
    Family(
        name="backup_source_unreadable_scopes",
        help="Projects, apps or customers whose resources could not be listed in the last discovery; 0 if all could.",
        common=SOURCE_LABELS,
        samples=one(lambda v: None if v.status.unreadable_scopes is None else len(v.status.unreadable_scopes)),
    ),
    Family(
        name="backup_source_limit_reached",
        help="1 while a cap of the exporter is reached; absent otherwise.",
        common=SOURCE_LABELS,
        own=("limit",),
        samples=lambda v: [((limit,), 1) for limit in sorted(v.status.limits)],
    ),
    Family(
        name="backup_poll_interval_seconds",
        help="The poll interval in force; longer than the configured one if the rate limit requires it.",
        common=SOURCE_LABELS,
        samples=one(lambda v: v.status.interval),
    ),
    Family(
        name="backup_poll_configured_interval_seconds",
        help="The poll interval as configured.",
        common=SOURCE_LABELS,
        samples=one(lambda v: v.status.configured_interval),
    ),
    Family(
        name="backup_poll_duration_seconds",
        help="How long the last poll took, including the wait for the rate limit.",
        common=SOURCE_LABELS,
        samples=one(lambda v: v.status.duration),
    ),
    Family(
        name="backup_poll_last_success_timestamp_seconds",
        help="When the last successful poll ended.",
        common=SOURCE_LABELS,
        samples=one(lambda v: v.status.last_success),
    ),
    Family(
        name="backup_polls_total",
        help="Polls that have ended.",
        type="counter",
        common=SOURCE_LABELS,
        samples=one(lambda v: v.counters.polls),
    ),
    Family(
        name="backup_poll_failures_total",
        help="Polls that ended with the source down, by reason.",
        type="counter",
        common=SOURCE_LABELS,
        own=("reason",),
        samples=each(lambda v: {reason: v.counters.poll_failures[reason] for reason in REASONS}),
    ),
    Family(
        name="backup_resource_failures_total",
        help="Failed reads of resources of the source, by reason.",
        type="counter",
        common=SOURCE_LABELS,
        own=("reason",),
        samples=each(lambda v: {reason: v.counters.resource_failures[reason] for reason in REASONS}),
    ),
    Family(
        name="backup_api_requests_total",
        help="Requests to the vendor, including token calls, by status code; the code is none without a response.",
        type="counter",
        common=SOURCE_LABELS,
        own=("code",),
        samples=each(lambda v: dict(sorted(v.counters.requests.items()))),
    ),
    Family(
        name="backup_api_request_duration_seconds",
        help="How long requests to the vendor took.",
        type="histogram",
        common=SOURCE_LABELS,
        own=("le",),
        samples=_histogram,
        total=lambda v: v.counters.seconds,
    ),
    Family(
        name="backup_api_throttled_seconds_total",
        help="Seconds that requests waited for the rate limit.",
        type="counter",
        common=SOURCE_LABELS,
        samples=one(lambda v: v.counters.throttled),
    ),
    Family(
        name="backup_api_rate_limit_remaining_requests",
        help="Requests left in the vendor's window, where its headers report it.",
        common=SOURCE_LABELS,
        samples=one(lambda v: v.counters.remaining),
    ),
)

EXPORTER_FAMILIES: tuple[Family[ExporterStatus], ...] = (
    Family(
        name="backup_exporter_build_info",
        help="Always 1; the label holds the version of this exporter.",
        common=(),
        own=("version",),
        samples=lambda _: [((__version__,), 1)],
    ),
    Family(
        name="backup_exporter_config_last_reload_successful",
        help="1 if the last load of the configuration succeeded, else 0.",
        common=(),
        samples=one(lambda v: float(v.reload_succeeded)),
    ),
    Family(
        name="backup_exporter_config_last_reload_success_timestamp_seconds",
        help="When the configuration was last loaded successfully.",
        common=(),
        samples=one(lambda v: v.reload_succeeded_at),
    ),
    Family(
        name="backup_exporter_state_last_write_successful",
        help="1 if the last write of the state file succeeded, 0 if not; absent if state_file is none.",
        common=(),
        samples=one(lambda v: flag(v.state_written)),
    ),
    Family(
        name="backup_exporter_resources",
        help="Resources of this instance by worst problem: critical, warning, info, fine; or paused.",
        common=(),
        own=("state",),
        samples=each(lambda v: v.resources),
    ),
    Family(
        name="backup_exporter_time_seconds",
        help="The exporter's clock.",
        common=(),
        samples=one(lambda v: v.time),
    ),
    Family(
        name="backup_exporter_log_lines_dropped_total",
        help="Log lines that could not be written, or did not fit into the buffer while the log could not be written.",
        type="counter",
        common=(),
        samples=one(lambda v: v.log_lines_dropped),
    ),
    Family(
        name="backup_exporter_task_restarts_total",
        help="Tasks of the exporter that ended unexpectedly and were restarted.",
        type="counter",
        common=(),
        samples=one(lambda v: v.task_restarts),
    ),
)

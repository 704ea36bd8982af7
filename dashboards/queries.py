"""The PromQL that the dashboards share: which series a panel reads, and how replicas become one.

Several exporters may watch the same resource and disagree for a while, so nothing is shown before it is aggregated over
whoever exposed it. `without` (not `by`) keeps the labels that the configuration puts on a source.
"""

from exporter.labels import REPLICA_LABELS

OF_EXPORTER = ("cluster", "job", "instance")
OF_SOURCE = (*OF_EXPORTER, "provider", "source")
OF_RESOURCE = (*OF_SOURCE, "resource")
IDENTITY = "provider, source, resource"

NAMED = "{{source}} / {{resource_name}}"
NAMED_KIND = f"{NAMED} {{{{kind}}}}"
SOURCE = "{{provider}} / {{source}}"


def _selector(metric: str, variables: tuple[str, ...], extra: tuple[str, ...]) -> str:
    matchers = [f'{name}=~"${name}"' for name in variables]
    return f"{metric}{{{', '.join([*matchers, *extra])}}}"


def resource(metric: str, *extra: str) -> str:
    """Select a metric of resources, by all the dashboard's variables."""
    return _selector(metric, OF_RESOURCE, extra)


def source(metric: str, *extra: str) -> str:
    """Select a metric of sources."""
    return _selector(metric, OF_SOURCE, extra)


def exporter(metric: str, *extra: str) -> str:
    """Select a metric of the exporter's own process."""
    return _selector(metric, OF_EXPORTER, extra)


def across(operator: str, expr: str, *dropped: str) -> str:
    """Make one series of what replicas say; `dropped` labels go as well."""
    return f"{operator} without ({', '.join((*REPLICA_LABELS, *dropped))}) ({expr})"


def newest(metric: str, *extra: str) -> str:
    """Give the highest value that any replica holds for a resource: of timestamps the one that is not stale."""
    return across("max", resource(metric, *extra))


def least(metric: str, *extra: str) -> str:
    """Give the lowest value of any replica, for what must be 1 everywhere and for what began first."""
    return across("min", resource(metric, *extra))


def of_status(metric: str, status: str) -> str:
    """Read one status of a metric that has a series for each."""
    return across("max", resource(metric, f'status="{status}"'), "status")


def since(newest_timestamp: str) -> str:
    """Turn a timestamp into an age; `max(backup_age_seconds)` would give that of the stalest replica."""
    return f"clamp_min(time() - {newest_timestamp}, 0)"


def minutes(seconds: str) -> str:
    """Turn seconds into minutes."""
    return f"({seconds}) / 60"


def hours(seconds: str) -> str:
    """Turn seconds into hours."""
    return f"({seconds}) / 3600"


def days(seconds: str) -> str:
    """Turn seconds into days."""
    return f"({seconds}) / 86400"


def name_series(expr: str) -> str:
    """Put the resource's name on each series.

    `topk` picks one where two replicas saw two names: a plain join would fail, and for every resource at once.
    """
    return f"({expr}) * on ({IDENTITY}) group_left (resource_name) topk by ({IDENTITY}) (1, {INFO})"


def of_newest_kind(metric: str) -> str:
    """Read a metric kept for each kind, of the kind that the newest success has: compared inside one exporter.

    Where the times by kind are not exposed, it is the only kind's.
    """
    newest_kind = (
        f"{resource('backup_last_success_by_kind_timestamp_seconds')}"
        f" == ignoring (kind) group_left () {resource('backup_last_success_timestamp_seconds')}"
    )
    kinds = across("max", f"{resource(metric)} and ({newest_kind})", "kind")
    without_kind = across("max", resource(metric, 'kind=""'), "kind")
    any_time = across("max", resource("backup_last_success_by_kind_timestamp_seconds"), "kind")
    each_kind = across("max", resource(metric))
    only_kind = f"max without (kind) ({each_kind}) and count without (kind) ({each_kind}) == 1 unless {any_time}"
    return f"{kinds} or {without_kind} or {only_kind}"


def count_by(expr: str, exposed: str) -> str:
    """Count resources, with 0 where none fits but nothing where the family is not exposed: silence is not health."""
    return f"count({expr}) or 0 * count({exposed})"


INFO = resource("backup_resource_info")
NAMES = across("max", f"topk by ({IDENTITY}) (1, {INFO})")
KNOWN = newest("backup_monitoring_paused")
LAST_SUCCESS = newest("backup_last_success_timestamp_seconds")
AGE = since(LAST_SUCCESS)
LIMIT = newest("backup_max_age_seconds")
SHARE_OF_LIMIT = f"{AGE} / {LIMIT}"
KEPT = of_status("backup_backups", "completed")
IN_PROGRESS = newest("backup_in_progress")
RUNNING = f"{IN_PROGRESS} > 0"

PROBLEM_LABELS = ("resource_name", "problem", "severity", "kind")
RANKS = (("critical", 3), ("warning", 2), ("info", 1))


def having(*extra: str) -> str:
    """Return a series for each resource that has such a problem, however many."""
    return across("max", resource("backup_resource_problem", *extra), *PROBLEM_LABELS)


SEEN = least("backup_resource_up")
"""A series for each resource that was read: of the facts the one that the alerts need too, so it is always there."""
SEVERITY_MATCHERS = {word: f'severity="{word}"' for word, _ in RANKS}
RANK = " or ".join(f"{rank} * {having(SEVERITY_MATCHERS[word])}" for word, rank in RANKS)
"""The worst severity of each resource that has a problem: 1 info, 2 warning, 3 critical."""
JUDGED = newest("backup_resource_worst_severity")
PAUSED = f"({KNOWN} == 1 or ({SEEN} unless {JUDGED} and on () {JUDGED}))"
"""A series for each paused one; where `backup_monitoring_paused` is not exposed, these alone have no worst severity."""
SOURCE_UP = across("min", source("backup_source_up"))
UNREAD = f"{SEEN} and on (provider, source) ({SOURCE_UP} == 0)"
"""The resources of a source that is down: what is known of them is from before."""
STATE = f"0 * {PAUSED} or ({RANK}) + 1 or 1.5 + 0 * ({UNREAD}) or 1 + 0 * {SEEN}"
"""One number for each resource: 0 paused, 1 fine, 1.5 not read, 2 info, 3 warning, 4 critical."""


def count_problems(*extra: str) -> str:
    """Count resources with such a problem, each once; 0 where none has one, nothing where no exporter is read."""
    return f"count({having(*extra)}) or 0 * count({SEEN})"


NEED_ATTENTION = count_problems('severity=~"critical|warning"')
PROBLEM_RANK = " or ".join(
    f"{rank} * {across('max', resource('backup_resource_problem', SEVERITY_MATCHERS[word]), 'severity')}"
    for word, rank in RANKS
)
"""The severity of each problem as a number."""
WITHIN_LIMIT = f"avg_over_time(({AGE} <= bool {LIMIT})[30d:30m])"
"""The share of the last 30 days in which the age was within the limit, 0 to 1."""

STATUSES = ("completed", "unknown", "unsupported", "cancelled", "failed")


def worst_status(metric: str) -> str:
    """Turn a state set into the place of its status in `STATUSES`, from 1; of two replicas' the worse."""
    ranked = enumerate((resource(metric, f'status="{status}"') for status in STATUSES), 1)
    return across("max", " or ".join(f"{place} * ({selected} == 1)" for place, selected in ranked), "status")


def alerts(metric: str, *extra: str) -> str:
    """Select our alerts: of what is chosen, and those of no resource or no source in particular.

    Not by instance: rules aggregate over replicas, and one that watches for absence has no labels.
    """
    chosen = (f'{name}=~"${name}|"' for name in ("cluster", "job", "provider", "source", "resource"))
    return _selector(metric, (), ('alertname=~"Backup.*"', *chosen, *extra))


SOURCE_PROBLEM_LABELS = ("problem", "severity", "limit")
SOURCE_RANK = " or ".join(
    f"{rank} * {across('max', source('backup_source_problem', SEVERITY_MATCHERS[word]), *SOURCE_PROBLEM_LABELS)}"
    for word, rank in RANKS
)
"""The worst severity of each source that has a problem."""
DATA_AGE = since(across("max", source("backup_poll_last_success_timestamp_seconds")))
POLL_INTERVAL = across("max", source("backup_poll_interval_seconds"))

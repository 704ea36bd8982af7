"""What the exporter itself does: its requests to the vendors, and its own process."""

from grafana_foundation_sdk.builders import table as tabular

from dashboards import looks
from dashboards.panels import SECONDS, Panel, about, bars, chart, query
from dashboards.queries import SOURCE, across, exporter, source
from dashboards.tables import Column, table

PER_STEP = "[$__rate_interval]"
LEAST_STEP = "2m"
"""A rate needs two samples: with a scrape a minute, a shorter step would be empty."""
BUDGET = across("min", source("backup_api_rate_limit_remaining_requests"))
EXPORTERS = f"{exporter('up')} and on (cluster, job) last_over_time({exporter('backup_exporter_build_info')}[$__range])"


def increase(metric: str) -> str:
    """Count what a counter of sources gained in a step of the chart."""
    return across("sum", f"increase({source(metric)}{PER_STEP})")


def per_exporter(expr: str, *labels: str) -> str:
    """Return one series for each exporter: without names of metrics, by which a table would keep rows apart."""
    return f"max by ({', '.join(('job', 'instance', 'cluster', *labels))}) ({expr})"


def _ours(expr: str) -> str:
    """Keep the exporter's processes: `up` and `process_*` exist of everything that Prometheus scrapes."""
    return f"{expr} and on (cluster, job, instance) {exporter('backup_exporter_build_info')}"


def requests() -> list[Panel]:
    """Show what goes to the vendors and how they answer."""
    rate = across("sum", f"rate({source('backup_api_requests_total')}{PER_STEP})")
    buckets = across("sum", f"rate({source('backup_api_request_duration_seconds_bucket')}{PER_STEP})")
    by_code = about(
        "API requests by code", "Requests to each vendor by HTTP code; `none` is one without an answer.", height=10
    )
    latency = about(
        "API latency", "Half of the requests took no longer than p50, all but one in a hundred than p99.", height=10
    )
    return [
        chart(by_code, "reqps", query(rate, f"{SOURCE} {{{{code}}}}"), stacked=True).interval(LEAST_STEP),
        chart(
            latency,
            "s",
            query(f"histogram_quantile(0.5, {buckets})", f"{SOURCE} p50"),
            query(f"histogram_quantile(0.99, {buckets})", f"{SOURCE} p99"),
        ).interval(LEAST_STEP),
    ]


def budgets() -> list[Panel]:
    """Show what holds requests back."""
    throttled = about("Throttled", "Time spent waiting for the rate limit, in each step of the chart.", width=8)
    left = about("Budget left", "Requests that the vendor says remain, where it says so.", width=8)
    polls = about("Polls", "Polls that ended, well or badly, in each step of the chart.", width=8)
    return [
        bars(throttled, SECONDS, query(increase("backup_api_throttled_seconds_total"), SOURCE)),
        chart(left, "none", query(BUDGET, SOURCE)),
        bars(polls, "none", query(increase("backup_polls_total"), SOURCE)),
    ]


def processes() -> list[list[Panel]]:
    """Show what the exporter itself takes."""
    cpu = f"rate({exporter('process_cpu_seconds_total')}{PER_STEP})"
    memory = exporter("process_resident_memory_bytes")
    return [
        [
            chart(
                about("CPU", "Share of one processor that each exporter uses.", width=8),
                "percentunit",
                query(_ours(cpu), "{{instance}}"),
            ).interval(LEAST_STEP),
            chart(
                about("Memory", "Resident memory of each exporter.", width=8),
                "bytes",
                query(_ours(memory), "{{instance}}"),
            ),
            chart(
                about("File descriptors", "Open files and sockets of each exporter, as a share of its limit.", width=8),
                "percentunit",
                query(_ours(f"{exporter('process_open_fds')} / {exporter('process_max_fds')}"), "{{instance}}"),
            ).max(1),
        ],
        [
            bars(
                about("Log lines dropped", "Lines that could not be written, in each step of the chart."),
                "none",
                query(_gain("backup_exporter_log_lines_dropped_total"), "{{instance}}"),
            ),
            bars(
                about("Task restarts", "Tasks of the exporter that died and were started again, in each step."),
                "none",
                query(_gain("backup_exporter_task_restarts_total"), "{{instance}}"),
            ),
        ],
    ]


def _gain(metric: str) -> str:
    return per_exporter(f"increase({exporter(metric)}{PER_STEP})")


def exporters() -> tabular.Panel:
    """Show the processes that are scraped, and what each says of itself."""
    reloaded = exporter("backup_exporter_config_last_reload_successful")
    loaded = exporter("backup_exporter_config_last_reload_success_timestamp_seconds")
    written = exporter("backup_exporter_state_last_write_successful")
    columns = [
        Column(header="Up", expr=per_exporter(EXPORTERS), mappings=looks.UP_WORDS),
        Column(header="Cluster", label="cluster"),
        Column(header="Job", label="job", width=180),
        Column(header="Instance", label="instance", width=0),
        Column(header="Version", expr=per_exporter(exporter("backup_exporter_build_info"), "version"), label="version"),
        Column(
            header="Started",
            expr=per_exporter(f"1000 * ({_ours(exporter('process_start_time_seconds'))})"),
            unit="dateTimeFromNow",
            width=150,
        ),
        Column(header="Reload", expr=per_exporter(reloaded), mappings=looks.RELOAD_WORDS),
        Column(header="Configuration", expr=per_exporter(f"1000 * {loaded}"), unit="dateTimeFromNow", width=150),
        Column(header="State file", expr=per_exporter(written), mappings=looks.RELOAD_WORDS),
    ]
    what = about(
        "Exporters",
        "Every exporter, its version, the state of its configuration and, where it has one, of its state file.",
        width=24,
        height=5,
    )
    return table(what, columns, {"Up": False})

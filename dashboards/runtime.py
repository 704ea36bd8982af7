"""The lower half of the exporter's health: its requests to the vendors, and its own process."""

from grafana_foundation_sdk.builders import table as tabular

from dashboards import looks
from dashboards.panels import Panel, about, bars, chart, query
from dashboards.queries import SOURCE, across, exporter, source
from dashboards.tables import Column, table

PER_STEP = "[$__rate_interval]"
BUDGET = across("min", source("backup_api_rate_limit_remaining_requests"))
EXPORTERS = f"{exporter('up')} and on (job) last_over_time({exporter('backup_exporter_build_info')}[$__range])"


def increase(metric: str) -> str:
    """Count what a counter of sources gained in a step of the chart."""
    return across("sum", f"increase({source(metric)}{PER_STEP})")


def _ours(expr: str) -> str:
    """Keep the exporter's processes: `up` and `process_*` exist of everything that Prometheus scrapes."""
    return f"{expr} and on (job, instance) {exporter('backup_exporter_build_info')}"


def requests() -> list[Panel]:
    """Show what goes to the vendors and how they answer."""
    rate = across("sum", f"rate({source('backup_api_requests_total')}{PER_STEP})")
    buckets = across("sum", f"rate({source('backup_api_request_duration_seconds_bucket')}{PER_STEP})")
    by_code = about("API requests by code", "Requests to each vendor by HTTP code; `none` is one without an answer.")
    latency = about("API latency", "Half of the requests took no longer than p50, all but one in a hundred than p99.")
    return [
        chart(by_code, "reqps", query(rate, f"{SOURCE} {{{{code}}}}"), stacked=True),
        chart(
            latency,
            "s",
            query(f"histogram_quantile(0.5, {buckets})", f"{SOURCE} p50"),
            query(f"histogram_quantile(0.99, {buckets})", f"{SOURCE} p99"),
        ),
    ]


def budgets() -> list[Panel]:
    """Show what holds requests back."""
    throttled = about("Throttled", "Time spent waiting for the rate limit, in each step of the chart.", width=8)
    left = about("Budget left", "Requests that the vendor says remain, where it says so.", width=8)
    polls = about("Polls", "Polls that ended, well or badly, in each step of the chart.", width=8)
    return [
        bars(throttled, "s", query(increase("backup_api_throttled_seconds_total"), SOURCE)),
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
            ),
            chart(
                about("Memory", "Resident memory of each exporter.", width=8),
                "bytes",
                query(_ours(memory), "{{instance}}"),
            ),
            chart(
                about(
                    "File descriptors", "Open files and sockets of each exporter; dashed is what it may open.", width=8
                ),
                "none",
                query(_ours(exporter("process_open_fds")), "{{instance}}"),
                query(_ours(exporter("process_max_fds")), "{{instance}} limit"),
            ),
        ],
        [_exporters()],
    ]


def _exporters() -> tabular.Panel:
    reloaded = exporter("backup_exporter_config_last_reload_successful")
    loaded = exporter("backup_exporter_config_last_reload_success_timestamp_seconds")
    written = exporter("backup_exporter_state_last_write_successful")
    columns = [
        Column(header="Up", expr=EXPORTERS, mappings=looks.UP_WORDS),
        Column(header="job", label="job"),
        Column(header="instance", label="instance"),
        Column(header="Version", expr=exporter("backup_exporter_build_info"), label="version"),
        Column(
            header="Started",
            expr=f"1000 * ({_ours(exporter('process_start_time_seconds'))})",
            unit="dateTimeFromNow",
        ),
        Column(header="Reload", expr=reloaded, mappings=looks.RELOAD_WORDS),
        Column(header="Configuration", expr=f"1000 * {loaded}", unit="dateTimeFromNow"),
        Column(header="State file", expr=written, mappings=looks.RELOAD_WORDS),
    ]
    what = about(
        "Exporters",
        "Every exporter, its version, the state of its configuration and, where it has one, of its state file.",
        width=24,
        height=5,
    )
    return table(what, columns, {"Up": False})

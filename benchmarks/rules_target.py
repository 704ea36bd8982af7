"""Serves the exposition of so many resources, some of them in trouble: `python -m benchmarks.rules_target N TROUBLED`.

Made here and not by the exporter, so that the rules before find the metrics that they were written for.
"""

import json
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

HOUR = 3600
SOURCE = 'provider="acme_cloud",source="platform",squad="data"'
KINDS = ("dump", "snapshot")
STATUSES = ("completed", "failed", "in_progress", "pending", "cancelled", "unsupported", "unknown")
ENDED = ("completed", "failed", "cancelled", "unsupported", "unknown")


def write_exposition(resources: int, troubled: int, now: float) -> bytes:
    """Return everything that the rules read, then and now; who is in trouble has a backup that is too old."""
    lines = list(_write_exporter(resources, now))
    for number in range(resources):
        lines += _write_resource(number, now, troubled=number < troubled)
    return "\n".join([*lines, ""]).encode()


def _write_exporter(resources: int, now: float) -> Iterator[str]:
    yield "backup_exporter_build_info 1"
    yield "backup_exporter_config_last_reload_successful 1"
    yield f"backup_exporter_time_seconds {now}"
    yield 'backup_exporter_resources{state="fine"} 1'
    for name, value in (
        ("backup_source_up", 1),
        ("backup_source_resources", resources),
        ("backup_poll_interval_seconds", 300),
        ("backup_poll_configured_interval_seconds", 300),
        ("backup_poll_last_success_timestamp_seconds", now - 60),
    ):
        yield f"{name}{{{SOURCE}}} {value}"


def _write_resource(number: int, now: float, *, troubled: bool) -> Iterator[str]:
    of = f'{SOURCE},resource="project-{number % 97}/addon-{number:06d}"'
    last = now - (30 if troubled else 1) * HOUR
    yield f'backup_resource_info{{{of},resource_name="Addon {number}",resource_kind="postgresql"}} 1'
    if troubled:
        yield (f'backup_resource_problem{{{of},resource_name="Addon {number}",problem="too_old",severity="warning"}} 1')
    for name, value in (
        ("backup_resource_up", 1),
        ("backup_monitoring_paused", 0),
        ("backup_resource_created_timestamp_seconds", now - 9e6),
        ("backup_resource_first_seen_timestamp_seconds", now - 8e6),
        ("backup_age_seconds", now - last),
        ("backup_max_age_seconds", 26 * HOUR),
        ("backup_last_success_timestamp_seconds", last),
        ("backup_last_attempt_timestamp_seconds", last),
        ("backup_last_failure_timestamp_seconds", last - HOUR),
        ("backup_failures_since_success", 0),
        ("backup_in_progress_start_timestamp_seconds", now - 60),
        ("backup_progress_percent", 45),
        ("backup_schedule_enabled", 1),
        ("backup_min_backups", 4),
        ("backup_min_retention_seconds", 24 * HOUR),
        ("backup_max_duration_seconds", 6 * HOUR),
        ("backup_oldest_success_timestamp_seconds", now - 240 * HOUR),
        ("backup_last_restore_timestamp_seconds", now - 25 * HOUR),
    ):
        yield f"{name}{{{of}}} {value}"
    for kind in KINDS:
        yield from _write_kind(f'{of},kind="{kind}"', last)
    for status in STATUSES:
        yield f'backup_backups{{{of},status="{status}"}} {40 if status == "completed" else 0}'
    for status in ENDED:
        yield f'backup_last_finished_status{{{of},status="{status}"}} {int(status == "completed")}'
        yield f'backup_last_restore_status{{{of},status="{status}"}} {int(status == "completed")}'


def _write_kind(of: str, last: float) -> Iterator[str]:
    for name, value in (
        ("backup_last_success_by_kind_timestamp_seconds", last),
        ("backup_max_age_by_kind_seconds", 50 * HOUR),
        ("backup_expected_interval_by_kind_seconds", 24 * HOUR),
        ("backup_failures_since_success_by_kind", 0),
        ("backup_last_success_size_bytes", 5e9),
        ("backup_typical_size_bytes", 5e9),
        ("backup_last_success_duration_seconds", 90),
        ("backup_typical_duration_seconds", 90),
    ):
        yield f"{name}{{{of}}} {value}"


def main() -> None:
    """Serve until terminated; print the port once it listens."""
    resources, troubled = int(sys.argv[1]), int(sys.argv[2])
    content = write_exposition(resources, troubled, time.time())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(json.dumps({"port": server.server_port}) + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()

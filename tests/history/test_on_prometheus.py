"""The whole way of the past into a real Prometheus: promtool makes blocks, Prometheus answers for a month ago."""

import subprocess
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from exporter.history.backfill import make_plan, write
from exporter.history.series import ResourceSeries, make_series
from exporter.history.timeline import Timeline, make_timeline
from exporter.model import Backup, Status
from exporter.settings import Policy
from exporter.state.backup_table import BackupTable
from exporter.state.listing import Listing
from stack.programs import find_program, free_port, running, wait_for_answer

DAY, STEP = 86400, 300
ODD = 'a "quoted" \\ back\\nslash, {braces} = ü'

pytestmark = pytest.mark.slow


def nightly(now: float, hour: int) -> Timeline:
    """Return 40 nights of backups of an hour each, every seventh of which failed."""
    midnight = now - now % DAY
    backups = [
        Backup(
            id=str(night),
            status=Status.FAILED if night % 7 == 3 else Status.COMPLETED,
            started=(started := midnight - night * DAY + hour * 3600 - 0.25),
            finished=started + 3600,
            size=None if night % 7 == 3 else 1000.0 + night,
            kind="dump",
        )
        for night in range(1, 41)
    ]
    return make_timeline(Listing(backups=BackupTable(backups)), None, Policy(max_age=DAY), None)


def series_named(known: Timeline, resource: str) -> ResourceSeries:
    escaped = resource.replace("\\", "\\\\").replace('"', '\\"')
    return make_series(
        known, f'provider="x",source="main",resource="{escaped}",job="b",instance="i"', limit=known.limit
    )


def make_blocks(path: Path, blocks: Path) -> None:
    tool = find_program("promtool", "prometheus")
    command = [tool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", str(path), str(blocks)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


async def ask(base: str, query: str, at: float) -> list[dict[str, Any]]:
    parameters = {"query": query, "time": f"{at:.3f}"}
    async with aiohttp.ClientSession() as session, session.get(f"{base}/api/v1/query", params=parameters) as response:
        document = await response.json()
    assert document["status"] == "success"
    return list(document["data"]["result"])


async def test_a_month_back_prometheus_answers_what_the_listing_says(tmp_path: Path) -> None:
    now = time.time() - 4 * 3600
    orders, odd = nightly(now, 2), nightly(now, 5)
    series = [series_named(orders, "orders"), series_named(odd, ODD)]
    folder, blocks = tmp_path / "past", tmp_path / "blocks"
    folder.mkdir()
    paths = write(series, make_plan(series, now - 32 * DAY, now, STEP), folder, lambda _: None)
    for path in paths:
        make_blocks(path, blocks)

    (tmp_path / "prometheus.yml").write_text("global: {}\n")
    base = f"http://127.0.0.1:{free_port()}"
    flags = (
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={blocks}",
        "--storage.tsdb.retention.time=1y",
        f"--web.listen-address={base.removeprefix('http://')}",
    )
    async with running("prometheus", find_program("prometheus", "prometheus"), *flags, folder=tmp_path) as program:
        await wait_for_answer(program, f"{base}/-/ready")
        tick = now // STEP * STEP
        for back in (30 * DAY, 17 * DAY + 3 * 3600, 31 * DAY):
            at = tick - back
            ages = {one["metric"]["resource"]: one["value"][1] for one in await ask(base, "backup_age_seconds", at)}
            assert ages == {"orders": f"{orders.age(at):.3f}".rstrip("0"), ODD: f"{odd.age(at):.3f}".rstrip("0")}
        late = await ask(
            base, 'backup_age_seconds{resource="orders"} offset 30d > backup_max_age_seconds offset 30d', tick
        )
        assert len(late) == int((orders.age(tick - 30 * DAY) or 0) > DAY)
        [size] = await ask(base, 'backup_last_success_size_bytes{resource="orders",kind="dump"}', tick - 30 * DAY)
        newest = max(
            (run for run in orders.runs if run.status is Status.COMPLETED and (run.finished or 0) <= tick - 30 * DAY),
            key=lambda run: run.started or 0,
        )
        assert float(size["value"][1]) == newest.size
        assert await ask(base, "backup_age_seconds", tick - 33 * DAY) == []
        [samples] = await ask(base, 'count_over_time(backup_age_seconds{resource="orders"}[1d])', tick - 20 * DAY)
        assert float(samples["value"][1]) in (DAY / STEP, DAY / STEP + 1)

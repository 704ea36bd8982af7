"""The same rules on VictoriaMetrics and vmalert as on Prometheus, beside each other on the demo: the same alerts."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from alerts import RULE_FILES
from stack.files import JOB
from stack.programs import free_port, running, wait_for_answer
from tests.endtoend.test_verdict import QUICK, STAGED, live, read

AGREE_WITHIN = 200.0
Alerts = set[frozenset[tuple[str, str]]]
"""The labels of each alert that fires."""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        shutil.which("vmalert") is None or shutil.which("victoria-metrics") is None,
        reason="vmalert and victoria-metrics are not here: `make gotools` builds them where Go is found",
    ),
]


@asynccontextmanager
async def victoria_metrics(folder: Path, exporter: str) -> AsyncIterator[str]:
    """Run VictoriaMetrics, which scrapes the exporter, and vmalert on it; yield the address of vmalert."""
    scraped = {"job_name": JOB, "static_configs": [{"targets": [exporter]}]}
    (folder / "scrape.yml").write_text(
        yaml.safe_dump({"global": {"scrape_interval": "1s"}, "scrape_configs": [scraped]})
    )
    store, alerting = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    storage = (
        f"-storageDataPath={folder / 'victoria-metrics'}",
        f"-promscrape.config={folder / 'scrape.yml'}",
        f"-httpListenAddr={store}",
        "-search.latencyOffset=1s",
    )
    evaluation = (
        *(f"-rule={folder / name}" for name in RULE_FILES),
        *(f"-{name}.url=http://{store}" for name in ("datasource", "remoteWrite", "remoteRead")),
        "-notifier.blackhole",
        "-remoteWrite.flushInterval=500ms",
        "-rule.evalDelay=1s",
        f"-httpListenAddr={alerting}",
    )
    async with running("victoria-metrics", "victoria-metrics", *storage, folder=folder) as program:
        await wait_for_answer(program, f"http://{store}/health")
        async with running("vmalert", "vmalert", *evaluation, folder=folder) as evaluator:
            await wait_for_answer(evaluator, f"http://{alerting}/health")
            yield f"http://{alerting}"


async def find_firing(base: str) -> Alerts:
    """Return the alerts that fire; vmalert adds the group's name to the labels, and Prometheus does not."""
    answer = json.loads(await asyncio.to_thread(read, f"{base}/api/v1/alerts"))
    return {
        frozenset((key, text) for key, text in each["labels"].items() if key != "alertgroup" and text)
        for each in answer["data"]["alerts"]
        if each["state"] == "firing"
    }


def names(alerts: Alerts) -> set[str]:
    return {dict(labels)["alertname"] for labels in alerts}


async def watch_both(folder: Path) -> tuple[Alerts, Alerts, set[str]]:
    """Return what fires on each, and all that fired on both, once they agree and that has what is staged.

    When the time is over, it is returned as it is.
    """
    seen: set[str] = set()
    async with (
        live(folder, QUICK) as live_stack,
        live_stack.exporting(),
        victoria_metrics(folder, live_stack.exporter) as vmalert,
    ):
        deadline = time.monotonic() + AGREE_WITHIN
        while True:
            prometheus, victoria = await find_firing(live_stack.prometheus), await find_firing(vmalert)
            seen |= names(prometheus & victoria)
            if (prometheus == victoria and seen >= STAGED) or time.monotonic() > deadline:
                return prometheus, victoria, seen
            await asyncio.sleep(1)


def test_vmalert_fires_the_alerts_that_prometheus_fires(tmp_path: Path) -> None:
    prometheus, victoria, seen = asyncio.run(watch_both(tmp_path))

    assert victoria == prometheus
    assert seen >= STAGED | {"BackupExporterWatchdog"}

"""A real Prometheus scrapes the demo, and answers every query of the dashboards, with data where the demo has some."""

import json
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from stack.shorten import shorten
from tests.dashboards import live
from tests.dashboards.programs import answers, demo, prometheus, wait
from tests.paths import ROOT

pytestmark = pytest.mark.slow
RULES = ROOT / "alerts" / "backups.yml"
SPEED = 3
WORTH_WAITING_FOR = {
    "every source was scraped a few times": "min(count_over_time(backup_polls_total[1m])) >= 5",
    "a running backup shows its progress": "backup_progress_percent",
    "a source failed twice": "sum(increase(backup_poll_failures_total[1m])) > 0",
    "a resource failed twice": "sum(increase(backup_resource_failures_total[1m])) > 0",
    "an alert fires": 'ALERTS{alertstate="firing"}',
}
"""The demo polls every 15 seconds, and stages its first events within as many."""
NOT_IN_THE_DEMO = {
    "exporter.json: Exporters [state_file]",  # it keeps nothing beyond its end
    "resource.json: Download check [A]",  # its configuration checks no downloads
    "resource.json: Time since the download check [A]",
    "resource.json: Duration of the download check [A]",
    "overview.json: Share of time within the limit [within]",  # looks at every half hour, and a minute has passed
    "overview.json: Share of time within the limit [name]",
    "resource.json: Within the limit [A]",
}


def ask(server: str, expr: str) -> list[object]:
    with urlopen(f"{server}/api/v1/query?{urlencode({'query': expr})}", timeout=10) as response:
        found: list[object] = json.load(response)["data"]["result"]
    return found


@pytest.fixture(scope="module")
def count_answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int | str]:
    rules = shorten(yaml.safe_load(RULES.read_text(encoding="utf-8")), factor=3600)
    with demo(SPEED) as exporter, prometheus(tmp_path_factory.mktemp("prometheus"), exporter, rules) as server:
        wait(lambda: answers(f"{server}/-/ready"), "Prometheus is ready", seconds=15)
        wait(lambda: answers(f"{exporter}/-/ready"), "every source was polled", seconds=20)
        missing = dict(WORTH_WAITING_FOR)

        def count_seen() -> bool:
            for what in [what for what, expr in missing.items() if ask(server, expr)]:
                del missing[what]
            return not missing

        wait(count_seen, missing.keys(), seconds=40)
        return live.answers(server, seconds=60)


def test_prometheus_understands_every_query(count_answers: dict[str, int | str]) -> None:
    assert live.errors(count_answers) == {}


def test_there_is_data_wherever_the_demo_has_some(count_answers: dict[str, int | str]) -> None:
    missing = {name for name in live.empty(count_answers) if not name.endswith("Not exposed [family]")}

    assert missing == NOT_IN_THE_DEMO


def test_what_is_asked_is_all_that_the_dashboards_ask(count_answers: dict[str, int | str]) -> None:
    assert len(count_answers) == len(list(live.questions())) > 100

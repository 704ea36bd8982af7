"""The example of routes: amtool accepts it, and it knows the alerts."""

import re

import pytest
import yaml

from tests.alerts.programs import ALERTS as FOLDER
from tests.alerts.programs import run
from tests.alerts.shipped_rules import ALERT_RULES


@pytest.mark.slow
def test_amtool_accepts_the_routes() -> None:
    result = run("amtool", "check-config", "alertmanager.example.yml")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("severity=critical", "pager"),
        ("severity=critical squad=orders", "orders-pager"),
        ("severity=warning squad=orders", "orders"),
        ("severity=info squad=orders", "orders"),
        ("severity=warning squad=other", "chat"),
        ("severity=info", "digest"),
        ("severity=warning", "chat"),
        ("squad=none", "chat"),
        ("alertname=BackupExporterWatchdog severity=none squad=orders", "heartbeat"),
    ],
)
def test_alerts_are_routed_by_severity_and_label(labels: str, receiver: str) -> None:
    arguments = ("config", "routes", "test", "--config.file=alertmanager.example.yml", *labels.split())
    result = run("amtool", *arguments)
    assert result.stdout.split() == [receiver], result.stdout + result.stderr


def test_inhibition_names_only_alerts_that_exist_and_keeps_environments_apart() -> None:
    text = (FOLDER / "alertmanager.example.yml").read_text()
    example = yaml.safe_load(text)
    assert set(re.findall(r"\bBackup[A-Z]\w+", text)) <= set(ALERT_RULES)
    assert all("cluster" in rule["equal"] for rule in example["inhibit_rules"])
    routes = [example["route"]]
    while routes:
        route = routes.pop()
        routes += route.get("routes", [])
        assert "cluster" in route.get("group_by", ["cluster"])
        hours = {"m": 1 / 60, "h": 1, "d": 24}[route.get("repeat_interval", "1h")[-1]]
        assert int(route.get("repeat_interval", "1h")[:-1]) * hours <= 120

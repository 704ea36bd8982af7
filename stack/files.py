"""Writes the files with which Prometheus and Alertmanager start: the shipped rules and routes, put together here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from alerts import RULE_FILES
from stack.shorten import FLOOR_SECONDS, shorten, shorten_route

ALERTS = Path(__file__).parent.parent / "alerts"
ROUTES = "alertmanager.example.yml"
JOB = "backup-exporter"
"""The rules know the exporter by this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long everything waits."""

    every: str
    """How often Prometheus scrapes and evaluates."""
    factor: float = 1.0
    """How many times shorter than shipped the rules and routes wait."""
    keep_firing: float = FLOOR_SECONDS
    """Seconds for which an alert goes on firing at least."""


NORMAL = Timing(every="5s")
SHORT = Timing(every="1s", factor=600)
"""Minutes become seconds."""


def write_prometheus(folder: Path, *, exporter: str, alertmanager: str, timing: Timing) -> Path:
    """Write the rules and the configuration of a Prometheus that scrapes the exporter; return the latter's path."""
    for name in RULE_FILES:
        _write(folder / name, shorten(_read(name), factor=timing.factor, keep_firing=timing.keep_firing))
    configuration = {
        "global": {"scrape_interval": timing.every, "evaluation_interval": timing.every},
        "rule_files": list(RULE_FILES),
        "scrape_configs": [{"job_name": JOB, "static_configs": [_target(exporter)]}],
        "alerting": {"alertmanagers": [{"static_configs": [_target(alertmanager)]}]},
    }
    return _write(folder / "prometheus.yml", configuration)


def write_alertmanager(folder: Path, *, webhook: str, timing: Timing) -> Path:
    """Write the shipped example with its receivers pointed at the webhook, each at a path of its name."""
    example = _read(ROUTES)
    receivers = [
        {"name": each["name"], "webhook_configs": [{"url": f"{webhook}/{each['name']}"}]}
        for each in example["receivers"]
    ]
    route = shorten_route(example["route"], factor=timing.factor)
    return _write(folder / "alertmanager.yml", {**example, "route": route, "receivers": receivers})


def _target(url: str) -> dict[str, list[str]]:
    return {"targets": [url.removeprefix("http://")]}


def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ALERTS / name).read_text(encoding="utf-8"))
    return document


def _write(path: Path, document: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path

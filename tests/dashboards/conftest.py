"""The metrics that a dashboard may use, and the dashboards as they are drawn."""

import os
from pathlib import Path

import pytest
from prometheus_client import ProcessCollector
from prometheus_client.registry import CollectorRegistry

from exporter.metrics.families import FAMILIES
from render.draw import DASHBOARDS
from tests.dashboards.expected import BOARDS
from tests.dashboards.picture_set import draw_everything
from tests.dashboards.renderer_output import Seen

OF_RULES = {
    name: frozenset({"alertname", "severity", "provider", "source", "resource", "resource_name", "kind", "problem"})
    for name in ("ALERTS", "ALERTS_FOR_STATE")
}


@pytest.fixture(scope="session")
def metrics() -> dict[str, frozenset[str]]:
    """Return the labels of each metric: the exporter's own table, its process, and what Prometheus itself adds."""
    known = {"up": frozenset[str](), **OF_RULES}
    known["ALERTS"] |= {"alertstate"}
    for family in FAMILIES:
        endings = ("_bucket", "_sum", "_count") if family.type == "histogram" else ("",)
        known |= {family.name + ending: frozenset(family.labels) for ending in endings}
    known |= {
        sample.name: frozenset(sample.labels)
        for family in ProcessCollector(registry=CollectorRegistry()).collect()
        for sample in family.samples
    }
    return known


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    folder = Path(os.environ.get("PICTURES") or tmp_path_factory.mktemp("drawn"))
    boards = Path(os.environ.get("DASHBOARDS") or DASHBOARDS)
    return draw_everything(folder, {name: str(boards / f"{name}.json") for name in BOARDS})

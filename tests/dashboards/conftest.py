"""The metrics that a dashboard may use."""

import pytest
from prometheus_client import ProcessCollector
from prometheus_client.registry import CollectorRegistry

from exporter.metrics.families import FAMILIES

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

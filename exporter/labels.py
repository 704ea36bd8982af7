"""Holds the form of a label's name, and the labels that already have a meaning."""

import re

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
"""https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels."""
REPLICA_LABELS = ("instance", "pod", "container", "endpoint", "node")
"""Labels in which replicas of one exporter differ; every rule and panel aggregates them away."""
TAKEN_LABELS = frozenset({
    *("provider", "source", "resource", "kind", "status", "state", "reason", "code", "limit", "shard", "le", "job"),
    *("problem", "severity", "alertname", "alertstate"),
})  # fmt: skip
"""Labels that the metrics, the rules or Prometheus set, beside `instance` and those that begin with `resource_`."""

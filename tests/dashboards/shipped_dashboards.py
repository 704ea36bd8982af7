"""Reads the committed dashboards: their panels, their queries, and the labels that a query leaves on its series."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser as promql

from tests.each import on_each
from tests.paths import ROOT

FOLDER = ROOT / "dashboards"
Dashboard = dict[str, Any]
DASHBOARDS: dict[str, Dashboard] = {
    path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))
}

TARGET_LABELS = frozenset({"cluster", "job", "instance", "pod", "container", "endpoint", "node"})
VALUES = {
    "__rate_interval": "5m",
    "__interval": "1m",
    "__range": "1h",
    "cluster": ".*",
    "job": ".*",
    "instance": ".*",
    "provider": ".*",
    "source": ".*",
    "resource": ".*",
}
"""What Grafana puts in place of each variable while all is chosen."""


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel."""

    dashboard: str
    panel: dict[str, Any]
    query: dict[str, Any]

    @property
    def expr(self) -> str:
        return str(self.query["expr"])

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel['title']} [{self.query['refId']}]"


def panels(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the panels, those in closed rows too."""
    every = (one for panel in dashboard["panels"] for one in (panel, *panel.get("panels", ())))
    return [panel for panel in every if panel["type"] != "row"]


EACH_PANEL = on_each(
    "panel",
    [panel for dashboard in DASHBOARDS.values() for panel in panels(dashboard)],
    name=lambda panel: str(panel["title"]),
)


def properties(panel: Dashboard) -> list[dict[str, Any]]:
    return [each for override in panel["fieldConfig"]["overrides"] for each in override["properties"]]


def overrides(panel: Dashboard) -> dict[str, dict[str, Any]]:
    """Return the properties that a panel overrides, by the field and the property."""
    found: dict[str, dict[str, Any]] = {}
    for override in panel["fieldConfig"]["overrides"]:
        found.setdefault(override["matcher"]["options"], {}).update(
            {p["id"]: p["value"] for p in override["properties"]}
        )
    return found


def panel(name: str, title: str) -> Dashboard:
    (found,) = (each for each in panels(DASHBOARDS[name]) if each["title"] == title)
    return found


def targets() -> list[Target]:
    return [
        Target(name, panel, query)
        for name, dashboard in DASHBOARDS.items()
        for panel in panels(dashboard)
        for query in panel["targets"]
    ]


def variables(dashboard: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in dashboard["templating"]["list"]}


def substitute(expr: str) -> str:
    """Do what Grafana does before it asks."""
    return re.sub(r"\$\{?(\w+)\}?", lambda match: VALUES[match[1]], expr)


def parse(expr: str) -> promql.Expr:
    return promql.parse(substitute(expr))


def parents_of_selectors(expr: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield each selector of a query with the nodes above it, the nearest first."""
    if isinstance(expr, promql.VectorSelector):
        yield expr, above
    for child in children(expr):
        yield from parents_of_selectors(child, (expr, *above))


def children(expr: Any) -> list[Any]:
    named = (getattr(expr, name, None) for name in ("lhs", "rhs", "param", "expr", "vector_selector"))
    return [each for each in (*named, *getattr(expr, "args", ())) if isinstance(each, promql.Expr)]


class UnknownLabelError(Exception):
    """A query matches, groups or joins by a label that its series do not have."""


def labels(expr: Any, metrics: Mapping[str, frozenset[str]]) -> frozenset[str] | None:
    """Return the labels that a query leaves, or None of a scalar; raise where it names one that is not there."""
    if isinstance(expr, promql.VectorSelector):
        found = metrics[str(expr.name)] | TARGET_LABELS
        _demand({each.name for each in expr.matchers.matchers}, found, expr)
        return found
    if isinstance(expr, promql.AggregateExpr):
        return _aggregate_labels(expr, metrics)
    if isinstance(expr, promql.BinaryExpr):
        return _combine_labels(expr, metrics)
    left = [each for each in (labels(child, metrics) for child in children(expr)) if each is not None]
    if isinstance(expr, promql.Call) and left:
        return _call_labels(expr, left[0])
    return left[0] if left else None


def _call_labels(expr: promql.Call, inner: frozenset[str]) -> frozenset[str]:
    if expr.func.name == "absent":
        return frozenset()  # it keeps what a selector names exactly, and ours name choices
    if expr.func.name == "label_replace":
        added: Any = expr.args[1]
        return inner | {added.val}
    if expr.func.name == "histogram_quantile":
        _demand({"le"}, inner, expr)
        return inner - {"le"}
    return inner


def _demand(wanted: set[str], there: frozenset[str], expr: Any) -> None:
    if not wanted <= there:
        raise UnknownLabelError(f"{sorted(wanted - there)} in {expr}")


def _aggregate_labels(expr: Any, metrics: Mapping[str, frozenset[str]]) -> frozenset[str]:
    inner = labels(expr.expr, metrics) or frozenset()
    if expr.modifier is None:
        return inner if str(expr.op) in {"topk", "bottomk"} else frozenset()
    named = set(expr.modifier.labels)
    _demand(named, inner, expr)
    if str(expr.op) in {"topk", "bottomk"}:
        return inner
    return inner & named if expr.modifier.type == promql.AggModifierType.By else inner - named


def _combine_labels(expr: Any, metrics: Mapping[str, frozenset[str]]) -> frozenset[str] | None:
    left, right = labels(expr.lhs, metrics), labels(expr.rhs, metrics)
    if left is None or right is None:
        return right if left is None else left
    matching = expr.modifier.matching if expr.modifier else None
    if matching is None:
        if left != right:
            raise UnknownLabelError(f"{sorted(left ^ right)} on one side only of {expr}")
        return left
    _demand(set(matching.labels), left | right, expr)
    if matching.type == promql.LabelModifierType.Include:
        _demand(set(matching.labels), left & right, expr)
    elif left - right > set(matching.labels) or right - left > set(matching.labels):
        raise UnknownLabelError(f"{sorted(left ^ right)} on one side only of {expr}")
    brought = set(expr.modifier.group_labels or ())
    _demand(brought, right, expr)
    return left | brought

"""Every query of the dashboards parses, uses what the exporter exposes, and treats counters and gauges as they are."""

import re

import promql_parser as promql
import pytest

from tests.dashboards.shipped_dashboards import (
    DASHBOARDS,
    TARGET_LABELS,
    Target,
    UnknownLabelError,
    labels,
    panels,
    parents_of_selectors,
    parse,
    targets,
    variables,
)
from tests.each import on_each

pytestmark = pytest.mark.integration

Metrics = dict[str, frozenset[str]]
EACH_TARGET = on_each("target", targets())
EACH_DASHBOARD = pytest.mark.parametrize("name", DASHBOARDS)
OF_COUNTERS = {"rate", "irate", "increase"}
OVER_TIME = {"rate", "irate", "increase", "delta", "deriv", "idelta", "changes", "resets"}


def is_counter(metric: str) -> bool:
    return metric.endswith(("_total", "_bucket", "_count", "_sum"))


@EACH_TARGET
def test_names_only_metrics_and_labels_that_exist(target: Target, metrics: Metrics) -> None:
    assert labels(parse(target.expr), metrics) is not None


@EACH_TARGET
def test_legend_uses_only_labels_that_the_query_keeps(target: Target, metrics: Metrics) -> None:
    kept = labels(parse(target.expr), metrics) or frozenset()

    assert set(re.findall(r"{{\s*(\w+)\s*}}", target.query["legendFormat"])) <= kept


@EACH_TARGET
def test_counters_are_read_as_increase_or_rate_and_gauges_never(target: Target) -> None:
    for selector, above in parents_of_selectors(parse(target.expr)):
        functions = {node.func.name for node in above[:2] if isinstance(node, promql.Call)}

        if "absent" in functions:
            continue
        if is_counter(selector.name):
            assert isinstance(above[0], promql.MatrixSelector), selector
            assert functions <= OF_COUNTERS, selector
            assert functions, selector
        else:
            assert not functions & OVER_TIME, selector


@EACH_TARGET
def test_rates_go_by_the_rate_interval(target: Target) -> None:
    windows = re.findall(r"\[([^\]]+)\]", target.expr)

    assert set(windows) <= {"$__rate_interval", "$__range", "30d:30m"}
    assert not re.search(r"(rate|increase)\([^()]*\[(?!\$__rate_interval)", target.expr)


@EACH_TARGET
def test_every_selector_is_narrowed_by_all_the_variables_that_it_can_be(target: Target, metrics: Metrics) -> None:
    raw = promql.parse(re.sub(r"\[\$\w+\]", "[5m]", target.expr))

    for selector, _ in parents_of_selectors(raw):
        if selector.name.startswith("ALERTS"):
            continue
        narrowed = {each.name: each.value for each in selector.matchers.matchers if each.op == promql.MatchOp.Re}
        possible = {"cluster", "job", "instance"} | (metrics[selector.name] & {"provider", "source", "resource"})
        assert {name: f"${name}" for name in possible}.items() <= narrowed.items(), selector


@EACH_TARGET
def test_no_series_of_a_resource_or_source_tells_replicas_apart(target: Target, metrics: Metrics) -> None:
    selected = [selector.name for selector, _ in parents_of_selectors(parse(target.expr))]
    left = labels(parse(target.expr), metrics) or frozenset()

    if any("source" in metrics[name] for name in selected) and not any(name.startswith("ALERTS") for name in selected):
        assert not left & (TARGET_LABELS - {"cluster", "job"})


@EACH_TARGET
def test_ages_are_taken_from_timestamps(target: Target) -> None:
    assert "backup_age_seconds" not in target.expr
    assert "clamp_min(time() - " in target.expr or "time()" not in target.expr


@EACH_TARGET
def test_names_are_joined_so_that_two_names_do_no_harm(target: Target) -> None:
    for found in re.finditer(r"group_left \(resource_name\) (.*)", target.expr):
        assert found[1].startswith("topk by (provider, source, resource) (1, backup_resource_info{")


@EACH_DASHBOARD
def test_every_choice_of_a_variable_is_a_query_that_names_what_exists(name: str, metrics: Metrics) -> None:
    for variable in variables(DASHBOARDS[name]).values():
        if variable["type"] == "query":
            query = re.fullmatch(r"(label_values|query_result)\((.*?)(?:, (\w+))?\)", variable["query"])
            assert query, variable["query"]
            there = labels(parse(query[2]), metrics)
            assert there is not None
            assert query[3] is None or query[3] in there


@EACH_DASHBOARD
def test_annotations_are_the_firing_alerts(name: str, metrics: Metrics) -> None:
    (_, firing) = DASHBOARDS[name]["annotations"]["list"]

    assert firing["expr"] == firing["target"]["expr"]
    assert 'alertstate="firing"' in firing["expr"]
    assert labels(parse(firing["expr"]), metrics) == metrics["ALERTS"] | TARGET_LABELS


def test_the_dashboards_together_show_nearly_every_metric(metrics: Metrics) -> None:
    used = {selector.name for target in targets() for selector, _ in parents_of_selectors(parse(target.expr))}
    ours = {name for name in metrics if name.startswith("backup_") and not name.endswith(("_sum", "_count"))}

    assert ours - used == {
        "backup_age_seconds",  # for those without PromQL
        "backup_expected_interval_by_kind_seconds",  # its limit is shown
        "backup_configured_retention_seconds",  # for people to compare
        "backup_expires_timestamp_seconds",
        "backup_last_success_failures",  # its problem is shown
        "backup_download_check_failures_total",  # its problem is shown
        "backup_source_worst_severity",
        "backup_exporter_resources",
        "backup_exporter_time_seconds",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        'backup_source_up{resource="x"}',
        "sum by (resource) (backup_source_up)",
        "sum by (instance) (backup_source_up) * on (provider) backup_source_resources",
        "backup_stored_bytes * on (source) group_left (limit) backup_source_up",
        "histogram_quantile(0.5, sum by (source) (rate(backup_api_request_duration_seconds_bucket[5m])))",
        "backup_stored_bytes / backup_poll_duration_seconds",
    ],
)
def test_the_reading_of_labels_finds_what_is_wrong(wrong: str, metrics: Metrics) -> None:
    with pytest.raises(UnknownLabelError):
        labels(parse(wrong), metrics)


def test_every_panel_asks_something() -> None:
    assert all(panel["targets"] for dashboard in DASHBOARDS.values() for panel in panels(dashboard))

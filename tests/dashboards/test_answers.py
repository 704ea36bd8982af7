"""What the shared queries answer, by promtool: it is always time 0 here, so an hour ago is -3600."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from dashboards import queries, runtime
from dashboards.looks import STATES
from tests.dashboards.shipped_dashboards import substitute

pytestmark = pytest.mark.slow

HOUR = 3600
Series = dict[str, str]
CODES = {word: code for code, (word, _) in enumerate(STATES)}
IDENTITY = {"provider": "p", "source": "s"}
RESOURCE = {"job": "backups", **IDENTITY, "resource": "r"}


def selector(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}={json.dumps(text)}" for name, text in labels.items() if text) + "}"


def series(name: str, value: float, **labels: str) -> dict[str, str]:
    ours = IDENTITY if name.startswith("backup_") else {}
    return {"series": name + selector({"job": "backups", "instance": "a", **ours, **labels}), "values": str(value)}


def resource(name: str, instance: str = "a", /, **values: float | None) -> list[Series]:
    """Give the series of a healthy resource but for what is said; None takes one away."""
    usual = {
        "backup_monitoring_paused": 0,
        "backup_resource_up": 1,
        "backup_resource_info": 1,
        "backup_last_success_timestamp_seconds": -HOUR,
        "backup_max_age_seconds": 24 * HOUR,
        "kept": 3,
        "failed": 0,
    }
    extra = {
        "backup_resource_info": {"resource_name": f"{name} at {instance}"},
        "kept": {"status": "completed"},
        "failed": {"status": "failed"},
    }
    called = {"kept": "backup_backups", "failed": "backup_last_finished_status"}
    return [
        series(called.get(key, key), value, resource=name, instance=instance, squad="data", **extra.get(key, {}))
        for key, value in (usual | values).items()
        if value is not None
    ]


def check(
    folder: Path, given: list[dict[str, str]], expr: str, expected: Sequence[tuple[dict[str, str], float]]
) -> None:
    samples = [{"labels": selector(labels), "value": value} for labels, value in expected]
    case = {"expr": substitute(expr), "eval_time": "0s", "exp_samples": samples}
    tests = {"rule_files": [], "tests": [{"interval": "1m", "input_series": given, "promql_expr_test": [case]}]}
    file = folder / "tests.yaml"
    file.write_text(json.dumps(tests))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def of(name: str) -> dict[str, str]:
    return RESOURCE | {"resource": name, "squad": "data"}


def problem(word: str, severity: str, instance: str = "a", **labels: str) -> Series:
    """Give the series of a problem of the resource r."""
    return series(
        "backup_resource_problem",
        1,
        resource="r",
        instance=instance,
        squad="data",
        resource_name=f"r at {instance}",
        problem=word,
        severity=severity,
        **labels,
    )


@pytest.mark.parametrize(
    ("state", "problems", "changes"),
    [
        ("fine", [], {}),
        ("info", [problem("slow", "info", kind="full")], {}),
        ("warning", [problem("too_old", "warning"), problem("slow", "info")], {}),
        ("critical", [problem("too_old", "critical"), problem("stuck", "warning"), problem("slow", "info")], {}),
        ("warning", [problem("too_old", "warning"), problem("too_old", "warning", "b")], {}),
        ("paused", [], {"backup_monitoring_paused": 1}),
        ("fine", [], {"backup_monitoring_paused": None}),
    ],
)
def test_state_of_a_resource(
    tmp_path: Path, state: str, problems: list[Series], changes: dict[str, float | None]
) -> None:
    check(tmp_path, [*resource("r", **changes), *problems], queries.STATE, [(of("r"), CODES[state])])


@pytest.mark.parametrize(
    ("problems", "count"),
    [
        ([], 0),
        ([problem("slow", "info")], 0),
        ([problem("too_old", "warning"), problem("stuck", "warning")], 1),
        ([problem("too_old", "warning"), problem("too_old", "critical", "b")], 1),
    ],
)
def test_a_resource_that_needs_attention_counts_once(tmp_path: Path, problems: list[Series], count: float) -> None:
    given = [*resource("r"), *resource("r", "b"), *resource("other"), *problems]

    check(tmp_path, given, queries.NEED_ATTENTION, [({}, count)])


@pytest.mark.parametrize("exposed", [True, False], ids=["exposed", "excluded"])
def test_a_paused_resource_is_known_with_the_lean_list_too(tmp_path: Path, exposed: bool) -> None:
    given = [
        *resource("r", backup_monitoring_paused=0 if exposed else None, backup_resource_worst_severity=0),
        *resource("idle", backup_monitoring_paused=1 if exposed else None),
    ]

    check(tmp_path, given, queries.STATE, [(of("idle"), CODES["paused"]), (of("r"), CODES["fine"])])


def test_a_resource_of_a_source_that_is_down_is_not_fine(tmp_path: Path) -> None:
    given = [*resource("r"), series("backup_source_up", 0)]

    check(tmp_path, given, queries.STATE, [(of("r"), 1.5)])


def test_a_cluster_is_a_choice_that_may_be_absent(tmp_path: Path) -> None:
    given = [
        *resource("r"),
        *({**each, "series": each["series"].replace("{", '{cluster="x", ', 1)} for each in resource("r")),
    ]
    chosen = queries.SEEN.replace("$cluster", "x")

    check(tmp_path, given, f"count({queries.SEEN})", [({}, 2)])
    check(tmp_path, given, f"count({chosen})", [({}, 1)])


def test_where_nothing_is_scraped_nothing_is_fine(tmp_path: Path) -> None:
    check(tmp_path, [], queries.NEED_ATTENTION, [])


def test_two_names_of_one_resource_leave_the_others_alone(tmp_path: Path) -> None:
    given = [*resource("r"), *resource("r", "b"), *resource("other")]
    ages = f"max by (resource) ({queries.name_series(queries.AGE)})"

    check(tmp_path, given, ages, [({"resource": "r"}, HOUR), ({"resource": "other"}, HOUR)])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([*resource("r"), *resource("busy", backup_in_progress=1)], [({}, 1)]),
        (resource("r", backup_in_progress=0), [({}, 0)]),
        (resource("r"), []),
        ([], []),
    ],
    ids=["one", "none", "not exposed", "nothing is scraped"],
)
def test_a_count_is_zero_only_where_something_is_watched(
    tmp_path: Path, given: list[dict[str, str]], expected: Sequence[tuple[dict[str, str], float]]
) -> None:
    check(tmp_path, given, queries.count_by(queries.RUNNING, queries.IN_PROGRESS), expected)


def test_size_is_that_of_the_newest_kind(tmp_path: Path) -> None:
    given = [
        series("backup_last_success_timestamp_seconds", -HOUR, resource="r"),
        *(
            each
            for kind, ago, size in (("full", 20, 1000), ("incremental", 1, 7))
            for each in (
                series("backup_last_success_by_kind_timestamp_seconds", -ago * HOUR, resource="r", kind=kind),
                series("backup_last_success_size_bytes", size, resource="r", kind=kind),
            )
        ),
        series("backup_last_success_size_bytes", 50, resource="without kinds"),
        *(
            series("backup_last_success_size_bytes", size, resource=name, kind=kind, instance=instance)
            for name, kind, size in (("one kind", "full", 20), ("two kinds", "full", 30), ("two kinds", "dump", 40))
            for instance in ("a", "b")
        ),
        series("backup_last_success_timestamp_seconds", -HOUR, resource="size not known"),
        series("backup_last_success_by_kind_timestamp_seconds", -HOUR, resource="size not known", kind="dump"),
        series("backup_last_success_size_bytes", 60, resource="size not known", kind="full"),
    ]
    expected = [
        ({"job": "backups", **IDENTITY, "resource": name}, size)
        for name, size in (("r", 7), ("without kinds", 50), ("one kind", 20))
    ]

    check(tmp_path, given, queries.of_newest_kind("backup_last_success_size_bytes"), expected)


def test_of_two_statuses_the_worse_is_shown(tmp_path: Path) -> None:
    given = [
        series("backup_last_finished_status", float(status == current), resource="r", instance=instance, status=status)
        for instance, current in (("a", "completed"), ("b", "failed"))
        for status in queries.STATUSES
    ]
    expected = [(RESOURCE, 1 + queries.STATUSES.index("failed"))]

    check(tmp_path, given, queries.worst_status("backup_last_finished_status"), expected)


def test_only_the_exporters_targets_count(tmp_path: Path) -> None:
    given = [
        series("up", 1),
        series("up", 0, instance="b"),
        series("up", 0, job="something else"),
        series("backup_exporter_build_info", 1, provider="", source="", version="1"),
    ]
    down = f"sum(({runtime.EXPORTERS}) == bool 0)"

    check(tmp_path, given, down, [({}, 1)])


@pytest.mark.parametrize(
    ("about", "shown"),
    [("chosen", True), ("", True), ("another", False)],
    ids=["the chosen one", "its source", "another"],
)
def test_alerts_of_a_choice_come_with_those_of_its_source(tmp_path: Path, about: str, shown: bool) -> None:
    given = [series("ALERTS", 1, alertname="BackupX", alertstate="firing", resource=about, instance="")]
    expr = f"sum({queries.alerts('ALERTS').replace('$resource', 'chosen')})"

    check(tmp_path, given, expr, [({}, 1)] if shown else [])

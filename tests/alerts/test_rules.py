"""The shipped alerts: what promtool and amtool say of them, and that rules, their tests and their pages agree."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from stack.shorten import shorten

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "alerts"
RUNBOOKS = ROOT / "docs" / "runbooks"
RUNBOOK_BASE = "https://github.com/backup-exporter/backup-exporter/blob/main/docs/runbooks/"
TESTS = sorted((ALERTS / "tests").glob("*.yml"))
RULE_FILES = ("backups.yml", "collection.yml")
SEVERITIES = {"critical", "warning", "info"}
NOT_OURS = {"up", "process_start_time_seconds"}
"""Metrics that Prometheus makes, or the Python client."""
ABOUT_SOURCES_OR_THE_EXPORTER = re.compile(r"Backup(Exporter|Source|CredentialsRejected|RateLimited|PollInterval)")


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is missing: install Debian's packages prometheus and prometheus-alertmanager")
    return found


def run(program: str, *arguments: str, folder: Path = ALERTS) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool(program), *arguments], cwd=folder, capture_output=True, text=True, check=False)


def rules() -> Iterator[dict[str, Any]]:
    for name in RULE_FILES:
        for group in yaml.safe_load((ALERTS / name).read_text())["groups"]:
            yield from group["rules"]


ALERT_RULES = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDED = {rule["record"] for rule in rules() if "record" in rule}
each_alert = pytest.mark.parametrize("alert", ALERT_RULES)


def contract_metrics() -> set[str]:
    from exporter.metrics.families import FAMILIES  # noqa: PLC0415  (only the test that asks needs the module)

    return {family.name for family in FAMILIES}


def metrics_in(expression: Any) -> Iterator[str]:
    if isinstance(expression, promql_parser.VectorSelector):
        if expression.name:
            yield expression.name
        return
    for part in ("expr", "param", "lhs", "rhs", "vector_selector"):
        inner = getattr(expression, part, None)
        if inner is not None:
            yield from metrics_in(inner)
    for argument in getattr(expression, "args", None) or ():
        yield from metrics_in(argument)


def metrics_of(rule: dict[str, Any]) -> set[str]:
    """Names in the expression, and in the queries of the annotations."""
    texts = " ".join(str(text) for text in rule.get("annotations", {}).values())
    queried = re.findall(r"\b((?:[a-z_]+:)?backup_[a-z_]+(?::[a-z_]+)?)(?=[{:])", texts)
    return set(metrics_in(promql_parser.parse(rule["expr"]))) | set(queried)


@cache
def cases() -> frozenset[tuple[str, bool]]:
    """Each alert that a promtool test asks for, and whether it expects it to fire."""
    groups = [group for path in TESTS for group in yaml.load(path.read_text(), yaml.CSafeLoader)["tests"]]
    listed = [case for group in groups for case in group.get("alert_rule_test", ())]
    return frozenset((case["alertname"], bool(case.get("exp_alerts"))) for case in listed)


def test_promtool_accepts_the_rules() -> None:
    result = run("promtool", "check", "rules", *RULE_FILES)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_promtool_s_unit_tests_pass() -> None:
    result = run("promtool", "test", "rules", *map(str, TESTS))
    assert result.returncode == 0, result.stdout + result.stderr


def test_amtool_accepts_the_routes() -> None:
    result = run("amtool", "check-config", "alertmanager.example.yml")
    assert result.returncode == 0, result.stdout + result.stderr


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
        ("squad=nobody", "chat"),
    ],
)
def test_alerts_are_routed_by_severity_and_label(labels: str, receiver: str) -> None:
    arguments = ("config", "routes", "test", "--config.file=alertmanager.example.yml", *labels.split())
    result = run("amtool", *arguments)
    assert result.stdout.split() == [receiver], result.stdout + result.stderr


def test_inhibition_names_only_alerts_that_exist() -> None:
    text = (ALERTS / "alertmanager.example.yml").read_text()
    assert set(re.findall(r"\bBackup[A-Z]\w+", text)) <= set(ALERT_RULES)


def test_shortened_rules_are_still_rules(tmp_path: Path) -> None:
    for name in RULE_FILES:
        short = shorten(yaml.safe_load((ALERTS / name).read_text()), factor=300)
        (tmp_path / name).write_text(yaml.safe_dump(short))
    result = run("promtool", "check", "rules", *RULE_FILES, folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_rules_and_runbooks_match_both_ways() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == set(ALERT_RULES)


def test_the_index_lists_each_alert_with_its_severity() -> None:
    index = (RUNBOOKS / "README.md").read_text()
    rows = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\) \| (\w+) \| \S.* \|$", index, re.MULTILINE)
    assert all(name == page for name, page, _ in rows)
    assert {name: severity for name, _, severity in rows} == {
        name: rule["labels"]["severity"] for name, rule in ALERT_RULES.items()
    }
    assert len(rows) == len(ALERT_RULES)


def test_the_overview_lists_each_alert_once() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\(runbooks/\1\.md\) \|", (ROOT / "docs" / "alerts.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(ALERT_RULES)


@each_alert
def test_an_alert_carries_what_people_and_routes_need(alert: str) -> None:
    rule = ALERT_RULES[alert]
    annotations = rule["annotations"]
    assert re.fullmatch(r"Backup([A-Z][a-z]+)+", alert)
    assert rule["for"]
    assert rule["labels"]["severity"] in SEVERITIES
    assert annotations["summary"].strip()
    assert annotations["description"].strip().endswith((".", "}}"))
    assert annotations["runbook_url"] == f"{RUNBOOK_BASE}{alert}.md"
    assert (RUNBOOKS / f"{alert}.md").is_file()


@each_alert
def test_an_alert_about_a_resource_names_it(alert: str) -> None:
    rule = ALERT_RULES[alert]
    about_a_resource = not ABOUT_SOURCES_OR_THE_EXPORTER.match(alert)
    assert ("group_left (resource_name) topk by (provider, source, resource) (1, " in rule["expr"]) is about_a_resource
    assert ("resource_name" in rule["annotations"]) is about_a_resource


@each_alert
def test_a_page_tells_what_it_means_how_to_look_what_to_do_and_when_it_errs(alert: str) -> None:
    page = (RUNBOOKS / f"{alert}.md").read_text()
    assert page.startswith(f"# {alert}\n")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == ["What it means", "How to look", "What to do", "False alarm"]
    assert "```promql\n" in page
    for query in re.findall(r"```promql\n(.*?)```", page, re.DOTALL):
        for line in query.strip().splitlines():
            promql_parser.parse(line.replace("$", ""))


@each_alert
def test_an_alert_is_shown_to_fire_and_to_be_silent(alert: str) -> None:
    assert {fires for name, fires in cases() if name == alert} == {True, False}


@pytest.mark.parametrize("metric", sorted({metric for rule in rules() for metric in metrics_of(rule)} - NOT_OURS))
def test_a_metric_named_in_a_rule_exists(metric: str) -> None:
    if ":" in metric:
        assert metric in RECORDED
    else:
        assert metric in contract_metrics()


def test_only_the_two_rules_about_up_know_the_name_of_the_job() -> None:
    wired = {alert for alert, rule in ALERT_RULES.items() if re.search(r"\bjob\s*(=|!)", rule["expr"])}
    assert wired == {"BackupExporterDown", "BackupExporterAbsent"}


def test_no_rule_counts_failures_over_a_range() -> None:
    for rule in rules():
        assert not re.search(r"\b(increase|rate|irate|delta)\s*\(", rule["expr"]), rule


MUTANTS = [
    ("backups.yml", "BackupTooOld", "backup_max_age_seconds)\n", "backup_max_age)\n"),
    ("backups.yml", "BackupTooOld", "> max without", "< max without"),
    ("backups.yml", "BackupTooOld", "> max without", ">= max without"),
    (
        "backups.yml",
        "BackupTooOld",
        " topk by (provider, source, resource) (1, backup_resource_info)",
        " backup_resource_info",
    ),
    ("backups.yml", "BackupTooOldCritical", "2 * max without", "1 * max without"),
    (
        "backups.yml",
        "BackupNeverSucceeded",
        "unless on (provider, source, resource) resource:backup_last",
        "and on (resource) resource:backup_last",
    ),
    ("backups.yml", "BackupFailingRepeatedly", ">= 3", "> 3"),
    ("backups.yml", "BackupStuck", "instance:backup_resource_up:fresh", "instance:backup_resource_up:current"),
    ("backups.yml", "BackupSizeDropped", "< 0.5", "> 0.5"),
    ("backups.yml", "BackupSizeDropped", '{kind!~"incremental|snapshot"}', ""),
    ("backups.yml", "BackupNothingToRestore", "backup_oldest_success_timestamp_seconds", "backup_oldest"),
    ("backups.yml", "BackupScheduleOff", ") == 0", ") == 1"),
    ("collection.yml", "BackupExporterDown", "== 0", "== 1"),
    ("collection.yml", "BackupSourceDown", "< 2 *", "> 2 *"),
    ("collection.yml", "BackupCredentialsRejected", "unauthorized|forbidden", "unauthorised"),
    ("collection.yml", "BackupPollIntervalStretched", "> 1", ">= 1"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "alert", "old", "new"), MUTANTS)
def test_a_broken_rule_makes_its_tests_red(name: str, alert: str, old: str, new: str, tmp_path: Path) -> None:
    shutil.copytree(ALERTS, tmp_path / "alerts")
    file = tmp_path / "alerts" / name
    before, rule = file.read_text().split(f"- alert: {alert}\n")
    expression, rest = rule.split("\n        for:", 1)
    assert old in expression, "the mutant no longer fits the rule"
    file.write_text(f"{before}- alert: {alert}\n{expression.replace(old, new)}\n        for:{rest}")
    assert run("promtool", "check", "rules", name, folder=file.parent).returncode == 0, "broken, but still a rule"
    assert run("promtool", "test", "rules", f"tests/{alert}.yml", folder=file.parent).returncode != 0

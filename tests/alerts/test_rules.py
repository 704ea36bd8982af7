"""The shipped alerts: what promtool and amtool say of them, and that table, files, pages and command agree."""

import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from alerts.build import files
from exporter.alerts.alert import REPLICA_LABELS, RUNBOOKS, Subject
from exporter.alerts.rules import ALERTS, CURRENT
from exporter.cli import main
from exporter.metrics.families import FAMILIES
from exporter.state.problem import RESOURCE_WORDS, SOURCE_WORDS
from stack.shorten import shorten
from tests.alerts.programs import ALERTS as FOLDER
from tests.alerts.programs import ROOT, run

PAGES = ROOT / "docs" / "runbooks"
TESTS = sorted((FOLDER / "tests").glob("*.yml"))
RULE_FILES = ("backups.yml", "collection.yml")
ON_FACTS = {
    "BackupExporterDown",
    "BackupExporterAbsent",
    "BackupExporterNoSources",
    "BackupExporterConfigReloadFailed",
    "BackupExporterStateNotWritten",
    "BackupExporterWatchdog",
    "BackupVerdictMissing",
    "BackupExporterClockSkewed",
}
NEVER_EXCLUDED = {"backup_resource_up", "backup_source_up", "backup_poll_configured_interval_seconds"}
"""The families that the rules may read, beside problems and `backup_exporter_*`: the contract keeps them."""
PROBLEMS = {"backup_resource_problem", "backup_source_problem"}


def read_groups() -> Iterator[dict[str, Any]]:
    for name in RULE_FILES:
        yield from yaml.safe_load((FOLDER / name).read_text())["groups"]


RULES = [rule for group in read_groups() for rule in group["rules"]]
ALERT_RULES = {rule["alert"]: rule for rule in RULES if "alert" in rule}
each_alert = pytest.mark.parametrize("alert", ALERT_RULES)


def find_metrics(expression: Any) -> Iterator[str]:
    if isinstance(expression, promql_parser.VectorSelector):
        if expression.name:
            yield expression.name
        return
    for part in ("expr", "param", "lhs", "rhs", "vector_selector"):
        inner = getattr(expression, part, None)
        if inner is not None:
            yield from find_metrics(inner)
    for argument in getattr(expression, "args", None) or ():
        yield from find_metrics(argument)


def print_rules(capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    assert main(["rules", *flags]) == 0
    return capsys.readouterr().out


@pytest.mark.slow
def test_promtool_accepts_the_rules() -> None:
    result = run("promtool", "check", "rules", *RULE_FILES)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("vmalert") is None, reason="`make gotools` builds vmalert; Debian has none")
def test_vmalert_accepts_the_rules_and_their_sentences() -> None:
    result = run("vmalert", "-dryRun", *(f"-rule={name}" for name in RULE_FILES))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_promtool_s_unit_tests_pass() -> None:
    result = run("promtool", "test", "rules", *map(str, TESTS))
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_files_are_as_they_are_made() -> None:
    assert [path.name for path, text in files() if path.read_text() != text] == [], "run `make rules`"


def test_the_command_prints_the_groups_of_both_files_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    printed = yaml.safe_load(print_rules(capsys))
    assert printed == {"groups": list(read_groups())}
    assert {path.name for path in FOLDER.glob("*.yml")} == {*RULE_FILES, "alertmanager.example.yml"}


def test_the_operator_s_rule_has_the_same_groups(capsys: pytest.CaptureFixture[str]) -> None:
    printed = yaml.safe_load(print_rules(capsys, "--format", "operator"))
    assert (printed["apiVersion"], printed["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert printed["spec"] == {"groups": list(read_groups())}


def test_groups_fit_into_mimir_and_are_evaluated_each_minute() -> None:
    for group in read_groups():
        assert len(group["rules"]) <= 20
        assert group["interval"] == "1m"


def test_each_word_is_one_selector_and_the_rest_are_the_alerts_on_facts() -> None:
    assert {alert.name for alert in ALERTS if not alert.word} == {*ON_FACTS, "BackupProblem"}
    for alert in ALERTS:
        if alert.subject is Subject.RESOURCE:
            assert ALERT_RULES[alert.name]["expr"].startswith(f'{CURRENT}{{problem="{alert.word}"')


def test_each_word_of_the_verdict_has_its_alert_with_its_severity() -> None:
    for subject, words in ((Subject.RESOURCE, RESOURCE_WORDS), (Subject.SOURCE, SOURCE_WORDS)):
        alerts = [alert for alert in ALERTS if alert.subject is subject]
        assert {(alert.word, alert.severity) for alert in alerts} == {
            (word, str(severity)) for word, severities in words.items() for severity in severities
        }


def test_names_follow_the_words() -> None:
    irregular = {"unreadable", "disappeared", "limit_reached", "scopes_unreadable", "interval_stretched"}
    irregular |= {"emptied", "down", "data_stale"}
    for alert in ALERTS:
        if alert.word and alert.word not in irregular and not alert.only:
            assert alert.name == "Backup" + "".join(part.capitalize() for part in alert.word.split("_"))


@pytest.mark.parametrize(
    "metric", sorted({name for rule in RULES for name in find_metrics(promql_parser.parse(rule["expr"]))})
)
def test_the_rules_read_only_what_is_always_exposed(metric: str) -> None:
    families = {family.name for family in FAMILIES}
    recorded = {rule["record"] for rule in RULES if "record" in rule}
    assert metric in families | recorded | {"up"}
    assert metric in NEVER_EXCLUDED | PROBLEMS | recorded | {"up"} or metric.startswith("backup_exporter_")


@each_alert
def test_metrics_in_a_sentence_exist(alert: str) -> None:
    names = {family.name for family in FAMILIES}
    asked = re.findall(r"\b(backup_[a-z_]+)\{", " ".join(ALERT_RULES[alert]["annotations"].values()))
    assert set(asked) <= names


@each_alert
def test_an_alert_carries_what_people_and_routes_need(alert: str) -> None:
    rule = ALERT_RULES[alert]
    annotations = rule["annotations"]
    assert re.fullmatch(r"Backup([A-Z][a-z]+)+", alert)
    assert rule["keep_firing_for"] == "15m"
    assert rule["labels"]["severity"] in {"critical", "warning", "info", "none", "{{ $labels.severity }}"}
    assert annotations["summary"].strip()
    assert annotations["description"].strip().endswith((".", "}}"))
    assert annotations["runbook_url"] == f"{RUNBOOKS}/{alert}.md"


def test_rules_and_runbooks_match_both_ways() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} - {"README"} == set(ALERT_RULES)


@each_alert
def test_a_page_says_how_urgent_it_is_where_to_look_what_to_do_and_what_to_change(alert: str) -> None:
    page = (PAGES / f"{alert}.md").read_text()
    (entry,) = (each for each in ALERTS if each.name == alert)
    assert page.startswith(f"# {alert}\n")
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert headings == ["How urgent", "Where to look", "What to do", "Change or ignore"]
    assert "**Log:**" in page
    assert "**Dashboard:**" in page
    assert not entry.word or f"`ignore: [{entry.word}]`" in page
    assert "```promql\n" in page
    for query in re.findall(r"```promql\n(.*?)```", page, re.DOTALL):
        for line in query.strip().splitlines():
            promql_parser.parse(line.replace("$", ""))


@cache
def list_panels() -> frozenset[tuple[str, str]]:
    boards = [json.loads(path.read_text()) for path in (ROOT / "dashboards").glob("*.json")]
    shown = ((board, one) for board in boards for panel in board["panels"] for one in (panel, *panel.get("panels", ())))
    return frozenset((board["title"], panel.get("title", "")) for board, panel in shown)


@cache
def read_sources() -> str:
    return "".join(path.read_text() for path in (ROOT / "exporter").rglob("*.py"))


@each_alert
def test_panels_and_log_events_that_a_page_names_exist(alert: str) -> None:
    page = (PAGES / f"{alert}.md").read_text()
    (log,) = re.findall(r"^- \*\*Log:\*\* (.*)$", page, re.MULTILINE)
    (board, panels) = re.findall(r"^- \*\*Dashboard:\*\* `(.*?)`, (.*)$", page, re.MULTILINE)[0]
    assert {(board, panel) for panel in re.findall(r'"(.*?)"', panels)} <= list_panels()
    for event in re.findall(r"`([a-z_]+\.[a-z_]+)`", log):
        assert f'"{event}"' in read_sources()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "present", "absent"),
    [
        (("--job", 'a"b'), ('up{job="a\\"b"} == 0', 'absent(up{job="a\\"b"})'), ('job="backup-exporter"',)),
        (("--job", "a: b #c  {{d"), ('up{job="a: b #c  {{d"} == 0',), ('job="backup-exporter"',)),
        (
            ("--identity", "site,region"),
            ("on (site, region, job, instance)", "by (site, region, job)", "site=%q,region=%q,job=%q,provider=%q"),
            ("cluster",),
        ),
        (
            ("--replica-label", "replica,pod"),
            ("endpoint, node, replica)", "node, replica, shard)"),
            ("node, replica, pod",),
        ),
        (
            ("--runbook-url", "https://wiki.example.org/b/"),
            ("https://wiki.example.org/b/BackupTooOld.md",),
            (RUNBOOKS,),
        ),
        (
            ("--dashboard-url", "https://grafana.example.org/"),
            ("https://grafana.example.org/d/backup-resource?var-cluster={{ $labels.cluster | urlquery }}&var-job={{",),
            (),
        ),
    ],
)
@pytest.mark.parametrize("form", ["prometheus", "operator"])
def test_flags_change_every_place(
    flags: tuple[str, ...],
    present: tuple[str, ...],
    absent: tuple[str, ...],
    form: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = yaml.safe_load(print_rules(capsys, "--format", form, *flags))
    document = document if form == "prometheus" else document["spec"]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(document, width=10_000))
    text = " ".join((tmp_path / "rules.yml").read_text().replace("''", "'").split())
    result = run("promtool", "check", "rules", "rules.yml", folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    words = [str(value) for rule in rules for value in (rule["expr"], *rule.get("annotations", {}).values())]
    assert [each for each in present if not any(each in word for word in words)] == []
    assert [each for each in absent if each in text] == []


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--identity", "my-cluster"), "'my-cluster' is not a label name; the nearest one is 'my_cluster'"),
        (("--identity", "cluster,1st"), "'1st' is not a label name; the nearest one is '_1st'"),
        (("--identity", "été"), "'été' is not a label name; the nearest one is 't'"),
        (("--identity", "cluster,"), "'' is not a label name"),
        (("--identity", "__name__"), "'__name__' is not a label name; the nearest one is 'name'"),
        (("--identity", "pod"), "'pod' is a label in which replicas differ, not environments"),
        (("--identity", "severity"), "'severity' has a meaning of its own in the rules"),
        (("--replica-label", "source"), "'source' has a meaning of its own in the rules"),
        (("--replica-label", "a b"), "'a b' is not a label name; the nearest one is 'a_b'"),
        (("--job", ""), "is empty"),
        (("--runbook-url", "wiki/runbooks"), "'wiki/runbooks' is not an address"),
        (("--dashboard-url", "https://g.example.org/{{ 1 }}"), "is not an address"),
        (("--format", "yaml"), "invalid choice: 'yaml'"),
    ],
)
def test_a_bad_flag_is_one_line_with_the_nearest(
    flags: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rules", *flags])
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert flags[0] in err
    assert said in err


@pytest.mark.slow
def test_twins_are_told_apart_by_the_label_that_the_user_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every promtool case about `cluster` holds for another label, where that is the one told to the rules."""
    flags = ("--identity", "site", "--replica-label", "replica")
    (tmp_path / "tests").mkdir()
    (tmp_path / "rules.yml").write_text(print_rules(capsys, *flags))
    for path in TESTS:
        text = path.read_text().replace("../backups.yml, ../collection.yml", "../rules.yml")
        text = re.sub(r"\bsite\b", "zone", text)
        text = re.sub(r"\bcluster\b", "site", text)
        (tmp_path / "tests" / path.name).write_text(re.sub(r"\binstance=\"b:1\"", 'instance="b:1", replica="b"', text))
    names = [f"tests/{path.name}" for path in TESTS if path.name != "exporter.yml"]
    result = run("promtool", "test", "rules", *names, folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


MUTANTS = [
    ("backups.yml", 'problem="unreadable"}\n', 'problem="none"}\n', "replicas.yml"),
    ("backups.yml", "and ignoring (resource_name, kind", "and ignoring (kind", "replicas.yml"),
    ("backups.yml", "problem, severity, instance, pod,", "problem, severity, pod,", "replicas.yml"),
    ("backups.yml", "3 * instance:", "1 * instance:", "replicas.yml"),
    ("backups.yml", "topk without (resource_name, severity)", "topk without (severity)", "replicas.yml"),
    ("backups.yml", "< ignoring (kind, problem)", "> ignoring (kind, problem)", "replicas.yml"),
    ("backups.yml", "|never_succeeded|", "|", "replicas.yml"),
    ("backups.yml", '{problem="never_succeeded"}, "problem"', '{problem="none"}, "problem"', "replicas.yml"),
    ("backups.yml", "|nothing_to_restore|", "|", "replicas.yml"),
    (
        "backups.yml",
        "count without (resource_name, severity, instance",
        "count without (kind, resource_name, severity, instance",
        "replicas.yml",
    ),
    ("backups.yml", 'severity!~"critical|warning"', 'severity="info"', "replicas.yml"),
    ("backups.yml", '{problem="too_old", severity="critical"}', '{problem="too_old"}', "replicas.yml"),
    ("backups.yml", 'problem!~"disappeared|', 'problem!~"', "words.yml"),
    ("backups.yml", "keep_firing_for: 15m", "keep_firing_for: 10m", "words.yml"),
    (
        "collection.yml",
        'node, shard) (\n            backup_source_problem{problem="down"}',
        'node) (\n            backup_source_problem{problem="down"}',
        "replicas.yml",
    ),
    ("collection.yml", "unless on (cluster, job, instance)", "unless on (job, instance)", "replicas.yml"),
    ("collection.yml", 'exported_source!=""', 'exported_source!="s"', "replicas.yml"),
    ("collection.yml", "unless on (cluster, job)\n", "unless on (job)\n", "exporter.yml"),
    ("collection.yml", "> 60", "> 61", "exporter.yml"),
    ("collection.yml", "abs(", "(", "exporter.yml"),
]


@pytest.mark.long
@pytest.mark.parametrize(("name", "old", "new", "test"), MUTANTS)
def test_a_broken_rule_makes_its_tests_red(name: str, old: str, new: str, test: str, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "alerts")
    file = tmp_path / "alerts" / name
    text = file.read_text()
    assert old in text, "the mutant no longer fits the rules"
    file.write_text(text.replace(old, new))
    assert run("promtool", "check", "rules", name, folder=file.parent).returncode == 0, "broken, but still a rule"
    assert run("promtool", "test", "rules", f"tests/{test}", folder=file.parent).returncode != 0


def test_replicas_are_aggregated_in_every_rule_that_joins_or_counts() -> None:
    for rule in RULES:
        for labels in re.findall(r"without \(([^)]*)\)", rule["expr"]):
            assert labels == "resource_name, severity" or set(REPLICA_LABELS) <= set(labels.split(", "))


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


@pytest.mark.slow
def test_shortened_rules_are_still_rules(tmp_path: Path) -> None:
    for name in RULE_FILES:
        short = shorten(yaml.safe_load((FOLDER / name).read_text()), factor=300)
        (tmp_path / name).write_text(yaml.safe_dump(short))
    result = run("promtool", "check", "rules", *RULE_FILES, folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr

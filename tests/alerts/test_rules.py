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

from alerts import RULE_FILES
from alerts.build import files
from exporter.alerts.alert import RUNBOOKS, Subject
from exporter.alerts.rules import ALERTS, CURRENT
from exporter.labels import REPLICA_LABELS
from exporter.metrics.families import FAMILIES
from exporter.state.problem import RESOURCE_WORDS, SOURCE_WORDS
from stack.shorten import shorten
from tests.alerts.programs import ALERTS as FOLDER
from tests.alerts.programs import run
from tests.alerts.shipped_rules import ALERT_RULES, RULES, TESTS, each_alert, read_groups
from tests.paths import ROOT

PAGES = ROOT / "docs" / "runbooks"
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
def test_shortened_rules_are_still_rules(tmp_path: Path) -> None:
    for name in RULE_FILES:
        short = shorten(yaml.safe_load((FOLDER / name).read_text()), factor=300)
        (tmp_path / name).write_text(yaml.safe_dump(short))
    result = run("promtool", "check", "rules", *RULE_FILES, folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr

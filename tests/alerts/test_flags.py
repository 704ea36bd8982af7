"""The flags of `rules`: each changes every place, and a bad one is a line."""

import re
from pathlib import Path

import pytest
import yaml

from alerts import RULE_FILES
from exporter.alerts.alert import RUNBOOKS
from exporter.cli import main
from tests.alerts.programs import ALERTS as FOLDER
from tests.alerts.programs import run
from tests.alerts.shipped_rules import TESTS, read_groups

pytestmark = pytest.mark.integration


def print_rules(capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    assert main(["rules", *flags]) == 0
    return capsys.readouterr().out


def test_the_command_prints_the_groups_of_both_files_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    printed = yaml.safe_load(print_rules(capsys))
    assert printed == {"groups": list(read_groups())}
    assert {path.name for path in FOLDER.glob("*.yml")} == {*RULE_FILES, "alertmanager.example.yml"}


def test_the_operator_s_rule_has_the_same_groups(capsys: pytest.CaptureFixture[str]) -> None:
    printed = yaml.safe_load(print_rules(capsys, "--format", "operator"))
    assert (printed["apiVersion"], printed["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert printed["spec"] == {"groups": list(read_groups())}


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
        (("--identity", "severity"), "'severity' is reserved in the rules"),
        (("--replica-label", "source"), "'source' is reserved in the rules"),
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


@pytest.mark.parametrize("flags", [(), ("--identity", "env,site")])
def test_a_label_of_replicas_and_of_environments_is_refused(
    flags: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """It would be aggregated away and still be in each query of an annotation, so that no summary had a number."""
    label = "site" if flags else "cluster"

    assert main(["rules", *flags, "--replica-label", f"replica,{label}"]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"--replica-label: '{label}' is in --identity too")
    assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_twins_are_told_apart_by_the_label_that_the_user_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every promtool case about `cluster` holds for another label, where that is the one given to the rules."""
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

"""Tries the commands of docs/rules.md: promtool, vmalert and our own are run, the others are held to what they read."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from exporter.cli import main
from tests.paths import ROOT

pytestmark = pytest.mark.integration

PAGE = (ROOT / "docs" / "rules.md").read_text()
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) for line in block.splitlines()
]
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
NOT_HERE = {"kubectl", "mimirtool", "thanos"}
"""No package index has these; that the files which they are given exist is what a test can hold."""
GROUPS, RULES_OF_A_GROUP = 70, 20
"""What Mimir allows a tenant by default: ruler_max_rule_groups_per_tenant, ruler_max_rules_per_rule_group."""


def words_of(program: str) -> Iterator[list[str]]:
    """Yield the words of each command that starts a program."""
    yield from (words for words in map(shlex.split, COMMANDS) if words[0] == program)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a folder, as current one, with the rules and what our own commands of the page write."""
    for name in ("backups.yml", "collection.yml"):
        shutil.copy(ROOT / "alerts" / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    for _, *words in words_of("backup-exporter"):
        *flags, sign, file = words
        assert (sign, main(flags)) == (">", 0)
        (tmp_path / file).write_text(capsys.readouterr().out)
    return tmp_path


def test_each_command_is_one_that_is_tried() -> None:
    assert {shlex.split(line)[0] for line in COMMANDS} <= {"backup-exporter", "promtool", "vmalert"} | NOT_HERE


@pytest.mark.slow
def test_promtool_accepts_what_it_is_given(folder: Path) -> None:
    (words,) = words_of("promtool")
    here = [word.replace("/etc/prometheus/alerts/", f"{folder}/") for word in words]
    done = subprocess.run(here, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("rules found") == 2


def test_prometheus_loads_the_files_that_promtool_checks() -> None:
    (words,) = words_of("promtool")

    assert yaml.safe_load(EXAMPLES[0])["rule_files"] == words[3:]


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES)
def test_promtool_accepts_the_configuration(example: str, folder: Path) -> None:
    (folder / "prometheus.yml").write_text(example.replace("/etc/prometheus/alerts/", ""))
    command = ["promtool", "check", "config", "prometheus.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("vmalert") is None, reason="vmalert is not here: `make gotools` builds it with Go")
def test_vmalert_accepts_what_it_is_given(folder: Path) -> None:
    (words,) = words_of("vmalert")
    done = subprocess.run([*words, "-dryRun"], cwd=folder, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", ["kubectl", "mimirtool"])
def test_the_other_programs_are_given_files_that_there_are(folder: Path, program: str) -> None:
    (words,) = words_of(program)
    files = [word for word in words if word.endswith((".yml", ".yaml"))]

    assert files
    for name in files:
        assert yaml.safe_load((folder / name).read_text())


def test_the_rules_are_within_mimir_s_limits(folder: Path) -> None:
    files = ("backups.yml", "collection.yml")
    groups = [group for name in files for group in yaml.safe_load((folder / name).read_text())["groups"]]

    assert len(groups) <= GROUPS
    assert max(len(group["rules"]) for group in groups) <= RULES_OF_A_GROUP


def test_a_group_s_name_is_its_own(folder: Path) -> None:
    """Mimir's namespaces are the files' names; Thanos and the operator take all files together."""
    rules = yaml.safe_load((folder / "prometheusrule.yaml").read_text())["spec"]["groups"]

    assert len({group["name"] for group in rules}) == len(rules)

"""Holds the PrometheusRules and ServiceMonitors to the Prometheus operator's own definitions."""

import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.cli import main
from tests.deploy.manifests import BASE, SINGLE, one
from tests.paths import TESTS

FOLDER = TESTS / "operator"
FILES = ("package.json", "package-lock.json", ".npmrc", "validate.mjs")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the definitions, installed."""
    if missing := [tool for tool in ("node", "npm") if not shutil.which(tool)]:
        pytest.fail(f"needs {' and '.join(missing)}: install the packages nodejs and npm")
    folder = tmp_path_factory.mktemp("operator")
    for name in FILES:
        shutil.copy(FOLDER / name, folder)
    done = subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"npm ci: {done.stderr}"
    return folder


def refuse(folder: Path, *objects: dict[str, Any]) -> list[str | None]:
    """Return for each object None, or why the operator's definition refuses it."""
    done = subprocess.run(
        ["node", "validate.mjs"], input=json.dumps(objects), cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    refused: list[str | None] = json.loads(done.stdout)
    return refused


@pytest.mark.slow
def test_the_operator_s_definitions_accept_ours(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--format", "operator", "--identity", "site", "--job", "backups"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    kustomized = [one(objects, kind) for objects in (BASE, SINGLE) for kind in ("PrometheusRule", "ServiceMonitor")]

    assert refuse(folder, printed, *kustomized) == [None] * 5


@pytest.mark.slow
def test_the_definitions_refuse_a_misspelt_duration_and_a_misspelt_form(folder: Path) -> None:
    rule, monitor = copy.deepcopy(one(BASE, "PrometheusRule")), copy.deepcopy(one(BASE, "ServiceMonitor"))
    rule["spec"]["groups"][0]["rules"][0]["for"] = "5 minutes"
    monitor["spec"]["endpoints"] = {"port": "http"}

    words = refuse(folder, rule, monitor)

    assert "for" in str(words[0])
    assert "endpoints" in str(words[1])


def test_the_lock_pins_what_the_package_asks_for_and_names_no_registry() -> None:
    asked = json.loads((FOLDER / "package.json").read_text())["devDependencies"]
    text = (FOLDER / "package-lock.json").read_text()
    locked = json.loads(text)["packages"]

    assert {name: locked[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert all(each["integrity"].startswith("sha512-") for path, each in locked.items() if path)
    assert '"resolved"' not in text

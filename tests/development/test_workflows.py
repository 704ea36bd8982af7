"""Holds the public forge's files and the compose files to their JSON schemas; what they do cannot run here."""

import json
import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.paths import ROOT

pytestmark = pytest.mark.slow

RENOVATE = ROOT / ".github" / "renovate.json"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def validate(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", WORKFLOWS),
        ("renovate", [RENOVATE]),
        ("compose-spec", [ROOT / "deploy" / "compose.yaml", ROOT / "deploy" / "compose.config.yaml"]),
    ],
)
def test_the_files_fit_their_schema(schema: str, files: list[Path]) -> None:
    done = validate(schema, *files)
    assert files
    assert done.returncode == 0, done.stdout


def test_an_unknown_key_would_be_seen(tmp_path: Path) -> None:
    workflow = yaml.safe_load(WORKFLOWS[0].read_text(encoding="utf-8"))
    workflow["jbos"] = {}
    (tmp_path / "workflow.yml").write_text(yaml.safe_dump(workflow), encoding="utf-8")

    assert validate("github-workflows", tmp_path / "workflow.yml").returncode != 0


def test_one_workflow_runs_what_every_clone_can_run() -> None:
    assert "bash .ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")


def test_ci_runs_the_quick_tests_on_every_python_that_the_package_names() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
    named = [one.rpartition(" ")[2] for one in classifiers if one.startswith("Programming Language :: Python :: ")]

    assert workflow["jobs"]["quick"]["strategy"]["matrix"]["python"] == named
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["debian"] == ["12", "13"]


def test_updates_are_looked_for_in_both_lock_files_of_python() -> None:
    (pattern,) = read_renovate()["pip_requirements"]["managerFilePatterns"]
    locks = [path.name for path in ROOT.glob("*.lock")]

    assert len(locks) == 2
    assert all(re.search(pattern.strip("/"), lock) for lock in locks)


@pytest.mark.parametrize(
    ("manager", "pattern"),
    [
        ("npm", r"(^|/)package\.json$"),
        ("gomod", r"(^|/)go\.mod$"),
        ("dockerfile", r"(^|/)Dockerfile$"),
        ("docker-compose", r"(^|/)(docker-)?compose[^/]*\.ya?ml$"),
        ("github-actions", r"^\.github/workflows/[^/]+\.ya?ml$"),
    ],
)
def test_updates_are_looked_for_in_every_folder_that_pins_something(manager: str, pattern: str) -> None:
    configured = read_renovate()
    files = [path for path in list_files() if re.search(pattern, path)]
    ignored = configured["ignorePaths"]

    assert files
    assert manager in configured["enabledManagers"]
    assert [path for path in files if any(fnmatch(f"/{path}", one) for one in ignored)] == []
    assert ":ignoreModulesAndTests" in configured["ignorePresets"], "it leaves out the folders named tests"


def read_renovate() -> dict[str, Any]:
    configured: dict[str, Any] = json.loads(RENOVATE.read_text(encoding="utf-8"))
    return configured


def list_files() -> list[str]:
    """Return the paths of the repository's files, without what npm and Python have installed into it."""
    skipped = {"node_modules", ".git", ".tools"}
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in skipped and not name.startswith(".venv")]
        found += [str((Path(folder) / name).relative_to(ROOT)) for name in files]
    return found

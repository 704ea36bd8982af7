"""Holds the public forge's files and the compose files to their JSON schemas; what they do cannot run here."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.paths import ROOT

pytestmark = pytest.mark.slow

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def validate(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", WORKFLOWS),
        ("dependabot", [ROOT / ".github" / "dependabot.yml"]),
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


def test_updates_are_looked_for_in_every_folder_that_pins_go_modules() -> None:
    configured = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    (go,) = (each for each in configured["updates"] if each["package-ecosystem"] == "gomod")
    tracked = {f"/{path.parent.relative_to(ROOT)}" for path in ROOT.glob("*/*/go.mod")}

    assert set(go["directories"]) == tracked

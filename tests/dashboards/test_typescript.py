"""Grafana's own types accept the dashboards: each is written as a literal, for an import would widen what it says."""

import copy
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.shipped_dashboards import DASHBOARDS

TYPES = Path(__file__).parent / "typescript"
PATIENCE_SECONDS = 180
MISSPELT = {
    "variable": ("templating", "list", 1, "includeAll"),
    "annotation": ("annotations", "list", 1, "titleFormat"),
    "annotation_query": ("annotations", "list", 1, "target", "range"),
    "link": ("links", 0, "keepTime"),
    "dashboard": ("refresh",),
    "panel": ("panels", 1, "description"),
    "panel_look": ("panels", 1, "fieldConfig", "defaults", "noValue"),
    "place": ("panels", 1, "gridPos", "w"),
}
"""Where the overview has a key of which a letter is doubled, by the name of the file with the result."""


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    quiet = {"npm_config_update_notifier": "false", "npm_config_audit": "false", "npm_config_fund": "false"}
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | quiet,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def misspelt(place: tuple[str | int, ...]) -> tuple[dict[str, Any], str]:
    dashboard: dict[str, Any] = copy.deepcopy(DASHBOARDS["overview.json"])
    *way, key = place
    inner: Any = dashboard
    for step in way:
        inner = inner[step]
    wrong = f"{key}{str(key)[-1]}"
    inner[wrong] = inner.pop(key)
    return dashboard, wrong


def write(file: Path, dashboard: dict[str, Any]) -> None:
    literal = json.dumps({key: each for key, each in dashboard.items() if not key.startswith("__")}, indent=2)
    file.write_text(f'import type {{ Ours }} from "./ours.js";\n\nexport const made: Ours = {literal};\n')


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what the compiler says, by file, of the dashboards and of misspelt copies; it starts slowly, so once."""
    if missing := [tool for tool in ("node", "npm") if not shutil.which(tool)]:
        pytest.fail(f"needs {' and '.join(missing)}: install the packages nodejs and npm")
    folder = shutil.copytree(TYPES, tmp_path_factory.mktemp("types"), dirs_exist_ok=True)
    installed = run("npm", "ci", "--ignore-scripts", folder=folder)
    assert installed.returncode == 0, f"npm ci: {installed.stderr}"

    for name, dashboard in DASHBOARDS.items():
        write(folder / f"{Path(name).stem}.ts", dashboard)
    for name, place in MISSPELT.items():
        write(folder / f"misspelt_{name}.ts", misspelt(place)[0])
    compiled = run("npm", "exec", "--offline", "--", "tsc", "--strict", "--noEmit", "-p", ".", folder=folder)

    lines = [line for line in compiled.stdout.splitlines() if not line.startswith(" ")]
    located = [re.fullmatch(r"(\S+\.ts)\(\d+,\d+\): (error .*)", line) for line in lines]
    assert lines, f"tsc: {compiled.stderr}"
    assert all(located), compiled.stdout
    return {each[1]: each[2] for each in located if each}


@pytest.mark.slow
@pytest.mark.parametrize("name", DASHBOARDS)
def test_grafana_accepts_the_dashboard(name: str, complaints: dict[str, str]) -> None:
    assert complaints.get(f"{Path(name).stem}.ts") is None


@pytest.mark.slow
@pytest.mark.parametrize("name", MISSPELT)
def test_grafana_refuses_a_misspelt_key(name: str, complaints: dict[str, str]) -> None:
    assert f"'{misspelt(MISSPELT[name])[1]}'" in complaints[f"misspelt_{name}.ts"].replace('"', "")


@pytest.mark.slow
def test_nothing_else_is_wrong(complaints: dict[str, str]) -> None:
    assert set(complaints) == {f"misspelt_{name}.ts" for name in MISSPELT}


def test_the_lock_pins_what_the_package_asks_for_and_names_no_address() -> None:
    asked = json.loads((TYPES / "package.json").read_text())["devDependencies"]
    text = (TYPES / "package-lock.json").read_text()
    locked = json.loads(text)["packages"]

    assert {name: locked[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert all(each["integrity"].startswith("sha512-") for path, each in locked.items() if path)
    assert "://" not in text
    assert "omit-lockfile-registry-resolved=true" in (TYPES / ".npmrc").read_text()

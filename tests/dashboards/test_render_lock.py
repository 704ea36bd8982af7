"""The renderer installs what is pinned, from whatever registry is configured, and nothing under the AGPL."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.paths import ROOT

RENDER = ROOT / "render"
EACH_FOLDER = pytest.mark.parametrize("folder", [RENDER, RENDER / "grafana12"], ids=["Grafana 13", "Grafana 12"])


def lock(folder: Path) -> str:
    return (folder / "package-lock.json").read_text(encoding="utf-8")


def packages(folder: Path) -> dict[str, dict[str, Any]]:
    return dict(json.loads(lock(folder))["packages"])


@EACH_FOLDER
def test_the_lock_pins_what_the_package_asks_for_and_names_no_address(folder: Path) -> None:
    asked = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]

    pinned = packages(folder)

    assert {name: pinned[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert all(each["integrity"].startswith("sha512-") for path, each in pinned.items() if path)
    assert json.loads(lock(folder))["lockfileVersion"] == 3
    assert "://" not in lock(folder)


def test_no_lock_of_npm_names_an_address_not_even_of_those_who_take_donations() -> None:
    found = {path for folder in ("render", "tests") for path in (RENDER.parent / folder).rglob("package-lock.json")}
    locks = {path for path in found if "node_modules" not in path.parts}

    assert RENDER / "package-lock.json" in locks
    assert [path for path in locks if "://" in path.read_text(encoding="utf-8")] == []


@EACH_FOLDER
def test_no_package_is_under_a_license_of_the_gpl_family(folder: Path) -> None:
    assert "node_modules/@grafana/prometheus" not in packages(folder)
    assert [path for path, each in packages(folder).items() if "GPL" in str(each.get("license", ""))] == []


@EACH_FOLDER
def test_installing_runs_no_scripts_and_asks_for_no_address(folder: Path) -> None:
    settings = dict(line.split("=") for line in (folder / ".npmrc").read_text(encoding="utf-8").splitlines())

    assert (
        settings["ignore-scripts"]
        == settings["legacy-peer-deps"]
        == settings["omit-lockfile-registry-resolved"]
        == "true"
    )


@EACH_FOLDER
def test_what_drives_it_runs_on_node_18(folder: Path) -> None:
    assert packages(folder)["node_modules/playwright-core"]["engines"]["node"] == ">=18"
    assert packages(folder)["node_modules/esbuild"]["engines"]["node"] == ">=18"

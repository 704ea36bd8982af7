"""The renderer installs what is pinned, from whatever registry is configured, and nothing under the AGPL."""

import json
from pathlib import Path

RENDER = Path(__file__).parents[2] / "render"
LOCK = (RENDER / "package-lock.json").read_text(encoding="utf-8")
PACKAGES = json.loads(LOCK)["packages"]


def test_the_lock_pins_what_the_package_asks_for_and_names_no_address() -> None:
    asked = json.loads((RENDER / "package.json").read_text(encoding="utf-8"))["dependencies"]

    assert {name: PACKAGES[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert all(each["integrity"].startswith("sha512-") for path, each in PACKAGES.items() if path)
    assert json.loads(LOCK)["lockfileVersion"] == 3
    assert "://" not in LOCK


def test_no_lock_of_npm_names_an_address_not_even_of_those_who_take_donations() -> None:
    found = {path for folder in ("render", "tests") for path in (RENDER.parent / folder).rglob("package-lock.json")}
    locks = {path for path in found if "node_modules" not in path.parts}

    assert RENDER / "package-lock.json" in locks
    assert [path for path in locks if "://" in path.read_text(encoding="utf-8")] == []


def test_no_package_is_under_a_license_of_the_gpl_family() -> None:
    assert "node_modules/@grafana/prometheus" not in PACKAGES
    assert [path for path, each in PACKAGES.items() if "GPL" in str(each.get("license", ""))] == []


def test_installing_runs_no_scripts_and_asks_for_no_address() -> None:
    settings = dict(line.split("=") for line in (RENDER / ".npmrc").read_text(encoding="utf-8").splitlines())

    assert (
        settings["ignore-scripts"]
        == settings["legacy-peer-deps"]
        == settings["omit-lockfile-registry-resolved"]
        == "true"
    )


def test_what_drives_it_runs_on_node_18() -> None:
    assert PACKAGES["node_modules/playwright-core"]["engines"]["node"] == ">=18"
    assert PACKAGES["node_modules/esbuild"]["engines"]["node"] == ">=18"

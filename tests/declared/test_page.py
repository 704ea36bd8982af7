"""docs/declare-a-vendor.md: each step of it is run."""

import asyncio
import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.cli import main
from exporter.commands.config import read_configuration
from exporter.config.location import Report
from exporter.declared.parsing import read_declaration
from tests.declared.vendor import Asked, vendor
from tests.paths import ROOT

pytestmark = pytest.mark.integration

PAGE = ROOT / "docs" / "declare-a-vendor.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
DECLARATION = next(block for block in BLOCKS if block.startswith("# declared/acme.yaml"))
CONFIGURATIONS = [block for block in BLOCKS if block.startswith("# config.yaml")]
VARIATIONS = [block for block in BLOCKS if not block.startswith("#")]


def merge(base: Any, over: Any) -> Any:
    """Return a declaration with the keys of a variation; a list, and whatever names a type, is replaced whole."""
    if (
        not (isinstance(base, dict) and isinstance(over, dict))
        or "type" in over
        or {"expr", "value", "always"} & over.keys()
    ):
        return over
    return {**base, **{key: merge(base.get(key), inside) for key, inside in over.items()}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACME_TOKEN", "planted")
    monkeypatch.setenv("BILLING_TOKEN", "planted")
    (tmp_path / "declared").mkdir()
    (tmp_path / "declared" / "acme.yaml").write_text(DECLARATION)
    (tmp_path / "config.yaml").write_text(CONFIGURATIONS[0])
    return tmp_path


def test_the_declaration_and_its_test_are_good(folder: Path) -> None:
    assert not read_configuration(folder / "config.yaml").warnings


def test_the_other_configuration_is_good(folder: Path) -> None:
    (folder / "config.yaml").write_text(CONFIGURATIONS[1])

    assert [one.provider_name for one in read_configuration(folder / "config.yaml").settings.sources] == ["http_json"]


def test_the_problems_shown_are_those_of_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.search(r"```text\n(declaration acme.*?)```", PAGE.read_text(), re.DOTALL)
    assert shown is not None
    lines = []
    for old, new in (("unit: GB", "unit: Gb"), ("requests: 5", "requests: 4")):
        (folder / "declared" / "acme.yaml").write_text(DECLARATION.replace(old, new))
        assert main(["check", "--config.file", str(folder / "config.yaml")]) == 2
        lines += capsys.readouterr().err.splitlines()

    assert shown[1].splitlines() == lines


async def test_it_can_be_tried(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = yaml.safe_load(DECLARATION)["tests"][0]["answers"]

    def answer(asked: Asked) -> Any:
        return yaml_to_json(answers[f"GET {asked.path}"])

    async with vendor(answer) as found:
        text = CONFIGURATIONS[0] + f"    base_url: {found.url}\n"
        (folder / "config.yaml").write_text(text)
        arguments = ["--resource", "ord*", "--record", str(folder / "tests.yaml")]
        code = await asyncio.to_thread(main, ["try", "shop", "--config.file", str(folder / "config.yaml"), *arguments])
    shown = capsys.readouterr().out

    assert code == 0
    assert "done -> completed: 1" in shown
    assert "planted" not in shown
    assert yaml.safe_load((folder / "tests.yaml").read_text())["tests"]


def test_it_is_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "--config.file", str(folder / "config.yaml")]) == 0
    rows = [re.split(r" {2,}", line) for line in capsys.readouterr().out.splitlines()]

    assert ["acme", "Acme DB", "file", "https://docs.acme.example/api", "2026-11-25"] in rows


@pytest.mark.parametrize("block", VARIATIONS, ids=[block.splitlines()[0][:40] for block in VARIATIONS])
def test_each_variation_fits_into_the_declaration(block: str) -> None:
    base = yaml_to_json(yaml.safe_load(DECLARATION))
    del base["tests"]
    variation = yaml.safe_load(block)
    if "resources" in variation and "list" in variation["resources"]:
        del base["resources"]
        base["resources"] = {}
    if "duration" in variation.get("backups", {}):
        del base["backups"]["finished"]
    if "options" in variation:
        variation["options"] = {**base["options"], **variation["options"]}
    report = Report()
    read_declaration(merge(copy.deepcopy(base), variation), report)

    assert report.problems == []


def yaml_to_json(value: Any) -> Any:
    """Return a body as the vendor sends it: YAML reads unquoted times as instants."""
    if isinstance(value, dict):
        return {key: yaml_to_json(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [yaml_to_json(inside) for inside in value]
    return value.isoformat() if hasattr(value, "isoformat") else value

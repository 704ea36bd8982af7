"""Holds the bill of materials to CycloneDX's schema and to what is locked."""

import json
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.sbom import make
from exporter import __version__
from tests.paths import ROOT

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the bill of an environment that holds what is locked and installed here."""
    folder = tmp_path_factory.mktemp("locked")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python3*/site-packages")
    for info in next(Path(path) for path in sys.path if path.endswith("site-packages")).glob("*.dist-info"):
        if normal(info.name.split("-")[0]) in locked():
            (site / info.name).symlink_to(info)
    return make(folder / "bin" / "python")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", (ROOT / "requirements-run.lock").read_text(), re.MULTILINE)
    return {normal(name): version for name, version in pins}


def installed() -> set[str]:
    return {normal(each.name) for each in distributions()}


def test_it_lists_what_is_locked_each_with_its_licence(bill: dict[str, Any]) -> None:
    listed = {normal(each["name"]): each["version"] for each in bill["components"]}

    assert listed == {name: version for name, version in locked().items() if name in installed()}
    assert {"aiohttp", "msgspec", "prometheus-client", "pyyaml"} <= listed.keys()
    assert [each["name"] for each in bill["components"] if not each.get("licenses")] == []


def test_its_subject_is_this_version(bill: dict[str, Any]) -> None:
    subject = bill["metadata"]["component"]

    assert (subject["name"], subject["version"], subject["type"]) == ("backup-exporter", __version__, "application")


def test_it_is_cyclonedx(bill: dict[str, Any]) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None


def test_it_names_no_path_of_the_machine(bill: dict[str, Any]) -> None:
    assert "file://" not in json.dumps(bill)
    assert str(ROOT) not in json.dumps(bill)

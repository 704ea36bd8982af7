"""Each way into Grafana brings the three dashboards and nothing else: compose, the Helm chart, a plain Grafana."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dashboards.shipped_dashboards import DASHBOARDS, FOLDER

ROOT = FOLDER.parent
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning" / "dashboards" / "backups.yaml"
COPIES = ("exporter/dashboards", "deploy/kubernetes/base/dashboards", "deploy/helm/backup-exporter/files/dashboards")


def provider() -> dict[str, Any]:
    (found,) = yaml.safe_load(PROVISIONING.read_text(encoding="utf-8"))["providers"]
    return dict(found)


def test_the_page_shows_the_file_that_compose_uses() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)

    assert yaml.safe_load(shown) == yaml.safe_load(PROVISIONING.read_text(encoding="utf-8"))


def test_compose_mounts_what_grafana_reads_and_no_other_json_lies_there() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    mounts = dict(each.split(":")[:2][::-1] for each in compose["services"]["grafana"]["volumes"])
    folder = (ROOT / "deploy" / mounts[provider()["options"]["path"]]).resolve()

    assert {path.name for path in folder.rglob("*.json")} == set(DASHBOARDS), "Grafana reads folders below as well"
    assert Path(mounts["/etc/grafana/provisioning"]) == Path("./grafana/provisioning")


@pytest.mark.parametrize("folder", COPIES)
def test_every_copy_is_the_dashboard(folder: str) -> None:
    copies = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / folder).rglob("*.json")}

    assert copies == DASHBOARDS


def test_a_newer_file_replaces_the_older() -> None:
    assert len({each["uid"] for each in DASHBOARDS.values()}) == 3
    assert all(len(each["uid"]) <= 40 and re.fullmatch(r"[a-z-]+", each["uid"]) for each in DASHBOARDS.values())
    assert all("id" not in each for each in DASHBOARDS.values())

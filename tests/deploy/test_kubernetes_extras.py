"""Holds what stands around the pods in deploy/kubernetes: monitoring, generated files, and the page for people."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from alerts import RULE_FILES
from deploy.kubernetes.build import files
from exporter.shard import Shard
from tests.deploy.kustomized import Object, build_overlay
from tests.deploy.manifests import BASE, BOTH, KUBERNETES, arguments, configuration, container_of, one, secret_files
from tests.paths import ROOT

pytestmark = pytest.mark.integration

MEBIBYTE = 2**20
LARGEST_ANNOTATION = 2**18
"""`kubectl apply` keeps the whole object in an annotation."""


def test_generated_files_are_up_to_date() -> None:
    stale = [str(path.relative_to(ROOT)) for path, text in files() if not path.exists() or path.read_text() != text]

    assert stale == [], "run `python -m deploy.kubernetes.build`"


def test_every_file_of_the_base_is_used() -> None:
    written = yaml.safe_load((KUBERNETES / "base" / "kustomization.yaml").read_text())
    used = {*written["resources"], *(name for each in written["configMapGenerator"] for name in each["files"])}
    there = {str(path.relative_to(KUBERNETES / "base")) for path in (KUBERNETES / "base").rglob("*") if path.is_file()}

    assert used == there - {"kustomization.yaml"}


def test_prometheus_scrapes_the_job_that_the_rules_know() -> None:
    monitor, service = one(BASE, "ServiceMonitor"), one(BASE, "Service")
    (endpoint,) = monitor["spec"]["endpoints"]
    known = set(re.findall(r'job="([^"]+)"', (ROOT / "alerts" / "collection.yml").read_text())) - {"yours"}
    labels = service["metadata"]["labels"]

    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["spec"].keys() == {"jobLabel", "selector", "endpoints"}
    assert endpoint.keys() == {"port", "interval", "scrapeTimeout"}
    assert {labels[monitor["spec"]["jobLabel"]]} == known
    assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_rules_are_those_of_the_alerts() -> None:
    rule = one(BASE, "PrometheusRule")
    shipped = [yaml.safe_load((ROOT / "alerts" / name).read_text())["groups"] for name in RULE_FILES]
    rules = [each for group in rule["spec"]["groups"] for each in group["rules"]]

    assert rule["apiVersion"] == "monitoring.coreos.com/v1"
    assert rule["spec"] == {"groups": [group for groups in shipped for group in groups]}
    assert all(("alert" in each) != ("record" in each) for each in rules)
    assert {key for each in rules for key in each} <= {
        *("alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations")
    }


@BOTH
def test_grafana_finds_every_dashboard(objects: list[Object]) -> None:
    found = [each for each in objects if "grafana_dashboard" in each["metadata"].get("labels", {})]
    shown = {name: json.loads(text) for each in found for name, text in each["data"].items()}

    assert shown == {path.name: json.loads(path.read_text()) for path in (ROOT / "dashboards").glob("*.json")}
    assert {each["metadata"]["labels"]["grafana_dashboard"] for each in found} == {"1"}


@BOTH
def test_nothing_is_too_large_to_apply(objects: list[Object]) -> None:
    sizes = {each["metadata"]["name"]: len(json.dumps(each)) for each in objects}

    assert max(sizes.values()) < min(MEBIBYTE, LARGEST_ANNOTATION), sizes


def test_the_overlay_on_the_page_changes_the_number_of_shards(tmp_path: Path) -> None:
    page = (KUBERNETES / "README.md").read_text()
    (example,) = re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    mine = tmp_path / "overlays" / "mine"
    shutil.copytree(KUBERNETES / "base", tmp_path / "base")
    mine.mkdir(parents=True)
    (mine / "kustomization.yaml").write_text(example)
    (mine / "config.yaml").write_text("sources: []\n")

    objects = build_overlay(mine)

    assert one(objects, "StatefulSet")["spec"]["replicas"] == 5
    assert [arguments(objects, ordinal).shard for ordinal in range(5)] == [Shard(n, 5) for n in range(5)]
    assert container_of(objects)["image"].startswith("registry.example/backup-exporter:")
    assert configuration(objects) == "sources: []\n"


def test_the_page_names_what_there_is() -> None:
    page = (KUBERNETES / "README.md").read_text()
    named = set(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE)) | set(re.findall(r", `(base/[^`]+)` \|", page))
    targets = re.findall(r"\]\((?!https?://)([^)#\s]+)", page)

    assert [name for name in sorted(named) if not (KUBERNETES / name).exists()] == []
    assert [target for target in targets if not (KUBERNETES / target).exists()] == []
    assert set(re.findall(r"--from-file=([\w-]+)", page)) == secret_files()

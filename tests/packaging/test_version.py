"""The version stands in one place, and whatever has to repeat it is held to that."""

import re
import tomllib
from pathlib import Path

import yaml

from exporter import __version__
from exporter.alerts.alert import DOCUMENTATION, RUNBOOKS
from tests.paths import ROOT


def test_the_package_takes_it_from_the_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "exporter.__version__"}


def test_the_chart_and_the_image_repeat_it() -> None:
    chart = yaml.safe_load((ROOT / "deploy/helm/backup-exporter/Chart.yaml").read_text(encoding="utf-8"))
    label = re.search(r'image\.version="([^"]+)"', (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert chart["version"] == chart["appVersion"] == __version__
    assert label is not None
    assert label[1] == __version__


def test_kustomize_and_the_pages_repeat_it() -> None:
    kustomization = yaml.safe_load((ROOT / "deploy/kubernetes/base/kustomization.yaml").read_text(encoding="utf-8"))
    shown = {
        "deploy/kubernetes/README.md": r"backup-exporter:(\S+)",
        "docs/deploy.md": r"ghcr\.io/\S+:v(\S+)",
        "docs/page.md": r'"version": "([^"]+)"',
    }

    assert [image["newTag"] for image in kustomization["images"]] == [__version__]
    for page, pattern in shown.items():
        assert set(re.findall(pattern, (ROOT / page).read_text(encoding="utf-8"))) == {__version__}, page


def test_the_program_s_links_lead_where_the_package_says() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]

    assert urls["Documentation"] == DOCUMENTATION
    assert f"{DOCUMENTATION.rpartition('/')[0]}/runbooks" == RUNBOOKS
    assert all(url.startswith(urls["Homepage"]) for url in (*urls.values(), RUNBOOKS))
    assert [path for path in find_sources() if urls["Homepage"] in path.read_text("utf-8")] == [
        ROOT / "exporter" / "alerts" / "alert.py"
    ]


def find_sources() -> list[Path]:
    """Return the files of the program and of what builds its files."""
    folders = ("exporter", "alerts", "dashboards", "pages", "deploy", "stack", "render")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_a_commit_is_checked_by_what_make_check_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert recipe is not None
    assert [hook["entry"].replace(".venv/bin/", "$(BIN)/") for hook in hooks] == recipe[1].replace(
        "\t", ""
    ).splitlines()


def test_the_image_s_labels_repeat_what_the_package_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', (ROOT / "Dockerfile").read_text("utf-8")))
    assert labels == {
        "title": project["name"],
        "description": project["description"],
        "source": project["urls"]["Homepage"],
        "documentation": project["urls"]["Documentation"],
        "licenses": project["license"],
        "version": __version__,
        "revision": "${REVISION}",
    }


def test_the_release_builds_on_a_digest_and_attaches_the_bill_of_materials() -> None:
    release = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
    steps = release["jobs"]["image"]["steps"]
    (build,) = (step["with"] for step in steps if step.get("id") == "build")
    ran = [step["run"] for step in steps if "run" in step]
    given = dict(line.split("=", 1) for line in build["build-args"].splitlines())
    declared = set(re.findall(r"^ARG (\w+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE))
    assert given.keys() == declared
    assert given["BASE"] == "${{ steps.base.outputs.name }}@${{ steps.base.outputs.digest }}"
    assert "make sbom" in ran
    assert any(run.startswith("cosign attest ") and "dist/backup-exporter.cdx.json" in run for run in ran)

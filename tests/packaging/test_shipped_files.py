"""`rules`, `dashboards` and `providers`: what the program brings along, also where no repository is."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exporter import registry
from exporter.alerts.alert import Options
from exporter.alerts.rules import make_backup_groups, make_collection_groups
from exporter.alerts.text import write_rule_file
from exporter.cli import main
from tests.paths import ROOT

BOARDS = sorted(path.name for path in (ROOT / "dashboards").glob("*.json"))


def test_dashboards_are_written_into_a_new_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "grafana" / "backups"
    assert main(["dashboards", "--output-dir", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(folder / name) for name in BOARDS]
    for name in BOARDS:
        assert (folder / name).read_text() == (ROOT / "dashboards" / name).read_text()


def test_a_folder_that_cannot_be_made_is_one_line_with_the_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["dashboards", "--output-dir", str(tmp_path / "file")]) == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "--output-dir" in err


def test_dashboards_need_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dashboards"])
    assert ended.value.code == 2
    assert "--output-dir" in capsys.readouterr().err


def test_providers_are_listed_with_title_and_origin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers"]) == 0
    rows = [re.split(r" {2,}", line) for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows if row[2] == "built-in"] == list(registry.names())
    assert ["name", "title", "kind", "docs", "checked"] == rows[0]
    assert [row[1].lower().replace(" ", "_") for row in rows if row[2] == "built-in"] == list(registry.names())
    assert ["aiven", "Aiven", "catalog", "https://api.aiven.io/doc", "2026-11-25"] in rows


def test_the_image_keeps_its_state_on_its_volume() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    (volume,) = (line.split()[1] for line in lines if line.startswith("VOLUME"))
    assert f"ENV STATE_DIRECTORY={volume}" in lines


@pytest.mark.slow
def test_an_installed_wheel_brings_rules_and_dashboards(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    shutil.copytree(ROOT / "exporter", sources / "exporter", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
    install = [*pip, "--no-build-isolation", "--target", str(tmp_path / "installed"), str(sources)]
    subprocess.run(install, check=True, capture_output=True)
    program = "import sys; from exporter.cli import main; sys.exit(main())"

    def run(*arguments: str) -> str:
        environment = {"PYTHONPATH": str(tmp_path / "installed")}
        command = [sys.executable, "-c", program, *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    options = Options()
    assert run("rules") == write_rule_file((*make_backup_groups(options), *make_collection_groups(options)))
    assert len(run("dashboards", "--output-dir", "boards").splitlines()) == len(BOARDS)

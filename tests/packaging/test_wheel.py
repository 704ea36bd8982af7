"""The wheel and the sdist, built, installed in an empty environment and used there."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter import registry
from tests.paths import ROOT

Run = Callable[..., subprocess.CompletedProcess[str]]
pytestmark = pytest.mark.slow


def call(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without the repository on Python's path."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=300, check=False, cwd=cwd, env=environment
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel and the sdist of what is committed or about to be."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    files = call("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout.split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    done = call(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, cwd=source)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def run(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return what runs the command of a fresh environment that holds the wheel, its dependencies borrowed from here."""
    folder = tmp_path_factory.mktemp("empty")
    (wheel,) = built.glob("*.whl")
    site = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    assert call(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder).returncode == 0
    python = folder / "venv" / "bin" / "python"
    purelib = Path(call(python, "-c", "import site; print(site.getsitepackages()[0])", cwd=folder).stdout.strip())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(purelib)
    for each in site.iterdir():
        if not (each.name.startswith(("exporter", "backup_exporter", "__editable__", "__pycache__"))):
            (purelib / each.name).symlink_to(each)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return call(python, "-m", "exporter", *arguments, cwd=folder)

    return run


def test_the_wheel_holds_what_is_needed_and_no_test(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()

    assert not [name for name in names if name.startswith(("tests", "benchmarks", "docs", "pages", "stack"))]
    assert "exporter/py.typed" in names


def test_the_sdist_holds_no_stray_test(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames() if "/" in name]

    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "stack/"))]
    assert {"LICENSE", "README.md", "pyproject.toml"} <= set(names)


def test_the_packages_are_fit_for_an_index(built: Path) -> None:
    done = call(sys.executable, "-m", "twine", "check", "--strict", *built.iterdir(), cwd=built)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("command", "shows"),
    [
        ("rules", "BackupTooOld"),
        ("example-config", "sources:"),
        ("systemd-unit", "ExecStart=/"),
        ("providers", registry.names()[0]),
        ("schema", '"$schema"'),
        ("--version", "backup-exporter"),
    ],
)
def test_a_command_works_from_the_wheel(run: Run, command: str, shows: str) -> None:
    done = run(command)
    assert done.returncode == 0, done.stderr
    assert shows in done.stdout


def test_the_dashboards_are_written_from_the_wheel(run: Run, tmp_path: Path) -> None:
    done = run("dashboards", "--output-dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    for name in ("overview", "resource", "exporter"):
        assert json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))["panels"]

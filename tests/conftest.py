"""What holds for every test."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from exporter import log

BUILT = Path(__file__).parent.parent / ".tools" / "bin"
"""Where `make gotools` puts the programs of today; tests prefer them unless PROGRAMS=debian."""
PROGRAMS = ("prometheus", "promtool", "vmalert", "victoria-metrics", "helm", "kustomize")


def pytest_configure() -> None:
    """Put the programs that were built here before Debian's on the PATH."""
    if BUILT.is_dir() and os.environ.get("PROGRAMS") != "debian" and str(BUILT) not in os.environ["PATH"]:
        os.environ["PATH"] = f"{BUILT}{os.pathsep}{os.environ['PATH']}"


def pytest_report_header() -> str:
    """Return which programs the tests take."""
    found = {name: path for name in PROGRAMS if (path := shutil.which(name))}
    return "programs: " + (", ".join(f"{name} {_version(path)}" for name, path in found.items()) or "none")


def _version(path: str) -> str:
    """Return the version of a Prometheus program, and for others where they are."""
    if not Path(path).name.startswith("prom"):
        return f"({path})"
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    words = (said.stdout + said.stderr).split()
    return words[2] if len(words) > 2 else "?"


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Undo what a command set up: its stderr is closed when the test is over."""
    yield
    structlog.reset_defaults()
    log._sink = None


@pytest.fixture(autouse=True)
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test's exporters their default state file, so that no test begins with what another left."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path_factory.mktemp("state")))

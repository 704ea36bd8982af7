"""Runs Prometheus' and Alertmanager's own tools on rule files."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT

ALERTS = ROOT / "alerts"


def run(program: str, *arguments: str, folder: Path = ALERTS) -> subprocess.CompletedProcess[str]:
    found = shutil.which(program)
    if found is None:
        pytest.fail(f"{program} is missing: install Debian's packages prometheus and prometheus-alertmanager")
    return subprocess.run([found, *arguments], cwd=folder, capture_output=True, text=True, check=False)

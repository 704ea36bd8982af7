"""The lock files name all that is installed, so nothing else has to be found in an index."""

import subprocess
import sys

import pytest

from tests.paths import ROOT


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile", "docs/deploy.md"])
def test_nothing_that_a_lock_lacks_is_looked_for(file: str) -> None:
    """With its dependencies, pip refuses an extra of a pinned package as soon as the index has a newer version."""
    installs = [line for line in (ROOT / file).read_text(encoding="utf-8").splitlines() if "-r requirements" in line]

    assert installs
    assert [line for line in installs if "--no-deps --require-hashes" not in line] == []


@pytest.mark.slow
def test_the_locks_lack_nothing() -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout

"""Runs .ci/run with stand-ins for make and Go: what it says and how it ends with today's programs and without."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT

WITHOUT = "*** NOT TESTED WITH TODAY'S PROGRAMS, WITH DEBIAN'S ALONE: "
MAKE = """echo "$PROGRAMS $*" >>"$CALLS"
case "$*" in
  *gotools) echo "the build's words"; exit ${BUILD:-0} ;;
  programs*) exit ${TESTS:-0} ;;
esac
"""
pytestmark = pytest.mark.slow


def run(folder: Path, *, go: bool = True, **changes: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Return how a copy of .ci/run ended, and each call of make with the programs that it asked for."""
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    (folder / ".ci" / "find-python").write_text("")
    stand_ins = {"make": MAKE, "curl": "printf 200\n", "promtool": "cat >/dev/null\n"} | ({"go": ""} if go else {})
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    for name, text in stand_ins.items():
        (bin_folder / name).write_text(f"#!/bin/sh\n{text}")
        (bin_folder / name).chmod(0o755)
    for name in ("bash", "sh", "cat", "dirname", "mkdir", "mktemp", "nice", "seq", "sleep", "tail", "timeout"):
        (bin_folder / name).symlink_to(str(shutil.which(name)))
    environment = {"PATH": str(bin_folder), "CALLS": str(folder / "calls"), "TMPDIR": str(folder), **changes}
    done = subprocess.run(
        ["bash", ".ci/run"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done, [line.strip() for line in (folder / "calls").read_text().splitlines()]


def test_the_tests_run_with_debian_s_programs_and_those_concerned_with_today_s_too(tmp_path: Path) -> None:
    done, calls = run(tmp_path)

    assert done.returncode == 0, done.stderr
    assert {"debian test", "debian long"} < set(calls)
    today = [call for call in calls if call.startswith("today ")]
    assert [re.findall(r"MARKED=(programs and [a-z ]+?)(?: ARGS|$)", call) for call in today] == [
        ["programs and not long"],
        ["programs and long"],
    ]
    assert WITHOUT not in done.stderr


def test_tests_that_fail_with_today_s_programs_fail_it(tmp_path: Path) -> None:
    done, _ = run(tmp_path, TESTS="3")

    assert done.returncode == 3


@pytest.mark.parametrize(
    ("go", "changes", "reason"),
    [
        (False, {}, "there is no Go here to build them"),
        (True, {"BUILD": "1"}, "they could not be built; the last lines of the build stand above"),
        (True, {"ALL_WITHIN": "0"}, "the tests (not long) did not end within 0 minutes"),
    ],
)
def test_without_them_it_says_so_and_why(tmp_path: Path, go: bool, changes: dict[str, str], reason: str) -> None:
    done, calls = run(tmp_path, go=go, **changes)

    assert done.returncode == 0, done.stderr
    assert f"{WITHOUT}{reason}\n" in done.stderr
    assert ("the build's words" in done.stderr) is ("BUILD" in changes)
    assert not [call for call in calls if call.startswith("today ")]


def test_no_check_runs_twice(tmp_path: Path) -> None:
    _, calls = run(tmp_path)

    assert len(calls) == len(set(calls))
    assert "debian check" not in calls, "`make test` runs it"

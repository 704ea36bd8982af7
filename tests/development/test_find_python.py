"""Runs .ci/find-python with stand-ins for Pythons: which one `make` takes, and what it says where there is none."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.paths import ROOT

NEEDED = "this needs Python 3.11 to 3.14 with venv"
NONE = (
    f"{NEEDED}; on Debian 12 or later: apt-get install python3 python3-venv; or name one: make PYTHON=/path/to/python3"
)
STAND_IN = """#!/bin/sh
case "$*" in
  *version_info*) echo {minor} ;;
  *ensurepip*) exit {without_venv} ;;
esac
"""
pytestmark = pytest.mark.slow


def place(folder: Path, *names: str, without_venv: bool = False) -> None:
    """Put a stand-in for each Python into a folder: a name is the program's, or `python3 = 3.12` where both differ."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        program, _, version = name.partition(" = ")
        minor = (version or program).rpartition(".")[2]
        (folder / program).write_text(STAND_IN.format(minor=minor, without_venv=int(without_venv)), encoding="utf-8")
        (folder / program).chmod(0o755)


def find(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run .ci/find-python where the Pythons on the PATH are those in `bin` alone, and pyenv's those of the home."""
    return run(home, "bash", ".ci/find-python", *arguments)


def run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    programs = home / "programs"
    if not programs.exists():
        programs.mkdir()
        for name in ("bash", "sh", "ls", "sort", "make", "grep", "sed", "expand", "expr", "nproc"):
            (programs / name).symlink_to(str(shutil.which(name)))
    environment = {"PATH": f"{home / 'bin'}{os.pathsep}{programs}", "HOME": str(home)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("python3.11", "python3.14", "python3.13"), "python3.14"),
        (("python3.11", "python3 = 3.11"), "python3.11"),
        (("python3 = 3.14", "python3.12"), "python3"),
        (("python3.15", "python3.12", "python3 = 3.15"), "python3.12"),
    ],
)
def test_the_newest_suitable_one_is_taken(tmp_path: Path, names: tuple[str, ...], chosen: str) -> None:
    place(tmp_path / "bin", *names)

    done = find(tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path}/bin/{chosen}\n", "")


def test_one_without_venv_gives_way_to_an_older_one(tmp_path: Path) -> None:
    place(tmp_path / "bin", "python3.14", without_venv=True)
    place(tmp_path / "bin", "python3.12")

    assert find(tmp_path).stdout == f"{tmp_path}/bin/python3.12\n"


def test_all_are_one_of_each_version_and_pyenv_s_too(tmp_path: Path) -> None:
    place(tmp_path / "bin", "python3.11", "python3 = 3.11", "python3.14")
    place(tmp_path / ".pyenv/versions/3.12.1/bin", "python3 = 3.12")
    place(tmp_path / ".pyenv/versions/3.11.7/bin", "python3 = 3.11")
    place(tmp_path / ".pyenv/versions/3.10.13/bin", "python3 = 3.10")

    assert find(tmp_path, "--all").stdout.splitlines() == [
        f"{tmp_path}/bin/python3.14",
        f"{tmp_path}/.pyenv/versions/3.12.1/bin/python3",
        f"{tmp_path}/bin/python3.11",
    ]


@pytest.mark.parametrize("names", [(), ("python3.10", "python3 = 3.10"), ("python3 = 3.15",)])
def test_without_a_suitable_one_it_says_in_one_line_what_to_do(tmp_path: Path, names: tuple[str, ...]) -> None:
    place(tmp_path / "bin", *names)

    done = find(tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{NONE}\n")


def test_without_venv_it_names_the_package_that_brings_it(tmp_path: Path) -> None:
    place(tmp_path / "bin", "python3 = 3.13", "python3.11", without_venv=True)

    done = find(tmp_path)

    words = "Python 3.13 is here, but not its module venv; on Debian: apt-get install python3.13-venv\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", words)


def test_one_that_is_named_is_taken_though_a_newer_one_is_here(tmp_path: Path) -> None:
    place(tmp_path / "bin", "python3.12", "python3.14")
    place(tmp_path / "elsewhere", "python = 3.11")

    assert find(tmp_path, "python3.12").stdout == f"{tmp_path}/bin/python3.12\n"
    assert find(tmp_path, f"{tmp_path}/elsewhere/python").stdout == f"{tmp_path}/elsewhere/python\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("python3.10", f"python3.10 is Python 3.10; {NEEDED}"),
        ("python3.15", f"python3.15 is Python 3.15; {NEEDED}"),
        ("python3.9", f"there is no program python3.9; {NEEDED}"),
        ("sort", f"sort is not a Python 3 that runs; {NEEDED}"),
        ("bare", "Python 3.12 is here, but not its module venv; on Debian: apt-get install python3.12-venv"),
    ],
)
def test_one_that_is_named_and_not_suitable_is_refused_with_the_reason(tmp_path: Path, name: str, words: str) -> None:
    place(tmp_path / "bin", "python3.10", "python3.15", "python3.14")
    place(tmp_path / "bin", "bare = 3.12", without_venv=True)

    done = find(tmp_path, name)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{words}\n")


@pytest.mark.parametrize(
    ("target", "argument", "words"),
    [
        ("run", "PYTHON=", NONE),
        ("test", "PYTHON=", NONE),
        ("run", "PYTHON=python3.10", f"python3.10 is Python 3.10; {NEEDED}"),
    ],
)
def test_make_says_it_once(tmp_path: Path, target: str, argument: str, words: str) -> None:
    place(tmp_path / "bin", "python3.10")

    done = run(tmp_path, "make", target, argument, f"VENV={tmp_path}/venv")

    said = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert (done.returncode, done.stdout, said) == (2, "", [words])


def test_the_package_s_classifiers_name_the_same_versions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    classified = re.findall(r"Python :: 3\.(\d+)", "\n".join(project["classifiers"]))
    tried = re.findall(r"for minor in ([\d ]+);", (ROOT / ".ci" / "find-python").read_text(encoding="utf-8"))

    assert [sorted(each.split()) for each in tried] == [classified]
    assert project["requires-python"] == f">=3.{classified[0]}"

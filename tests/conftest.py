"""What holds for every test."""

import gc
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog

from exporter import log
from tests.programs import NAMES, OF_DEBIAN, find_pinned_version, uses_programs

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
"""What jsonschema would check IRIs with, and goes without: no schema here has one, and importing it takes seconds."""

BUILT = Path(__file__).parent.parent / ".tools" / "bin"
"""Where `make gotools` puts the programs of today; tests prefer them unless PROGRAMS=debian."""
GARBAGE = 20_000
"""New objects between two collections: pytest holds thousands of tests, and to look through them takes time."""
_RUNNING: list[pytest.Item] = []
"""The test that runs now; empty between tests."""


def pytest_configure() -> None:
    """Put the programs that were built here before Debian's on the PATH."""
    if BUILT.is_dir() and os.environ.get("PROGRAMS") != "debian" and str(BUILT) not in os.environ["PATH"]:
        os.environ["PATH"] = f"{BUILT}{os.pathsep}{os.environ['PATH']}"
    sys.addaudithook(_refuse_unmarked)
    gc.set_threshold(GARBAGE)


OWN_MARK = re.compile(r"^pytestmark = \[?pytest\.mark\.(\w+)", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave a file unread whose tests all have a mark that `-m` leaves out: reading it takes as long as some tests."""
    if collection_path.suffix != ".py" or not config.option.markexpr.startswith("not "):
        return None
    found = OWN_MARK.search(collection_path.read_text(encoding="utf-8"))
    left_out = config.option.markexpr.removeprefix("not ").split(" and not ")
    return True if found is not None and found[1] in left_out else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what uses the programs, where `-m` asks for it, and measure coverage by the quick tests.

    Tracing makes the slow ones twice as slow, and most of what those run is in other processes.
    """
    asked_for = "programs" in config.option.markexpr
    for item in items:
        if asked_for and uses_programs(item.path):
            item.add_marker(pytest.mark.programs)
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.no_cover)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note the test for as long as it and its fixtures run."""
    _RUNNING.append(item)
    try:
        return (yield)
    finally:
        _RUNNING.pop()


def _refuse_unmarked(event: str, arguments: tuple[Any, ...]) -> None:
    """Fail a test that starts one of the programs and is not marked so, or would not be by `-m programs`."""
    if event != "subprocess.Popen" or not _RUNNING:
        return
    command = arguments[1] if isinstance(arguments[1], list | tuple) else [arguments[1]]
    name = Path(os.fsdecode(command[0])).name
    if name in NAMES and not uses_programs(_RUNNING[-1].path):
        raise AssertionError(f"{name} is started, but tests/programs.py did not find this test")
    marks = {mark.name for mark in _RUNNING[-1].iter_markers()}
    if name in OF_DEBIAN and not marks & {"slow", "long"}:
        raise AssertionError(f"{name} is started by a test that is not marked slow: `make unit` needs no such program")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which programs the tests took; a quiet run has no header that could."""
    found = {name: path for name in NAMES if (path := shutil.which(name))}
    versions = ", ".join(f"{name} {_version(path)}" for name, path in found.items())
    terminalreporter.write_line(f"programs: {versions or 'none'}")


def _version(path: str) -> str:
    """Return the version that was built here, or that a Prometheus program says; for others where they are."""
    if Path(path).parent == BUILT:
        return find_pinned_version(Path(path).name)
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


@pytest.fixture(scope="session")
def unused_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return new folders without end; pytest itself would look through all that there are before it makes one."""
    top = tmp_path_factory.mktemp("states")
    return (top / str(number) for number in count())


@pytest.fixture(autouse=True)
def state_of_its_own(unused_folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test's exporters a default state file of their own; they make its folder."""
    monkeypatch.setenv("STATE_DIRECTORY", str(next(unused_folders)))

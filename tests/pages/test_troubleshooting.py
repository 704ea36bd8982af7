"""Holds docs/troubleshooting.md to the program: each error that it quotes is brought about, each name in it exists."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exporter.errors import REASONS
from exporter.metrics.families import FAMILIES
from exporter.persistence.file import StateFile
from tests.alerts.shipped_rules import ALERT_RULES
from tests.paths import ROOT
from tests.samples import CREDENTIAL, PROVIDER

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
GOOD = f"max_age: 26h\nsources:\n  - name: campus\n    provider: {PROVIDER}\n    {CREDENTIAL}: x\n"
FREE = "127.0.0.1:0"


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


QUOTED = re.findall(r"^\| `(.*?)` \|", section("It does not start"), re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How one of the errors is brought about."""

    quoted: str
    """The beginning of its line on the page."""
    code: int
    configuration: str | None = GOOD
    listen: str = FREE
    meanwhile: Callable[[Path], AbstractContextManager[Any]] = lambda _: nullcontext()


@contextmanager
def other_exporter(folder: Path) -> Any:
    """Hold the state file, as a second exporter does."""
    (folder / "data").mkdir()
    state = StateFile(folder / "data" / "state.json")
    state.lock()
    yield
    state.unlock()


CASES = [
    Case(
        quoted="config.yaml:7:",
        code=2,
        configuration="poll_interval: 5m\n\n" + GOOD.replace("token", "tokn"),
    ),
    Case(quoted="config.yaml: cannot be read", code=2, configuration=None),
    Case(quoted="config.yaml:4:", code=2, configuration=GOOD.replace("token: x", "token: ${CAMPUS_TOKEN}")[13:]),
    Case(quoted="cannot listen on", code=1, listen="0.0.0.0:10342"),
    Case(quoted="state_file:", code=1, configuration=f"state_file: data/state.json\n{GOOD}", meanwhile=other_exporter),
]


@pytest.mark.slow
@pytest.mark.parametrize("quoted", QUOTED)
def test_an_error_on_the_page_is_what_the_program_says(quoted: str, tmp_path: Path) -> None:
    (case,) = (each for each in CASES if quoted.startswith(each.quoted))
    if case.configuration is not None:
        (tmp_path / "config.yaml").write_text(case.configuration)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken, case.meanwhile(tmp_path):
        listen = case.listen if case.listen == FREE else f"127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, "-m", "exporter", "--web.listen-address", listen]
        environment = {key: value for key, value in os.environ.items() if key != "STATE_DIRECTORY"}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    pattern = re.escape(quoted).replace(r"\.\.\.", ".*").replace("4711", r"\d+")
    pattern = pattern.replace(re.escape(case.listen), re.escape(listen)).replace("data/", "(?:.*/)?data/")
    assert re.search(rf"^{pattern}$", done.stderr, re.MULTILINE), done.stderr
    assert done.returncode == case.code
    assert "Traceback" not in done.stderr


def test_every_reason_of_a_source_that_is_down_is_explained() -> None:
    rows = re.findall(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \|", section("A source is down"), re.MULTILINE)

    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(REASONS)


def test_every_metric_and_alert_that_it_names_exists() -> None:
    families = {family.name for family in FAMILIES}

    assert set(re.findall(r"`(backup_[a-z_]+)`", PAGE)) <= families
    assert set(re.findall(r"\b(Backup[A-Z]\w+)", PAGE)) <= set(ALERT_RULES)

"""The parts of the stack: starting and ending programs, and the files that they read."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from alerts import RULE_FILES
from stack import files, programs
from stack.files import NORMAL, SHORT, Timing, write_alertmanager, write_prometheus
from stack.programs import StackError, running, wait_for_answer

pytestmark = pytest.mark.integration

URL = "http://127.0.0.1:9/"
EXAMPLE = yaml.safe_load((files.ALERTS / files.ROUTES).read_text())


async def test_a_program_that_ends_at_once_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    async with running("one", sys.executable, "-c", "raise SystemExit('no room')", folder=tmp_path) as program:
        with pytest.raises(StackError, match=r"^one ended with 1: no room$"):
            await wait_for_answer(program, URL)


async def test_a_program_that_never_answers_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "START_SECONDS", 0.2)
    async with running("one", sys.executable, "-c", "input()", folder=tmp_path) as program:
        with pytest.raises(StackError, match=r"^one (does not answer|ended)"):
            await wait_for_answer(program, URL)


async def test_a_program_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "GRACE_SECONDS", 0.2)
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); signal.pause()"
    async with running("one", sys.executable, "-c", stubborn, folder=tmp_path) as program:
        async with asyncio.timeout(20):
            while not program.log.read_text():  # noqa: ASYNC110  (another program's file sends no event)
                await asyncio.sleep(0.02)
    assert program.process.returncode == -9


@pytest.mark.slow
@pytest.mark.parametrize("timing", [NORMAL, SHORT])
def test_the_servers_tools_accept_what_is_written(tmp_path: Path, timing: Timing) -> None:
    addresses = {"exporter": "http://127.0.0.1:1", "alertmanager": "http://127.0.0.1:2"}
    written = {
        "promtool": ("check", "config", write_prometheus(tmp_path, **addresses, timing=timing)),
        "amtool": ("check-config", write_alertmanager(tmp_path, webhook="http://127.0.0.1:3", timing=timing)),
    }
    for tool, arguments in written.items():
        command = shutil.which(tool)
        assert command, f"needs {tool}: install the Debian packages prometheus and prometheus-alertmanager"
        done = subprocess.run([command, *arguments], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_receiver_is_the_webhook_and_all_else_as_shipped(tmp_path: Path) -> None:
    written = yaml.safe_load(write_alertmanager(tmp_path, webhook="http://127.0.0.1:3", timing=SHORT).read_text())

    assert {each["name"]: each["webhook_configs"][0]["url"] for each in written["receivers"]} == {
        each["name"]: f"http://127.0.0.1:3/{each['name']}" for each in EXAMPLE["receivers"]
    }
    assert written["inhibit_rules"] == EXAMPLE["inhibit_rules"]
    assert written["route"]["group_wait"] == "3s"
    assert written["route"]["repeat_interval"] == EXAMPLE["route"]["repeat_interval"]
    (digest,) = (route for route in written["route"]["routes"] if route["receiver"] == "digest")
    assert digest["group_wait"] == "3s"


def test_with_patience_the_rules_wait_as_shipped(tmp_path: Path) -> None:
    write_prometheus(tmp_path, exporter="http://127.0.0.1:1", alertmanager="http://127.0.0.1:2", timing=NORMAL)
    for name in RULE_FILES:
        shipped, written = (yaml.safe_load((folder / name).read_text()) for folder in (files.ALERTS, tmp_path))
        for before, after in zip(shipped["groups"], written["groups"], strict=True):
            assert [rule.get("alert") for rule in before["rules"]] == [rule.get("alert") for rule in after["rules"]]
            assert {rule["for"] for rule in after["rules"] if rule.get("for")} >= {"900s"}

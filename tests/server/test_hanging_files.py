"""A file that hangs or has no end is a problem with its key, and delays neither scrapes nor the end."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.samples import ADDRESS, CREDENTIAL, write_source
from tests.serving import FAST, assert_ends, endless, get, run, serving, until, value

pytestmark = pytest.mark.slow


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(FAST)
    return path


def run_side_by_side(config: Path) -> list[subprocess.CompletedProcess[str]]:
    """Return what becomes of `check` and `serve`, which both wait for the file."""
    with ThreadPoolExecutor() as both:
        return list(both.map(lambda command: run(config, command=command), ("check", "serve")))


@pytest.mark.parametrize(
    ("key", "make", "problem"),
    [
        (f"{CREDENTIAL}_file", os.mkfifo, "cannot be read within 5 s"),
        (f"{CREDENTIAL}_file", endless, "the file is larger than 64 KiB"),
        ("ca_file", os.mkfifo, "cannot be read within 5 s"),
        ("ca_file", endless, "the file is larger than 4 MiB"),
    ],
)
def test_a_file_that_hangs_or_has_no_end_is_a_problem_with_its_key(
    key: str, make: Callable[[Path], None], problem: str, config: Path
) -> None:
    make(config.with_name("odd"))
    credential = "x" if key == "ca_file" else None
    config.write_text(f"sources: [{write_source('a', **{CREDENTIAL: credential, ADDRESS: None, key: 'odd'})}]")
    for result in run_side_by_side(config):
        assert result.returncode == 2
        (line,) = result.stderr.splitlines()
        assert key in line
        assert line.endswith(f"{key}: {problem}")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (os.mkfifo, "cannot be read within 5 s"),
        (endless, "the file is larger than 16 MiB"),
    ],
)
def test_a_configuration_that_hangs_or_has_no_end_is_a_problem(
    make: Callable[[Path], None], problem: str, tmp_path: Path
) -> None:
    make(tmp_path / "odd.yaml")
    for result in run_side_by_side(tmp_path / "odd.yaml"):
        assert result.returncode == 2
        assert result.stderr == f"{tmp_path / 'odd.yaml'}: {problem}\n"


def test_a_configuration_that_hangs_at_a_reload_delays_neither_scrapes_nor_the_end(config: Path) -> None:
    with serving(config) as (process, url):
        config.unlink()
        os.mkfifo(config)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert get(f"{url}/metrics", timeout=4)[0] == 200  # less than the deadline of a reading
        assert_ends(process)


def test_a_credential_that_hangs_while_it_runs_delays_neither_scrapes_nor_the_end(config: Path) -> None:
    token = config.with_name("token")
    token.write_text("x")
    config.write_text(FAST.replace("token: x", "token_file: token"))
    with serving(config) as (process, url):
        token.unlink()
        os.mkfifo(token)
        time.sleep(0.5)
        assert get(f"{url}/metrics", timeout=4)[0] == 200  # less than the deadline of a reading
        polls = value(url, "backup_polls_total")
        until(lambda: value(url, "backup_polls_total") >= polls + 2)
        assert_ends(process)

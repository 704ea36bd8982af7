"""The program as one types it: exit codes, one line per problem, and a real process on real sockets."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporter import registry
from tests.paths import ROOT
from tests.samples import ADDRESS, CREDENTIAL, PROVIDER, write_source
from tests.serving import get, post

pytestmark = pytest.mark.slow

PROGRAM = [sys.executable, "-m", "exporter"]
FIVE_MISTAKES = f"""
poll_intervall: 5m
sources:
  - name: one
    provider: {PROVIDER[:-1]}
  - name: two
    provider: {PROVIDER}
    {CREDENTIAL}: ${{NOT_SET_ANYWHERE}}
    max_age: 26
  - name: two
    provider: {PROVIDER}
    {CREDENTIAL}: x
    max_age: 1d
    labels: {{source: no}}
"""


def run(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, cwd=folder, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--nonsense",), "--nonsense"),
        (("serve", "--web.listen-address", "nowhere"), "nowhere"),
        (("--config.file", "missing.yaml"), "missing.yaml"),
        (("check", "--config.file", "missing.yaml"), "missing.yaml"),
        (("poll", "--config.file", "missing.yaml"), "missing.yaml"),
        (("demo", "--speed", "0"), "0"),
        (("--shard", "3/3"), "3/3"),
        (("--config.file", "missing.yaml", "serve"), "missing.yaml: cannot be read"),
        (("--config.file", "missing.yaml", "check"), "unrecognized arguments: check"),
        (("serve", "serve"), "unrecognized arguments: serve"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(arguments: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    result = run(*arguments, folder=tmp_path)

    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert expected in result.stderr


@pytest.mark.parametrize("command", ["check", "serve", "poll"])
def test_every_mistake_gets_a_line_with_its_place(command: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(FIVE_MISTAKES)
    result = run(command, folder=tmp_path)

    assert result.returncode == 2
    lines = [re.sub(r"^config\.yaml:\d+: ", "", line) for line in result.stderr.splitlines()]
    places = [re.sub(r" \(\w+\)", "", line.split(":")[0]) for line in lines]
    assert "poll_intervall" in places
    assert {"sources[0].provider", "sources[1].token", "sources[1].max_age", "sources[2].name"} <= set(places)
    assert all(re.match(r"(sources\[\d\]|poll_intervall)", line) for line in lines)
    assert all(re.match(r"config\.yaml:\d+: ", line) for line in result.stderr.splitlines())


def test_a_good_configuration_passes_with_warnings(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        f"sources: [{write_source('a', **{ADDRESS: 'http://localhost:1'}, max_age=None, include=['*'])}]"
    )
    result = run("check", folder=tmp_path)

    assert result.returncode == 0
    assert result.stderr.count("warning: config.yaml:1: sources[0] (a).") == 3  # http, the glob, no limit
    assert result.stdout == "config.yaml: 1 source, 3 warnings\n"


def test_version_and_help() -> None:
    assert re.fullmatch(r"backup-exporter \d+\.\d+\.\d+\n", run("--version").stdout)
    assert run("serve", "--version").returncode == 0
    for command in ("serve", "check", "poll", "demo"):
        assert run(command, "--help").stdout.startswith(f"usage: backup-exporter {command}")


def test_poll_with_a_source_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"sources: [{write_source('campus')}]")
    table, records = run("poll", folder=tmp_path), run("poll", "--output", "json", folder=tmp_path)
    exposition = run("poll", "--output", "prometheus", folder=tmp_path)

    assert (table.returncode, records.returncode, exposition.returncode) == (1, 1, 1)
    assert "campus: down, connection" in table.stdout
    assert json.loads(records.stdout) == []
    assert f'backup_source_up{{provider="{PROVIDER}",source="campus"}} 0' in exposition.stdout
    assert "planted" not in "".join(r.stdout + r.stderr for r in (table, records, exposition))
    assert run("poll", "--source", "unknown", folder=tmp_path).returncode == 2


@contextmanager
def start(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running exporter with its address; killed at the end, whatever happened."""
    command = [*PROGRAM, *arguments, "--web.listen-address", "127.0.0.1:0", "--log.format", "json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield process, next(json.loads(line)["url"] for line in process.stderr if '"listening"' in line)
        finally:
            process.kill()


@pytest.mark.slow
def test_the_demo_becomes_ready_and_stops_at_once() -> None:
    with start("demo", "--speed", "20") as (process, url):
        follow_the_demo(process, url)


def follow_the_demo(process: subprocess.Popen[str], url: str) -> None:
    first = get(f"{url}/-/ready")[0]
    until = time.monotonic() + 60
    while get(f"{url}/-/ready")[0] != 200 and time.monotonic() < until:
        time.sleep(0.2)
    exposition = get(f"{url}/metrics")[1]

    assert first == 503
    for provider in registry.names():
        assert f'backup_source_up{{provider="{provider}"' in exposition
    assert get(f"{url}/-/healthy")[0] == 200
    assert "storefront" in get(f"{url}/")[1]
    assert "# EOF" in get(f"{url}/metrics", Accept="application/openmetrics-text")[1]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0


@pytest.mark.slow
def test_reload_takes_a_good_file_and_refuses_a_bad_one(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"sources: [{write_source('one')}]")
    with start("--config.file", str(config)) as (process, url):
        config.write_text(f"sources: [{write_source('one')}, {write_source('two')}]")
        assert post(f"{url}/-/reload")[0] == 200
        assert 'source="two"' in get(f"{url}/metrics")[1]

        config.write_text("sources: []")
        status, problems = post(f"{url}/-/reload")
        assert status == 400
        assert "sources" in problems
        exposition = get(f"{url}/metrics")[1]
        assert "backup_exporter_config_last_reload_successful 0" in exposition
        assert 'source="two"' in exposition

        config.write_text(f"sources: [{write_source('two')}]")
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        done = (line for line in process.stderr if '"reload.done"' in line)
        next(done), next(done)
        assert 'source="one"' not in get(f"{url}/metrics")[1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_each_source_is_watched_by_one_of_the_shards(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        f"sources: [{', '.join(write_source(f'source-{number}') for number in range(6))}]"
    )
    polled = []
    for shard in ("0/2", "1/2"):
        with start("--config.file", str(tmp_path / "config.yaml"), "--shard", shard) as (_, url):
            polled.append(set(re.findall(r'backup_polls_total\{.*?source="(source-\d)"', get(f"{url}/metrics")[1])))

    assert polled[0] | polled[1] == {f"source-{number}" for number in range(6)}
    assert not polled[0] & polled[1]

"""`report` and `backfill` as they are run: what they write, where, and the exit code; against simulated vendors."""

import asyncio
import hashlib
import json
import os
import shlex
import stat
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from exporter.cli import command_parsers, main
from exporter.demo.http import Story
from exporter.demo.server import SimulatedVendors, all_accounts
from exporter.history.files import UnwritableError, check_writable
from tests.paths import ROOT
from tests.samples import PROVIDER, describe_source, find_vendor

pytestmark = pytest.mark.integration

DOWN = describe_source("gone")


@pytest.fixture
async def config(tmp_path: Path) -> AsyncIterator[Path]:
    """Give a configuration of two small sources, of which one cannot be reached."""
    story = Story(start=time.time() - 3600)
    wanted = [account for account in all_accounts(story) if account.name in ("faculty", "staging")]
    vendors = SimulatedVendors(wanted)
    await vendors.start()
    document = yaml.safe_load(vendors.configuration())
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"state_file": "none", "sources": [*document["sources"], DOWN]}))
    yield path
    await vendors.stop()


def shown() -> list[str]:
    """Return the commands that the page of the past shows."""
    page = (ROOT / "docs" / "history.md").read_text()
    return [line.removeprefix("backup-exporter ") for line in page.splitlines() if line.startswith("backup-exporter ")]


@pytest.mark.parametrize("line", shown())
def test_the_commands_of_the_page_are_understood(line: str) -> None:
    command, *arguments = shlex.split(line)
    assert command_parsers()[command].parse_args(arguments).since > 0


async def run(*arguments: str | Path) -> int:
    """Run a command in a thread, since it has an event loop of its own."""
    words = [*map(str, arguments), "--log.level", "error"]

    def call() -> int:
        try:
            return main(words)
        except SystemExit as error:
            return int(error.code or 0)

    return await asyncio.to_thread(call)


async def test_a_report_of_what_can_be_read(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = await run("report", "--config.file", config, "--source", "faculty", "--since", "20d", "--format", "json")
    document = json.loads(capsys.readouterr().out)

    assert code == 0
    [found] = document["resources"]
    assert document["sources"] == [
        {"source": "faculty", "provider": find_vendor("faculty"), "up": True, "failure": None}
    ]
    # one backup 9 days and an hour ago, which took 14 minutes; the limit is 7 days
    known = 9 * 86400 + 3600 - 14 * 60
    assert found["attainment"] == pytest.approx((7 * 86400 - 14 * 60) / known, abs=1e-5)
    assert (found["completed"], found["first_success"]) == (1, found["last_success"])
    assert found["problems"] == ["too_old"]
    assert document["summary"] == {"resources": 1, "within": 0, "outside": 1, "unjudged": 0}


async def test_a_source_that_cannot_be_read_stands_in_the_report(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("report", "--config.file", config, "--format", "json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["sources"][-1] == {"source": "gone", "provider": PROVIDER, "up": False, "failure": "connection"}
    assert {one["source"] for one in document["resources"]} == {"faculty", "staging"}

    assert await run("report", "--config.file", config, "--source", "staging", "--source", "gone") == 1
    table = capsys.readouterr().out
    assert table.splitlines()[0].startswith("Within the limit the whole time: ")
    assert "gone: could not be read, connection" in table


async def test_the_page_is_written_with_its_json(config: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    code = await run("report", "--config.file", config, "--source", "staging", "--format", "html", "--output", page)

    content = page.with_suffix(".json").read_bytes()
    assert code == 0
    assert json.loads(content)["report"] == 1
    assert hashlib.sha256(content).hexdigest() in page.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "report.html", "report.json"]


@pytest.mark.parametrize("format_", ["table", "csv", "json"])
async def test_each_format_goes_to_a_file(config: Path, tmp_path: Path, format_: str) -> None:
    output = tmp_path / "out"
    assert await run(
        "report", "--config.file", config, "--source", "staging", "--format", format_, "--output", output
    ) == 0  # fmt: skip
    assert "playground" in output.read_text()


async def test_an_output_that_is_a_link_stays_one(config: Path, tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("of yesterday")
    (tmp_path / "latest.csv").symlink_to("real.csv")
    arguments = ("report", "--config.file", config, "--source", "staging", "--format", "csv")

    assert await run(*arguments, "--output", tmp_path / "latest.csv") == 0

    assert (tmp_path / "latest.csv").is_symlink()
    assert "playground" in (tmp_path / "real.csv").read_text()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["config.yaml", "latest.csv", "real.csv"]


@pytest.mark.parametrize("format_", ["table", "csv", "json", "html"])
async def test_an_output_that_is_a_pipe_is_written_to(config: Path, tmp_path: Path, format_: str) -> None:
    """As `/dev/stdout` and `/dev/null` are, which for root a file could replace."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    arguments = ("report", "--config.file", config, "--source", "staging", "--format", format_)
    content: list[bytes] = []
    reader = threading.Thread(target=lambda: content.append(pipe.read_bytes()), daemon=True)
    reader.start()

    assert await run(*arguments, "--output", pipe) == 0

    assert stat.S_ISFIFO(pipe.stat().st_mode)
    reader.join(10)
    assert b"playground" in content[0]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["config.yaml", "pipe"]


def test_a_device_that_may_not_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(UnwritableError, match=r"pipe: cannot be written: permission denied$"):
        check_writable(tmp_path / "pipe")


@pytest.mark.parametrize("output", ["no/such/folder/report.csv", "."])
async def test_an_output_that_cannot_be_written_is_one_line(
    config: Path, tmp_path: Path, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / output
    assert await run("report", "--config.file", config, "--format", "csv", "--output", path) == 1
    printed = capsys.readouterr().err
    assert printed in (
        f"{path}: cannot be written: no such file or directory\n",
        f"{path}: cannot be written: is a folder\n",
    )
    assert [one.name for one in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("report", "--since", "30"), "'30' is not a duration above 0, such as 30d or 12h"),
        (("report", "--since", "0"), "'0' is not a duration above 0"),
        (("report", "--until", "yesterday"), "'yesterday' is not an ISO 8601 time, such as 2026-11-25T08:00:00Z"),
        (("report", "--until", "2999-01-01"), "--until is in the future; give a past time"),
        (("report", "--format", "pdf"), "invalid choice: 'pdf'"),
        (("report", "--format", "html", "--output", "x.json"), "name the page *.html"),
        (("report", "--source", "unknown"), "--source unknown: no such source; known are staging, faculty, gone"),
        (("backfill", "--since", "30d"), "the following arguments are required: --output"),
        (("backfill", "--output", "past", "--step", "1500ms"), "'1500ms' is not a duration of whole seconds"),
        (("backfill", "--output", "past", "--label", "job"), "'job' is not NAME=VALUE with a valid label name"),
        (("backfill", "--output", "past", "--label", "__name__=x"), "is not NAME=VALUE with a valid label name"),
        (("backfill", "--output", "past", "--label", "a=1", "--label", "a=2"), "--label a: given more than once"),
        (
            ("backfill", "--output", "past", "--source", "staging", "--label", "source=x"),
            "--label source: the series have this label already; leave it out",
        ),
    ],
)
async def test_wrong_use_is_one_line_and_code_2(
    arguments: tuple[str, ...],
    words: str,
    config: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(config.parent)
    assert await run(*arguments, "--config.file", config) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert words in line


@pytest.mark.parametrize("name", ["provider", "source", "resource", "kind", "status"])
async def test_a_label_of_every_series_is_refused_before_anything_is_asked_or_written(
    name: str, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "past"

    assert await run("backfill", "--config.file", config, "--output", folder, "--label", f"{name}=x") == 2
    assert f"--label {name}: the series have this label already" in capsys.readouterr().err
    assert not folder.exists()


async def test_the_past_is_written_where_it_can_be_read(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "past"
    labels = ("--label", "job=backup-exporter", "--label", "instance=exporter:10342")
    code = await run("backfill", "--config.file", config, "--since", "10d", "--output", folder, "--step", "1h", *labels)
    printed = capsys.readouterr()

    assert code == 1  # one source is down, the rest is written
    assert "gone: could not be read, connection" in printed.err
    assert (
        "not known in retrospect: backup_max_age_seconds (--assume-limits takes today's for the past)," in printed.err
    )
    first = printed.err.splitlines()[0]
    assert first.startswith("2 resources, ")
    assert f" in {folder}" in first
    paths = sorted(folder.iterdir())
    assert 10 <= len(paths) <= 11
    assert {path.suffix for path in paths} == {".om"}
    assert all(path.read_text().endswith("\n# EOF\n") for path in paths)
    [age, *_] = [line for line in paths[-1].read_text().splitlines() if line.startswith("backup_age_seconds{")]
    assert age.startswith(f'backup_age_seconds{{provider="{find_vendor("staging")}",source="staging",resource=')
    assert ',job="backup-exporter",instance="exporter:10342"} ' in age


async def test_a_folder_that_cannot_be_written_is_one_line(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert await run("backfill", "--config.file", config, "--output", tmp_path / "file" / "past") == 1
    assert capsys.readouterr().err == f"{tmp_path}/file/past: cannot be written: not a directory\n"


async def test_what_a_killed_run_has_left_is_removed(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "past"
    folder.mkdir()
    (folder / "backups-2026-11-25.om.part-x").write_text("half")
    (folder / "notes.txt").write_text("mine")
    await run("backfill", "--config.file", config, "--source", "staging", "--output", folder, "--since", "1d")

    names = {path.name for path in folder.iterdir()}
    assert "notes.txt" in names
    assert not [name for name in names if "part" in name]


@pytest.mark.parametrize(
    ("content", "completed", "expected"),
    [
        ({"id": "older", "duration": 60}, 2, ""),
        (None, 1, "not used: it is damaged or not a state file"),
    ],
)
async def test_the_state_file_is_read_and_left_as_it_is(
    content: dict[str, object] | None,
    completed: int,
    expected: str,
    config: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = tmp_path / "state.json"
    success = {"started": time.time() - 15 * 86400, "size": None, **(content or {})}
    resource = {"source": "faculty", "provider": find_vendor("faculty"), "id": "faculty", "first_seen": 1}
    document = {"version": 1, "resources": [{**resource, "successes": {"": [success]}}]}
    state.write_text(json.dumps(document) if content else "damaged")
    before = state.read_bytes()
    config.write_text(config.read_text().replace("state_file: none", f"state_file: {state}"))

    assert await run("report", "--config.file", config, "--source", "faculty", "--format", "json") == 0
    written = capsys.readouterr()
    assert json.loads(written.out)["resources"][0]["completed"] == completed
    assert expected in written.err
    assert (state.read_bytes(), len(list(tmp_path.iterdir()))) == (before, 2)


async def test_what_stood_when_a_vendor_went_down_is_in_the_report(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state.json"
    problem = {"problem": "nothing_to_restore", "severity": "critical", "since": time.time() - 86400}
    resource = {"source": "gone", "provider": PROVIDER, "id": "a", "first_seen": 1, "problems": [problem]}
    state.write_text(json.dumps({"version": 1, "resources": [resource]}))
    config.write_text(config.read_text().replace("state_file: none", f"state_file: {state}"))

    assert await run("report", "--config.file", config, "--source", "gone", "--format", "json") == 1
    [found] = json.loads(capsys.readouterr().out)["resources"]
    assert found["problems"] == ["nothing_to_restore"]


async def test_the_state_file_of_serve_is_read_where_none_is_configured(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    success = {"id": "older", "started": time.time() - 15 * 86400, "size": None, "duration": 60}
    resource = {"source": "faculty", "provider": find_vendor("faculty"), "id": "faculty", "first_seen": 1}
    (tmp_path / "data").mkdir()
    document = {"version": 1, "resources": [{**resource, "successes": {"": [success]}}]}
    (tmp_path / "data" / "state.json").write_text(json.dumps(document))
    config.write_text(config.read_text().replace("state_file: none", ""))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.chdir(tmp_path)

    assert await run("report", "--config.file", config, "--source", "faculty", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["resources"][0]["completed"] == 2

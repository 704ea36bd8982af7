"""Where the state is kept by default: started for real, in folders of all sorts."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from exporter.commands.serve import find_default_state_file
from tests.samples import write_source

pytestmark = pytest.mark.slow

CONFIG = f"sources: [{write_source('a')}]\n"


@asynccontextmanager
async def serving(folder: Path, config: str = CONFIG, state_directory: str = "") -> AsyncIterator[tuple[str, Path]]:
    """Serve from a folder; give the address and the log."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        url = f"127.0.0.1:{probe.getsockname()[1]}"
    (folder / "config.yaml").write_text(config)
    log = folder / f"{url.replace(':', '-')}.log"
    environ = {**os.environ, "STATE_DIRECTORY": state_directory}
    command = (sys.executable, "-m", "exporter", "serve", "--web.listen-address", url)
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(*command, stderr=output, cwd=folder, env=environ)
    try:
        yield f"http://{url}", log
    finally:
        process.terminate()
        await process.wait()


async def metrics(url: str, log: Path) -> str:
    """Return the metrics once the first poll has ended and the state was written, or could not be."""
    async with aiohttp.ClientSession() as session:
        for _ in range(400):
            try:
                async with session.get(f"{url}/-/ready") as ready, session.get(f"{url}/metrics") as answer:
                    if ready.status == 200:
                        return await answer.text()
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)
    raise AssertionError(log.read_text())


async def test_it_is_in_data_where_it_was_started(tmp_path: Path) -> None:
    async with serving(tmp_path) as (url, log):
        text = await metrics(url, log)

    assert "backup_exporter_state_last_write_successful 1" in text
    assert json.loads((tmp_path / "data" / "state.json").read_text())["version"] == 1


async def test_under_systemd_it_is_in_its_state_directory(tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    folder.mkdir()
    async with serving(tmp_path, state_directory=f"{folder}:/var/lib/other") as (url, log):
        await metrics(url, log)

    assert (folder / "state.json").exists()
    assert not (tmp_path / "data").exists()


async def test_none_switches_it_off(tmp_path: Path) -> None:
    async with serving(tmp_path, f"state_file: none\n{CONFIG}") as (url, log):
        text = await metrics(url, log)

    assert "backup_exporter_state_last_write_successful" not in text
    assert not (tmp_path / "data").exists()


async def test_where_it_cannot_be_written_one_warning_says_so_and_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder would be")
    async with serving(tmp_path) as (url, log):
        text = await metrics(url, log)
        lines = [line for line in log.read_text().splitlines() if "state." in line]

    assert "backup_exporter_state_last_write_successful 0" in text
    (line,) = lines
    assert "event=state.not_kept" in line
    assert "level=warning" in line
    assert "cannot be written" in line


async def test_two_exporters_in_one_folder_both_work_and_one_keeps_the_state(tmp_path: Path) -> None:
    async with serving(tmp_path) as (first, log):
        one = await metrics(first, log)
        async with serving(tmp_path) as (second, other_log):
            two = await metrics(second, other_log)

    assert "backup_exporter_state_last_write_successful 1" in one
    assert "backup_exporter_state_last_write_successful 0" in two


def test_the_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    assert find_default_state_file({}) == tmp_path / "data" / "state.json"
    assert find_default_state_file({"STATE_DIRECTORY": ""}) == tmp_path / "data" / "state.json"
    assert find_default_state_file({"STATE_DIRECTORY": "/var/lib/x"}) == Path("/var/lib/x/state.json")

"""The state file of real processes: killed at any moment, restarted while the vendors are down, stopped by a signal."""

import asyncio
import json
import random
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from exporter import registry
from exporter.demo.http import Story
from exporter.demo.server import SimulatedVendors, all_accounts
from exporter.persistence.file import StateFile
from tests.vendors import open_accounts

pytestmark = pytest.mark.slow

STOP_SECONDS = 10
"""A container that has not stopped in so many seconds is killed."""
WRITES_FOR_EVER = """
import sys
from itertools import count
from pathlib import Path
from exporter.state.recent_backups import CompletedBackup
from exporter.persistence.schema import StoredResource
from exporter.persistence.file import StateFile
file = StateFile(Path(sys.argv[1]))
for turn in count():
    success = (CompletedBackup(id="b", started=float(turn)),)
    known = {"source": "s", "first_seen": float(turn), "successes": {"": success}}
    file.write([StoredResource(id=str(n), **known) for n in range(500)])
    print(turn, flush=True)
"""


async def test_killed_in_the_middle_of_writing_the_file_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    path, rolls = tmp_path / "state.json", random.Random(5)
    for _ in range(12):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITES_FOR_EVER, str(path), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        said = int(await process.stdout.readline())
        await asyncio.sleep(rolls.random() / 20)
        process.kill()
        last = int(([b"%d" % said, *(await process.stdout.read()).split()])[-1])
        await process.wait()
        turns = {one.first_seen for one in StateFile(path).read().resources}
        assert len(turns) == 1
        assert turns <= {last, last + 1}
    StateFile(path).sweep()
    assert [left.name for left in tmp_path.iterdir()] == ["state.json"]


class Running:
    """A `serve` of its own process."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, log: Path) -> None:
        self.process, self.url, self.log = process, url, log

    async def metrics(self) -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/metrics") as answer:
            return await answer.text()

    async def ready(self) -> None:
        async with aiohttp.ClientSession() as session:
            for _ in range(600):
                try:
                    async with session.get(f"{self.url}/-/ready") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientConnectionError:
                    pass
                await asyncio.sleep(0.05)
        raise AssertionError(self.log.read_text())


@asynccontextmanager
async def serving(config: Path) -> AsyncIterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = config.with_name("log")
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "exporter", "serve", "--log.level", "debug"),
            *("--config.file", str(config), "--web.listen-address", f"127.0.0.1:{port}"),
            stderr=output,
        )
    try:
        yield Running(process, f"http://127.0.0.1:{port}", log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to be")


def read_exposition(text: str, name: str) -> dict[str, str]:
    """Return the samples of a family, by their labels."""
    lines = (line for line in text.splitlines() if line.startswith(f"{name}{{"))
    return dict(line.removeprefix(name).rsplit(" ", 1) for line in lines)


def with_success(state: Path) -> int:
    """Return of how many resources the file holds a completed backup."""
    resources = json.loads(state.read_bytes())["resources"] if state.exists() else ()
    return len([one for one in resources if one["successes"]])


def lost_successes(before: str, after: str) -> list[str]:
    """Return whose last success is another than before; a recovery window alone moves on up to the last write."""
    were, kept = (read_exposition(text, "backup_last_success_timestamp_seconds") for text in (before, after))
    windows = {of for of in were if f'{of[:-1]},kind="pitr"}}' in before}
    return [
        of
        for of, last in were.items()
        if kept.get(of) != last and not (of in windows and float(kept.get(of, 0)) > float(last))
    ]


def without_problems(text: str) -> list[dict[str, object]]:
    """Return what is kept of resources, but for problems, which come with an outage."""
    return [{**one, "problems": []} for one in json.loads(text)["resources"]]


async def test_after_a_kill_and_while_all_vendors_are_down_ages_are_still_told(tmp_path: Path) -> None:
    vendors = SimulatedVendors(all_accounts(Story(start=time.time())))
    await vendors.start()
    config, state = tmp_path / "config.yaml", tmp_path / "state.json"
    config.write_text(vendors.configuration(state_file=str(state), poll_interval="2s", request_timeout="5s"))

    async with serving(config) as first:
        await first.ready()
        before = await first.metrics()
        ages = read_exposition(before, "backup_last_success_timestamp_seconds")
        await until(lambda: with_success(state) >= len(ages) > 8)
        first.process.kill()
    await vendors.stop()
    text = state.read_text()
    assert not [word for word in ("token", "http", "Requester") if word in text]

    async with serving(config) as second:
        await second.ready()
        after = await second.metrics()
        assert not lost_successes(before, after)
        assert read_exposition(after, "backup_age_seconds").keys() >= ages.keys()
        for name, changed in (("first_seen_timestamp_seconds", None), ("up", "0")):
            were = read_exposition(before, f"backup_resource_{name}")
            assert read_exposition(after, f"backup_resource_{name}") == {
                key: changed or value for key, value in were.items()
            }
        assert set(read_exposition(after, "backup_source_up").values()) == {"0"}
        assert "backup_backups{" not in after
        assert "backup_exporter_state_last_write_successful 1" in after
        began = time.monotonic()
        second.process.send_signal(signal.SIGTERM)
        assert await second.process.wait() == 0
        assert time.monotonic() - began < STOP_SECONDS
    assert without_problems(state.read_text()) == without_problems(text)
    assert "Traceback" not in second.log.read_text()


VENDOR = max(registry.names(), key=lambda name: registry.provider(name).rate_limit.requests)
"""The one of which a first poll is done soonest."""


async def test_what_changed_last_is_saved_when_told_to_stop(tmp_path: Path) -> None:
    vendors = SimulatedVendors(open_accounts(VENDOR, Story(start=time.time())))
    await vendors.start()
    config, state = tmp_path / "config.yaml", tmp_path / "state.json"
    config.write_text(vendors.configuration(state_file=str(state), poll_interval="1m"))
    async with serving(config) as only:
        await only.ready()
        ages = read_exposition(await only.metrics(), "backup_last_success_timestamp_seconds")
        only.process.send_signal(signal.SIGTERM)
        assert await only.process.wait() == 0
    await vendors.stop()
    assert with_success(state) == len(ages) > 1

"""A task that dies is seen from outside: counted, logged, and `/-/healthy` is 503 while it cannot be kept alive."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from exporter import server as server_module
from exporter.app import App
from exporter.config.loader import parse
from exporter.model import Resource
from exporter.persistence.saver import StateSaver
from exporter.polling.poller import Poller
from exporter.server import Listen, Server
from exporter.settings import Settings
from exporter.state.resource import ResourceStatus
from tests.samples import write_source

pytestmark = pytest.mark.integration

CONFIG = f"sources: [{write_source('one')}]"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    loaded = parse(CONFIG, {}, Path())
    one = Server(App(lambda: 0.0), lambda: loaded, Listen(addresses=[("127.0.0.1", 0)]))
    await one.start(loaded)
    yield one
    await one.stop()


async def get(server: Server, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(server.urls[0] + path) as answer:
        return answer.status, await answer.text()


async def test_a_poller_that_dies_again_and_again_turns_healthy_to_503_until_it_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dies = True
    run = Poller.run

    async def dying(self: Poller) -> None:
        if dies:
            raise RuntimeError("planted")
        await run(self)

    monkeypatch.setattr(Poller, "run", dying)
    loaded = parse(CONFIG, {}, Path())
    server = Server(App(lambda: 0.0), lambda: loaded, Listen(addresses=[("127.0.0.1", 0)]))
    with capture_logs() as logs:
        await server.start(loaded)
        try:
            async with asyncio.timeout(30):
                while (await get(server, "/-/healthy"))[0] != 503:  # noqa: ASYNC110 - nothing says so
                    await asyncio.sleep(0.01)
                assert await get(server, "/-/healthy") == (503, "a task cannot be kept alive: polling one\n")
                metrics = (await get(server, "/metrics"))[1]
                assert "backup_exporter_task_restarts_total 2" in metrics
                dies = False
                while (await get(server, "/-/healthy"))[0] != 200:  # noqa: ASYNC110 - nothing says so
                    await asyncio.sleep(0.05)
        finally:
            await server.stop()
    assert {(log["event"], log["task"]) for log in logs if log["log_level"] == "error"} == {
        ("task.ended", "polling one")
    }


async def test_a_reload_that_is_asked_for_at_the_start_loses_nothing_that_the_state_file_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is read slowly, and the reload comes meanwhile."""

    async def poll_nothing(_: Poller) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(
        server_module, "STOP_SECONDS", 60.0
    )  # the first has to have written, however busy the machine is
    monkeypatch.setattr(Poller, "run", poll_nothing)  # a poll would find that the vendor has no such resource
    loaded = parse(f"state_file: {tmp_path / 'state.json'}\n{CONFIG}", {}, tmp_path)
    first = Server(App(lambda: 1000.0), lambda: loaded, Listen(addresses=[("127.0.0.1", 0)]))
    await first.start(loaded)
    first._app.store.put("one", ResourceStatus(resource=Resource(id="r", name="r", kind="database"), first_seen=5.0))
    await first.stop()
    reading, goes_on, load = asyncio.Event(), asyncio.Event(), StateSaver.load

    async def load_slowly(self: StateSaver, settings: Settings) -> None:
        reading.set()
        await goes_on.wait()
        await load(self, settings)

    monkeypatch.setattr(StateSaver, "load", load_slowly)
    second = Server(App(lambda: 2000.0), lambda: loaded, Listen(addresses=[("127.0.0.1", 0)]))
    starting = asyncio.ensure_future(second.start(loaded))
    await asyncio.wait((starting, asyncio.ensure_future(reading.wait())), return_when=asyncio.FIRST_COMPLETED)
    reloading = asyncio.ensure_future(second.reload())
    await asyncio.sleep(0.2)  # a reload that did not wait would be over
    goes_on.set()
    await starting
    assert await reloading == ()
    try:
        assert second._app.store.entries["one"].resources["r"].first_seen == 5.0
    finally:
        await second.stop()


async def test_a_reload_that_meets_a_bug_is_seen_from_outside(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(server._app, "apply", fail)
    with pytest.raises(RuntimeError):
        await server.reload()
    assert "backup_exporter_config_last_reload_successful 0" in (await get(server, "/metrics"))[1]


async def test_whatever_ends_any_of_the_tasks_they_are_started_again(server: Server) -> None:
    supervised = {one.name: one for one in server._app.supervisor._tasks}
    assert set(supervised) == {"polling one", "following progress of one", "writing the state file"}
    before = {name: one.task for name, one in supervised.items()}
    for task in before.values():
        assert task is not None
        task.cancel()
    async with asyncio.timeout(10):
        while any(one.task is before[name] or one.task is None for name, one in supervised.items()):  # noqa: ASYNC110 - nothing says so
            await asyncio.sleep(0.01)
    assert (await get(server, "/-/healthy"))[0] == 200
    assert "backup_exporter_task_restarts_total 3" in (await get(server, "/metrics"))[1]

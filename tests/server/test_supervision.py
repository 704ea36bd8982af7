"""A task that dies is started again: at once, then after 1 s, 2 s … 1 min."""

import asyncio
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from exporter.supervision import Supervisor
from tests.virtual_time import now, virtually


class Dying:
    """A task that lives for some seconds and then ends as it is made to."""

    def __init__(self, lives: float = 0.0, *, end: str = "raise", deaths: int = 10**9) -> None:
        self.lives, self.end, self.deaths = lives, end, deaths
        self.started: list[float] = []

    async def run(self) -> None:
        self.started.append(now())
        if len(self.started) > self.deaths:
            await asyncio.sleep(10**9)
        await asyncio.sleep(self.lives)
        if self.end == "raise":
            raise OSError(28, "planted")
        if self.end == "cancel":
            raise asyncio.CancelledError

    def gaps(self) -> list[float]:
        return [later - sooner - self.lives for sooner, later in pairwise(self.started)]


@pytest.mark.parametrize("end", ["raise", "return", "cancel"])
@virtually
async def test_however_it_ends_it_is_started_again_ever_later(end: str) -> None:
    supervisor, dying = Supervisor(), Dying(end=end)
    task = supervisor.start("dying", dying.run)
    with capture_logs() as logs:
        await asyncio.sleep(300)
    assert dying.gaps()[:9] == pytest.approx([0, 1, 2, 4, 8, 16, 32, 60, 60])
    assert supervisor.restarts == len(dying.started) == len(logs)
    assert {(log["event"], log["task"]) for log in logs} == {("task.ended", "dying")}
    assert all(bool(log["exc_info"]) is (end == "raise") for log in logs)
    await supervisor.stop(task)
    count = len(dying.started)
    await asyncio.sleep(300)
    assert len(dying.started) == count, "what was stopped stays stopped"
    assert supervisor.dead() == []


@virtually
async def test_it_is_dead_while_it_cannot_be_kept_alive_and_no_longer() -> None:
    supervisor, dying = Supervisor(), Dying(deaths=3)
    task = supervisor.start("dying", dying.run)
    seen = []
    for _ in range(20):
        seen.append((now(), supervisor.dead()))
        await asyncio.sleep(0.5)
    # It dies at 0, 0 and 1, and is started for good at 3; so it lives once it has run for the 2 s that it was away.
    assert [at for at, dead in seen if dead] == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5]
    assert supervisor.restarts == 3
    await supervisor.stop(task)


@virtually
async def test_one_death_now_and_then_is_made_good_at_once() -> None:
    supervisor, dying = Supervisor(), Dying(lives=90)
    task = supervisor.start("dying", dying.run)
    for _ in range(1000):
        await asyncio.sleep(1)
        assert supervisor.dead() == []
    assert dying.gaps() == pytest.approx([0] * 11)
    await supervisor.stop(task)


@virtually
async def test_stopping_waits_for_the_end_of_a_task_and_of_no_other() -> None:
    ended = []

    async def slow() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            await asyncio.sleep(1)
            ended.append(now())

    supervisor, other = Supervisor(), Dying(lives=10**6)
    one, _ = supervisor.start("slow", slow), supervisor.start("other", other.run)
    await asyncio.sleep(5)
    await supervisor.stop(one)
    assert ended == [6]
    assert supervisor.dead() == []
    await supervisor.stop(_)

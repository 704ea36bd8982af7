"""Keeps long-lived tasks alive: a task that ends is restarted, at once the first time, then after growing delays."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

LONGEST_DELAY = 60.0
STEADY = 60.0
"""Seconds after which a running task counts as healthy: its next restart is again at once."""

Run = Callable[[], Coroutine[Any, Any, None]]


@dataclass(slots=True, eq=False)
class SupervisedTask:
    """One task and its restarts; made by `Supervisor.start`."""

    name: str
    run: Run
    task: "asyncio.Task[None] | None" = None
    timer: asyncio.TimerHandle | None = None
    started: float = 0.0
    failures: int = 0
    """How often in a row it ended soon after its start."""

    @property
    def delay(self) -> float:
        """Seconds from its last end to its restart."""
        return 0.0 if self.failures < 2 else min(LONGEST_DELAY, 2.0 ** (self.failures - 2))

    def is_alive(self, now: float) -> bool:
        """Return whether it runs, and has done so for as long as it had to wait for its restart."""
        return self.timer is None and (self.failures < 2 or now - self.started >= self.delay)


class Supervisor:
    """The long-lived tasks of a process."""

    def __init__(self) -> None:
        """Start with none."""
        self.restarts = 0
        self._tasks: set[SupervisedTask] = set()
        self._log: Any = structlog.get_logger()

    def start(self, name: str, run: Run) -> SupervisedTask:
        """Run a task until it is stopped; `run` is called again whenever it has ended."""
        one = SupervisedTask(name=name, run=run)
        self._tasks.add(one)
        self._spawn(one)
        return one

    async def stop(self, *tasks: SupervisedTask) -> None:
        """Cancel tasks and wait until they have ended."""
        self._tasks.difference_update(tasks)
        for one in tasks:
            if one.timer is not None:
                one.timer.cancel()
            if one.task is not None:
                one.task.cancel()
        await asyncio.gather(*(one.task for one in tasks if one.task is not None), return_exceptions=True)

    def dead(self) -> Sequence[str]:
        """Return the names of the tasks that cannot be kept alive at the moment."""
        now = asyncio.get_running_loop().time()
        return sorted(one.name for one in self._tasks if not one.is_alive(now))

    def _spawn(self, one: SupervisedTask) -> None:
        one.timer = None
        one.started = asyncio.get_running_loop().time()
        one.task = asyncio.create_task(one.run(), name=one.name)
        one.task.add_done_callback(lambda task: self._on_end(one, task))

    def _on_end(self, one: SupervisedTask, task: "asyncio.Task[None]") -> None:
        """Start a task again, unless it was stopped; the restart is set before it is logged, which cannot stop it."""
        error = None if task.cancelled() else task.exception()
        if one not in self._tasks:
            return
        loop = asyncio.get_running_loop()
        one.failures = 1 if loop.time() - one.started >= STEADY + one.delay else one.failures + 1
        one.timer = loop.call_later(one.delay, self._spawn, one)
        self.restarts += 1
        self._log.error("task.ended", task=one.name, restart_in=one.delay, exc_info=error or False)

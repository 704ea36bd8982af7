"""Runs the exporter: listens first, then polls, reloads on request, and stops on a signal."""

import asyncio
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain

import structlog

from exporter import background, log
from exporter.app import App
from exporter.config.loader import ConfigError, LoadedConfig
from exporter.persistence.file import StateInUseError
from exporter.persistence.saver import StateSaver
from exporter.web.listener import SHUTDOWN_GRACE, Listener
from exporter.web.page_routes import PageRoutes
from exporter.web.routes import Handlers, make_application

STOP_SECONDS = 1.2
"""Seconds that the last polls and the last writing of the state get at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where to listen, and the path of the metrics."""

    addresses: Sequence[tuple[str | None, int]]
    """Host (None: all) and port; port 0 takes a free one."""
    telemetry_path: str = "/metrics"
    listener: Listener = field(default_factory=Listener)
    """The access control."""


class Server:
    """The whole exporter in one event loop."""

    def __init__(self, app: App, load: Callable[[], LoadedConfig], listen: Listen) -> None:
        """Start nothing; `load` reads the configuration again, or raises ConfigError."""
        self._app, self._load, self._listen = app, load, listen
        self._log = structlog.get_logger()
        self._reloading = asyncio.Lock()
        self._saver = StateSaver(app.store, app.supervisor)
        self.urls: list[str] = []

    async def run(self, loaded: LoadedConfig, on_start: Callable[[Sequence[str]], None] = lambda _: None) -> None:
        """Serve until SIGTERM or SIGINT; SIGHUP reloads. `on_start` is given the URLs once it listens.

        CannotListenError if an address cannot be listened on, StateInUseError if another exporter has the state file.
        """
        stopped = asyncio.ensure_future(self._signals())
        starting = asyncio.ensure_future(self.start(loaded))
        try:
            await asyncio.wait((starting, stopped), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                on_start(self.urls)
                await stopped
            self._log.info("stopping")
        finally:
            starting.cancel()
            stopped.cancel()
            await self.stop()

    async def start(self, loaded: LoadedConfig) -> None:
        """Listen, then begin to poll. CannotListenError if an address cannot be listened on."""
        path = self._listen.telemetry_path
        handlers = Handlers(
            metrics=self._metrics,
            dead=self._app.supervisor.dead,
            ready=lambda: self._app.store.ready,
            reload=self.reload,
        )
        served = make_application(handlers, path, PageRoutes.load(self._app.store, path).routes(home=path != "/"))
        async with self._reloading:  # a reload that is asked for meanwhile follows
            settings = await self._saver.claim(loaded.settings)
            await self._saver.load(settings)
            new = await self._app.apply(settings)
            listener = self._listen.listener
            self.urls = await listener.open(served, self._listen.addresses, self._app.supervisor)
            for url in self.urls:
                self._log.info("listening", url=url)
            for warning in loaded.warnings:
                self._log.warning("configuration.warning", detail=warning)
            self._saver.start()
            for watch in new:
                watch.start()

    async def reload(self) -> Sequence[str]:
        """Read the configuration again; return the problems, with which nothing changes."""
        async with self._reloading:
            succeeded = False
            try:
                loaded = await background.run(self._load)
                settings = await self._saver.claim(loaded.settings)
                for watch in await self._app.apply(settings):
                    watch.start()
                await self._saver.switch_file(settings)
                succeeded = True
            except (ConfigError, StateInUseError) as error:
                problems = error.problems if isinstance(error, ConfigError) else (str(error),)
                for problem in problems:
                    self._log.error("reload.refused", problem=problem)
                return problems
            finally:  # after a bug as well
                self._app.store.record_reload(succeeded=succeeded)
            for warning in loaded.warnings:
                self._log.warning("configuration.warning", detail=warning)
            self._log.info("reload.done", sources=len(loaded.settings.sources))
            return ()

    async def stop(self) -> None:
        """Stop polling, then listening; what still hangs after the deadline is abandoned."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._app.stop()
                await self._saver.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * SHUTDOWN_GRACE):
                await self._listen.listener.close()

    async def _signals(self) -> None:
        """Return at SIGTERM or SIGINT, and reload at SIGHUP meanwhile."""
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        reloads: set[asyncio.Task[Sequence[str]]] = set()

        def reload() -> None:
            task = asyncio.ensure_future(self.reload())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        loop.add_signal_handler(signal.SIGHUP, reload)
        await stopped.wait()

    async def _metrics(self, openmetrics: bool) -> Iterable[bytes]:
        from exporter.metrics.process_metrics import (
            render_process,  # takes a while to import, and here nothing waits for it
        )

        restarts = self._app.supervisor.restarts
        self._app.store.record_losses(log_lines_dropped=log.lines_dropped(), task_restarts=restarts)
        exposition = self._app.exposition
        process = render_process(openmetrics=openmetrics, excluded=exposition.excluded)
        return chain(exposition.render(openmetrics=openmetrics), (process,))

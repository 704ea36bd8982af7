"""Runs the exporter: listens first, then polls, reloads on request, and stops when told to."""

import asyncio
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

import structlog
from aiohttp import web

from exporter.app import App
from exporter.config.loader import ConfigError, LoadedConfig
from exporter.persistence.saver import StateSaver
from exporter.web.listener import Listener
from exporter.web.page_routes import PageRoutes
from exporter.web.routes import Handlers, application

SHUTDOWN_GRACE = 0.5
"""Seconds that answers under way get at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where to listen, and under which path the metrics stand."""

    addresses: Sequence[tuple[str | None, int]]
    """Host (None: all) and port; port 0 takes a free one."""
    telemetry_path: str = "/metrics"
    listener: Listener = field(default_factory=Listener)
    """Who may come in, and how."""


class Server:
    """The whole exporter in one event loop."""

    def __init__(self, app: App, load: Callable[[], LoadedConfig], listen: Listen) -> None:
        """`load` reads the configuration anew, or raises ConfigError."""
        self._app, self._load, self._listen = app, load, listen
        self._log = structlog.get_logger()
        self._reloading = asyncio.Lock()
        self._runner: web.AppRunner | None = None
        self._saver = StateSaver(app.store, app.archive)
        self.urls: list[str] = []

    async def start(self, loaded: LoadedConfig) -> None:
        """Listen, then begin to poll. OSError if an address cannot be had."""
        path = self._listen.telemetry_path
        handlers = Handlers(metrics=self._metrics, ready=lambda: self._app.store.ready, reload=self.reload)
        served = application(handlers, path, PageRoutes(self._app.store, path).routes(home=path != "/"))
        self._listen.listener.access.install(served)
        self._runner = web.AppRunner(served, access_log=None, shutdown_timeout=SHUTDOWN_GRACE)
        await self._saver.load(loaded.settings)
        new = await self._app.apply(loaded.settings)
        await self._runner.setup()
        self.urls = await self._listen.listener.open(self._runner, self._listen.addresses)
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
            try:
                loaded = await asyncio.to_thread(self._load)
            except ConfigError as error:
                self._app.store.record_reload(succeeded=False)
                for problem in error.problems:
                    self._log.error("reload.refused", problem=problem)
                return error.problems
            for watch in await self._app.apply(loaded.settings):
                watch.start()
            await self._saver.switch_file(loaded.settings)
            self._app.store.record_reload(succeeded=True)
            for warning in loaded.warnings:
                self._log.warning("configuration.warning", detail=warning)
            self._log.info("reload.done", sources=len(loaded.settings.sources))
            return ()

    async def run_until_stopped(self) -> None:
        """Serve until SIGTERM or SIGINT; SIGHUP reloads."""
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
        self._log.info("stopping")
        await self.stop()

    async def stop(self) -> None:
        """Stop polling, then listening."""
        await self._app.stop()
        await self._saver.stop()
        await self._listen.listener.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _metrics(self, openmetrics: bool) -> Iterable[bytes]:
        from exporter.metrics.process_metrics import (
            render_process,  # takes a while to import, and nobody waits for it here
        )

        exposition = self._app.exposition
        process = render_process(openmetrics=openmetrics, excluded=exposition.excluded)
        return chain(exposition.render(openmetrics=openmetrics), (process,))

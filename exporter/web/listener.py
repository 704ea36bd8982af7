"""Accepts clients: the listening sockets, their TLS, access control; reloads the web configuration."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from socket import socket
from ssl import SSLContext
from typing import Any, Self

import structlog
from aiohttp import web

from exporter import background
from exporter.config.loader import ConfigError
from exporter.files import Stamp
from exporter.supervision import SupervisedTask, Supervisor
from exporter.web.access import AccessControl
from exporter.web.config import WebConfig, load
from exporter.web.connections import HEADER_SECONDS, Connection, Connections
from exporter.web.sockets import Acceptor, Address, open_sockets

SHUTDOWN_GRACE = 0.2
"""Seconds that responses under way get at the end."""
PERIOD = 1.0
"""Seconds between two checks of the files; a change applies once two checks have found the same."""


class Listener:
    """Listens, and applies the web configuration to clients."""

    def __init__(self, config: WebConfig | None = None, path: Path | None = None) -> None:
        """`path` is the file that `config` was read from, and that is watched for changes."""
        self._path = path
        self.access = AccessControl(config or WebConfig())
        self._seen: Sequence[Stamp] = ()
        self._problems: Sequence[str] = ()
        self._connections = Connections(self.access.add_headers)
        self._acceptors: list[Acceptor] = []
        self._handshakes: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._supervisor: Supervisor | None = None
        self._task: SupervisedTask | None = None
        self._log: Any = structlog.get_logger()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the web configuration and return a listener for it; ConfigError if it cannot be used. This blocks."""
        return cls(load(path), path)

    async def open(self, app: web.Application, addresses: Sequence[Address], supervisor: Supervisor) -> list[str]:
        """Put access control in front of an application, and listen; return the URLs, or raise CannotListenError."""
        self.access.install(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_GRACE)
        await self._runner.setup()
        server = self._runner.server
        assert server is not None  # noqa: S101 - it was set up
        sockets = await background.run(partial(open_sockets, addresses))
        self._connections.apply_descriptor_limit()
        take = partial(self._take, server)
        self._acceptors = [Acceptor(one, take) for one in sockets]
        for acceptor in self._acceptors:
            acceptor.start()
        if self._path is not None:
            self._supervisor = supervisor
            self._task = supervisor.start("reading the web configuration", self._watch_files)
        scheme = "http" if self.access.config.context is None else "https"
        return [_url(scheme, one.getsockname()) for one in sockets]

    async def close(self) -> None:
        """Stop listening; responses under way get a moment to end."""
        if self._supervisor is not None and self._task is not None:
            await self._supervisor.stop(self._task)
        for acceptor in self._acceptors:
            acceptor.close()
        self._acceptors.clear()
        self._connections.drop_silent()
        if self._runner is not None:
            await self._runner.cleanup()

    def _take(self, server: web.Server, accepted: socket) -> None:
        """Accept a client, with TLS as it is configured now."""
        self._connections.make_room()
        connection = Connection(server, self._connections, accepted)
        connection.expect_header()
        self._connections.add(connection)
        context = self.access.config.context
        task = asyncio.create_task(_handshake(connection, accepted, context))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def check_files(self) -> None:
        """Apply changes of the files once two checks agree; a file that cannot be used changes nothing."""
        files = self.access.config.files
        before, self._seen = self._seen, await background.run(files.now)
        changed = self._seen != list(files.stamps.values()) or self._problems
        if self._path is None or self._seen != before or not changed:
            return
        try:
            config = await background.run(partial(load, self._path))
        except ConfigError as error:
            self._reject(error.problems)
            return
        problems = self._needs_restart(config)
        if problems:
            self._reject(problems)
            return
        self.access.config, self._problems = config, ()
        self._log.info("web_config.read", file=str(self._path))

    async def _watch_files(self) -> None:
        while True:
            await asyncio.sleep(PERIOD)
            await self.check_files()

    def _needs_restart(self, config: WebConfig) -> Sequence[str]:
        """Return why a valid configuration cannot be applied without a restart."""
        before = self.access.config
        if (config.tls is None) != (before.tls is None):
            return (f"{self._path}: tls_server_config: enabling or disabling TLS requires a restart",)
        if config.users or not before.users:
            return ()
        return (f"{self._path}: basic_auth_users: removing all passwords requires a restart",)

    def _reject(self, problems: Sequence[str]) -> None:
        for problem in problems if problems != self._problems else ():
            self._log.error("web_config.refused", problem=problem)
        self._problems = problems


async def _handshake(connection: Connection, accepted: socket, context: SSLContext | None) -> None:
    """Make the transport of a connection; drop it if the TLS handshake fails."""
    loop, tls = asyncio.get_running_loop(), {} if context is None else {"ssl_handshake_timeout": HEADER_SECONDS}
    try:
        await loop.connect_accepted_socket(lambda: connection, accepted, ssl=context, **tls)
    except OSError:
        connection.drop()


def _url(scheme: str, address: object) -> str:
    host, port = address[:2] if isinstance(address, tuple) else (str(address), 0)
    shown = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"{scheme}://{shown}:{port}"

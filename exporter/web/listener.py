"""Where clients come in: the listening sockets, their TLS, the gate; and the web configuration read anew."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from ssl import SSLContext
from typing import Any

import structlog
from aiohttp import web

from exporter.config.loader import ConfigError
from exporter.files import Stamp
from exporter.web.access import AccessControl
from exporter.web.config import WebConfig, load

PERIOD = 1.0
"""Seconds between two looks at the files; a change holds once two looks have found the same."""
HANDSHAKE = 10.0
"""Seconds that a client has for its part of the TLS handshake."""


class Listener:
    """Listens, and lets in by the web configuration."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the web configuration, if there is one; ConfigError if it cannot be used."""
        self._path = path
        self.access = AccessControl(WebConfig() if path is None else load(path))
        self._seen: Sequence[Stamp] = ()
        self._problems: Sequence[str] = ()
        self._servers: list[asyncio.Server] = []
        self._accept: Any = None
        self._task: asyncio.Task[None] | None = None
        self._log: Any = structlog.get_logger()

    async def open(self, runner: web.AppRunner, addresses: Iterable[tuple[str | None, int]]) -> list[str]:
        """Listen for an application that has been set up; return the URLs. OSError if an address cannot be had."""
        self._accept = runner.server
        context = self.access.config.context
        loop = asyncio.get_running_loop()
        for host, port in addresses:
            self._servers.append(await loop.create_server(self._accept, host, port, backlog=128, **_tls(context)))
        if self._path is not None:
            self._task = asyncio.create_task(self._watch_files())
        names = [socket.getsockname() for server in self._servers for socket in server.sockets]
        return [_url("http" if context is None else "https", name) for name in names]

    async def close(self) -> None:
        """Stop listening; connections that stand are the application's."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for server in self._servers:
            server.close()
        self._servers.clear()

    async def check_files(self) -> None:
        """Take what has changed in the files, once they have come to rest; what is broken changes nothing."""
        files = self.access.config.files
        before, self._seen = self._seen, await asyncio.to_thread(files.now)
        changed = self._seen != list(files.stamps.values()) or self._problems
        if self._path is None or self._seen != before or not changed:
            return
        try:
            config = await asyncio.to_thread(load, self._path)
        except ConfigError as error:
            self._reject(error.problems)
            return
        problems = self._needs_restart(config)
        if problems:
            self._reject(problems)
            return
        try:
            if config.tls != self.access.config.tls:
                await self._replace_context(config.context)
        except OSError as error:
            self._reject([f"{self._path}: no new sockets: {(error.strerror or 'unknown error').lower()}"])
            return
        self.access.config, self._problems = config, ()
        self._log.info("web_config.read", file=str(self._path))

    async def _watch_files(self) -> None:
        while True:
            await asyncio.sleep(PERIOD)
            await self.check_files()

    def _needs_restart(self, config: WebConfig) -> Sequence[str]:
        """Return why a configuration that is right in itself is not taken while clients come and go."""
        before = self.access.config
        if (config.tls is None) != (before.tls is None):
            return (f"{self._path}: tls_server_config: TLS is switched on and off by a restart only",)
        if config.users or not before.users:
            return ()
        return (f"{self._path}: basic_auth_users: passwords are done away with by a restart only",)

    def _reject(self, problems: Sequence[str]) -> None:
        for problem in problems if problems != self._problems else ():
            self._log.error("web_config.refused", problem=problem)
        self._problems = problems

    async def _replace_context(self, context: SSLContext | None) -> None:
        """Have new connections use another context. The sockets stay, so that nobody is turned away meanwhile."""
        loop, before = asyncio.get_running_loop(), self._servers
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.dup()) for server in before for socket in server.sockets]
            stack.pop_all()
        self._servers = [await loop.create_server(self._accept, sock=socket, **_tls(context)) for socket in sockets]
        for server in before:
            server.close()


def _tls(context: SSLContext | None) -> dict[str, Any]:
    return {} if context is None else {"ssl": context, "ssl_handshake_timeout": HANDSHAKE}


def _url(scheme: str, address: object) -> str:
    host, port = address[:2] if isinstance(address, tuple) else (str(address), 0)
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"{scheme}://{shown}:{port}"

"""`backup-exporter serve`: polls and serves until it is stopped."""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from exporter.app import App
from exporter.commands.config import listener_or_report, load_or_report, read_configuration
from exporter.config.loader import LoadedConfig
from exporter.log import write_line
from exporter.persistence.file import StateInUseError
from exporter.server import Listen, Server
from exporter.shard import Shard
from exporter.web.connections import raise_descriptor_limit
from exporter.web.sockets import CannotListenError


def serve(
    config_file: Path,
    addresses: Sequence[tuple[str | None, int]],
    telemetry_path: str,
    web_config: Path | None = None,
    shard: Shard | None = None,
) -> int:
    """Run the exporter; return 0 when it was stopped, 2 for a bad configuration, 1 if it cannot start now."""
    found, listener = load_or_report(config_file), listener_or_report(web_config)
    if found is None or listener is None:
        return 2

    async def run() -> int:
        listen = Listen(addresses=addresses, telemetry_path=telemetry_path, listener=listener)
        server = Server(App(time.time), lambda: _prepare(read_configuration(config_file), shard), listen)
        await server.run(_prepare(found, shard))
        return 0

    return run_server(run)


def run_server(run: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a server until it stops; return 1 after one line with the reason if it cannot start, and how to fix it."""
    raise_descriptor_limit()
    try:
        return asyncio.run(run())
    except (CannotListenError, StateInUseError) as error:
        write_line(str(error))
        return 1


def _prepare(found: LoadedConfig, shard: Shard | None) -> LoadedConfig:
    """Return the configuration for this instance: its shard's part, with a default state file."""
    settings = found.settings if shard is None else found.settings.on(shard)
    if not settings.state_file_given:
        settings = replace(settings, state_file=default_state_file(os.environ))
    return replace(found, settings=settings)


def default_state_file(environ: Mapping[str, str]) -> Path:
    """Return the default path of the state file: in systemd's folder, else in `data` below this one."""
    folder = environ.get("STATE_DIRECTORY", "").split(":")[0]  # systemd gives several, separated by colons
    return (Path(folder) if folder else Path.cwd() / "data") / "state.json"

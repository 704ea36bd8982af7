"""`backup-exporter serve`: polls and serves until it is told to stop."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
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
        server = Server(App(time.time), lambda: _for_shard(read_configuration(config_file), shard), listen)
        await server.run(_for_shard(found, shard))
        return 0

    return run_server(run)


def run_server(run: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a server to its end; return 1 after one line that says why it cannot start now, and how to cure that."""
    raise_descriptor_limit()
    try:
        return asyncio.run(run())
    except (CannotListenError, StateInUseError) as error:
        write_line(str(error))
        return 1


def _for_shard(found: LoadedConfig, shard: Shard | None) -> LoadedConfig:
    return found if shard is None else replace(found, settings=found.settings.on(shard))

"""`backup-exporter serve`: polls and serves until it is told to stop."""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from exporter.app import App
from exporter.commands.config import listener_or_report, load_or_report, read_configuration
from exporter.config.loader import LoadedConfig
from exporter.server import Listen, Server
from exporter.shard import Shard


def serve(
    config_file: Path,
    addresses: Sequence[tuple[str | None, int]],
    telemetry_path: str,
    web_config: Path | None = None,
    shard: Shard | None = None,
) -> int:
    """Run the exporter; return 0 when it was told to stop, 2 if it cannot start."""
    found, listener = load_or_report(config_file), listener_or_report(web_config)
    if found is None or listener is None:
        return 2

    async def run() -> int:
        listen = Listen(addresses=addresses, telemetry_path=telemetry_path, listener=listener)
        server = Server(App(time.time), lambda: _for_shard(read_configuration(config_file), shard), listen)
        try:
            await server.start(_for_shard(found, shard))
        except OSError as error:
            await server.stop()
            print(f"cannot listen: {error.strerror or error}", file=sys.stderr)
            return 2
        await server.run_until_stopped()
        return 0

    return asyncio.run(run())


def _for_shard(found: LoadedConfig, shard: Shard | None) -> LoadedConfig:
    return found if shard is None else replace(found, settings=found.settings.on(shard))

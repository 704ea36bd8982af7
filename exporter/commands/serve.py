"""`backup-exporter serve`: polls and serves until it is stopped."""

import argparse
import asyncio
import os
import re
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from exporter.app import App
from exporter.commands.config import listener_or_report, load_or_report, read_configuration
from exporter.commands.flags import DEFAULT_LISTEN, add_config_flag, add_log_flags, add_web_flags, parse_address
from exporter.config.loader import LoadedConfig
from exporter.log import write_line
from exporter.persistence.file import StateInUseError
from exporter.server import Listen, Server
from exporter.shard import Shard
from exporter.web.connections import raise_descriptor_limit
from exporter.web.sockets import CannotListenError


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    add_config_flag(parser)
    add_web_flags(parser)
    parser.add_argument(
        "--shard",
        type=_parse_shard,
        default=None,
        metavar="I/N",
        help="run as shard I (0-based) of N; each instance watches its part of the sources (default: watch all)",
    )
    add_log_flags(parser)


def run(flags: argparse.Namespace) -> int:
    """Serve as the flags say; return the exit code."""
    addresses = flags.listen or [parse_address(DEFAULT_LISTEN)]
    return serve(flags.config_file, addresses, flags.telemetry_path, flags.web_config, flags.shard)


def _parse_shard(value: str) -> Shard:
    found = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", value)
    if found is None or int(found[1]) >= int(found[2]):
        raise argparse.ArgumentTypeError(f"{value!r} is not I/N with I from 0 to N - 1")
    return Shard(int(found[1]), int(found[2]))


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
        settings = replace(settings, state_file=find_default_state_file(os.environ))
    return replace(found, settings=settings)


def find_default_state_file(environ: Mapping[str, str]) -> Path:
    """Return the default path of the state file: in systemd's folder, else in `data` below this one."""
    folder = environ.get("STATE_DIRECTORY", "").split(":")[0]  # systemd gives several, separated by colons
    return (Path(folder) if folder else Path.cwd() / "data") / "state.json"

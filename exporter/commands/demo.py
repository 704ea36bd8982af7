"""`backup-exporter demo`: the exporter on simulated vendors, with a story to watch."""

import argparse
import asyncio
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from exporter.app import App
from exporter.commands.config import listener_or_report
from exporter.commands.flags import DEFAULT_LISTEN, add_log_flags, add_web_flags, parse_address
from exporter.commands.serve import run_server
from exporter.config.loader import LoadedConfig, parse
from exporter.demo.http import StagedEvent, Story
from exporter.demo.server import SimulatedVendors, all_accounts, all_events
from exporter.log import write_line
from exporter.server import Listen, Server
from exporter.web.filters import make_address


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the command."""
    parser.add_argument(
        "--speed",
        type=_parse_speed,
        default=1.0,
        metavar="FACTOR",
        help="factor by which the staged events run faster than real time (default: 1)",
    )
    add_web_flags(parser)
    add_log_flags(parser)


def run(flags: argparse.Namespace) -> int:
    """Run the demo as the flags say; return the exit code."""
    addresses = flags.listen or [parse_address(DEFAULT_LISTEN)]
    return serve_demo(addresses, flags.telemetry_path, flags.speed, flags.web_config)


def _parse_speed(value: str) -> float:
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if not 0.1 <= factor <= 1000:
        raise argparse.ArgumentTypeError(f"{value!r} is not a factor from 0.1 to 1000")
    return factor


def serve_demo(
    addresses: Sequence[tuple[str | None, int]], telemetry_path: str, speed: float, web_config: Path | None = None
) -> int:
    """Run the demo; return 0 when it was stopped, 1 if it cannot listen."""
    listener = listener_or_report(web_config)
    if listener is None:
        return 2

    async def run() -> int:
        start = time.time()
        vendors = await start_vendors(speed)

        def load() -> LoadedConfig:
            return make_demo_config(vendors)

        listen = Listen(addresses=addresses, telemetry_path=telemetry_path, listener=listener)
        server = Server(App(time.time), load, listen)
        announcing: list[asyncio.Task[None]] = []

        def show(urls: Sequence[str]) -> None:
            write_line(write_guide(urls[0], telemetry_path))
            announcing.append(asyncio.create_task(announce(urls[0], start, speed)))

        try:
            await server.run(load(), show)
        finally:
            for task in announcing:
                task.cancel()
            await vendors.stop()
        return 0

    return run_server(run)


async def start_vendors(speed: float = 1.0) -> SimulatedVendors:
    """Return all simulated vendors, listening."""
    vendors = SimulatedVendors(all_accounts(Story(start=time.time(), speed=speed)))
    await vendors.start()
    return vendors


def make_demo_config(vendors: SimulatedVendors) -> LoadedConfig:
    """Return the configuration that watches them, without the warnings about plain http."""
    text = vendors.configuration(poll_interval="15s", progress_interval="5s", discovery_interval="10m")
    return LoadedConfig(settings=parse(text, os.environ, Path.cwd()).settings)


async def announce(url: str, start: float, speed: float, write: Callable[[str], None] = write_line) -> None:
    """Write each staged event when it happens, and where to watch it."""
    for event in all_events():
        if not event.seconds:
            continue
        await asyncio.sleep(max(0.0, start + event.seconds / speed - time.time()))
        write(f"{write_minutes(event.seconds)} {event.text}; watch {url}{_find_path(event)}")
    write(f"That was all. Everything at a glance: {url}/")


def write_minutes(seconds: float) -> str:
    """Return a time of the story, such as `01:10`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:02}:{rest:02}"


def _find_path(event: StagedEvent) -> str:
    return make_address([("source", event.source), *((("q", event.name),) if event.name else ())])


def write_guide(url: str, telemetry_path: str) -> str:
    """Return what the terminal shows at the start: the addresses, and what will happen."""
    events = "\n".join(f"    {_format_time(event)}   {event.source}: {event.text}" for event in all_events())
    return GUIDE.format(url=url, metrics=f"{url}{telemetry_path}", events=events)


def _format_time(event: StagedEvent) -> str:
    return write_minutes(event.seconds) if event.seconds else "start"


GUIDE = """
  backup-exporter watches simulated vendors. No credentials, no network.

    {url}/          everything at a glance
    {metrics}   what Prometheus scrapes

  What happens, in minutes and seconds from the start (at speed 1):

{events}

  Events follow one another faster with --speed. Stop with Ctrl-C.
"""

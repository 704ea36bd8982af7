"""`backup-exporter demo`: the exporter on simulated vendors, with a story to watch."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from exporter.app import App
from exporter.commands.config import listener_or_report
from exporter.commands.serve import run_server
from exporter.config.loader import LoadedConfig, parse
from exporter.demo.http import Story
from exporter.demo.server import SimulatedVendors, all_accounts
from exporter.log import write_line
from exporter.server import Listen, Server


def demo(
    addresses: Sequence[tuple[str | None, int]], telemetry_path: str, speed: float, web_config: Path | None = None
) -> int:
    """Run the demo; return 0 when it was told to stop, 1 if it cannot listen."""
    listener = listener_or_report(web_config)
    if listener is None:
        return 2

    async def run() -> int:
        vendors = await start_vendors(speed)

        def load() -> LoadedConfig:
            return demo_config(vendors)

        listen = Listen(addresses=addresses, telemetry_path=telemetry_path, listener=listener)
        server = Server(App(time.time), load, listen)
        try:
            await server.run(load(), lambda urls: write_line(_guide(urls[0], telemetry_path)))
        finally:
            await vendors.stop()
        return 0

    return run_server(run)


async def start_vendors(speed: float = 1.0) -> SimulatedVendors:
    """Return all simulated vendors, listening."""
    vendors = SimulatedVendors(all_accounts(Story(start=time.time(), speed=speed)))
    await vendors.start()
    return vendors


def demo_config(vendors: SimulatedVendors) -> LoadedConfig:
    """Return the configuration that watches them; that they speak plain http is no news here."""
    text = vendors.configuration(poll_interval="15s", progress_interval="5s", discovery_interval="10m")
    return LoadedConfig(settings=parse(text, os.environ, Path.cwd()).settings)


def _guide(url: str, telemetry_path: str) -> str:
    return GUIDE.format(url=url, metrics=f"{url}{telemetry_path}")


GUIDE = """
  backup-exporter watches five simulated vendors. No credentials, no network.

    {url}/          everything at a glance
    {metrics}   what Prometheus scrapes

  What to look at, in the order in which it happens (from the start, at speed 1):

    at once   workspace: an instance that was never backed up, one switched off, one stuck for hours
              analytics: a service that is stopped, and so paused; one whose last two backups failed
              platform: a dump schedule that died, hidden by snapshots that go on (..._by_kind_...)
              faculty: a backup that is too old; its institution may not be listed, so the source names it
    0:10      campus: a backup runs, backup_progress_percent climbs; from 6:40 on one stands still at 45
    0:20      analytics: a backup of "orders" runs for a minute
    0:40      analytics: a backup of "clickstream" fails; at 1:00 its last success leaves the vendor's list,
              and its age goes on growing all the same
    0:45      platform: the dump of "ledger-db" has shrunk to a tenth (backup_last_success_size_bytes)
    0:50      shop: the rights to "warehouse/mysql" are revoked (backup_resource_failure)
    1:00      staging: the vendor is down for a minute, then back (backup_source_up)

  The events follow one another faster with --speed; each is stamped with the true instant at which it happens.
  Stop with Ctrl-C.
"""

"""`backup-exporter demo`: the exporter on simulated vendors, with a story to watch."""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from exporter.app import App
from exporter.configuration.loading import Loaded, parse
from exporter.server import Listen, Server
from exporter.simulation.exchange import Story
from exporter.simulation.server import SimulatedVendors, all_accounts


def demo(addresses: Sequence[tuple[str | None, int]], telemetry_path: str, speed: float) -> int:
    """Run the demo; return 0 when it was told to stop, 2 if it cannot listen."""

    async def run() -> int:
        vendors = await simulated(speed)

        def load() -> Loaded:
            return configured(vendors)

        server = Server(App(time.time), load, Listen(addresses=addresses, telemetry_path=telemetry_path))
        try:
            await server.start(load())
            print(_guide(server.urls[0], telemetry_path), file=sys.stderr)
            await server.run_until_stopped()
        except OSError as error:
            await server.stop()
            print(f"cannot listen: {error.strerror or error}", file=sys.stderr)
            return 2
        finally:
            await vendors.stop()
        return 0

    return asyncio.run(run())


async def simulated(speed: float = 1.0) -> SimulatedVendors:
    """Return all simulated vendors, listening."""
    vendors = SimulatedVendors(all_accounts(Story(start=time.time(), speed=speed)))
    await vendors.start()
    return vendors


def configured(vendors: SimulatedVendors) -> Loaded:
    """Return the configuration that watches them; that they speak plain http is no news here."""
    text = vendors.configuration(poll_interval="15s", progress_interval="5s", discovery_interval="10m")
    return Loaded(settings=parse(text, os.environ, Path.cwd()).settings)


def _guide(url: str, telemetry_path: str) -> str:
    return f"\n  The demo watches simulated vendors.\n  Status page:  {url}/\n  Metrics:      {url}{telemetry_path}\n"

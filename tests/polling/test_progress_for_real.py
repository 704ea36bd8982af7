"""The same over real sockets and with real time, all vendors side by side."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.app import App
from exporter.config.loader import parse
from exporter.demo.http import Story
from exporter.demo.server import SimulatedVendors
from exporter.model import Status
from exporter.settings import Settings
from tests.polling.staged import STAGED, Staged, accounts, resource, run_of

SPEED = 10.0
AHEAD = 35.0
"""How far the story is when the exporter starts; what is staged ends 4 to 7 seconds later."""
SPARING: Mapping[str, Mapping[str, Any]] = {
    "analytics": {"include": ["orders"]},
    "workspace": {"backup_instance_ids": ["102"], "rate_limit": {"requests": 2}},
}
"""What lets the first poll find the running backup before that ends."""
NAMES = {"backupify": "102"}  # an instance that no customer's list has told about
FEWEST, MOST = 2, 12


@pytest.mark.slow
@pytest.mark.usefixtures("in_step")
async def test_running_backups_are_followed_to_their_end_between_two_polls_over_loopback() -> None:
    story = Story(start=time.time() - AHEAD / SPEED, speed=SPEED)
    everything = [account for vendor in STAGED for account in accounts(vendor, story)]
    watched_accounts = {staged.account for staged in STAGED.values()}
    vendors = SimulatedVendors([account for account in everything if account.name in watched_accounts])
    await vendors.start()
    app = App(time.time)
    try:
        for watch in await app.apply(_settings(vendors)):
            watch.start()
        await _until(lambda: app.store.ready)
        assert _statuses(app, story) == dict.fromkeys(STAGED, Status.IN_PROGRESS)
        spent = {name: sum(entry.counters.requests.values()) for name, entry in app.store.entries.items()}
        await _until(lambda: set(_statuses(app, story).values()) == {Status.COMPLETED})
    finally:
        await app.stop()
        await vendors.stop()
    for name, entry in app.store.entries.items():
        assert entry.counters.polls == 1, name
        assert not {"429", "none"} & entry.counters.requests.keys(), name
        assert FEWEST <= sum(entry.counters.requests.values()) - spent[name] <= MOST, name


def _settings(vendors: SimulatedVendors) -> Settings:
    top = yaml.safe_load(vendors.configuration(poll_interval="60s", progress_interval="3s"))
    sources = [{**source, **SPARING.get(source["name"], {})} for source in top["sources"]]
    return parse(yaml.safe_dump({**top, "sources": sources}), {}, Path()).settings


def _statuses(app: App, story: Story) -> dict[str, Status]:
    """Return what is known of each staged backup."""
    return {vendor: _status(app, vendor, staged, story) for vendor, staged in STAGED.items()}


def _status(app: App, vendor: str, staged: Staged, story: Story) -> Status:
    resource_status = resource(app.store, staged, NAMES.get(vendor))
    return run_of(resource_status, story.at(staged.begins)).status


async def _until(reached: Callable[[], bool], seconds: float = 25.0) -> None:
    async with asyncio.timeout(seconds):
        while not reached():  # noqa: ASYNC110 - the board rings no bell
            await asyncio.sleep(0.05)

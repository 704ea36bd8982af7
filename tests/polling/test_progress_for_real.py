"""The same over real sockets and with real time, all vendors side by side."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from exporter.app import App
from exporter.config.loader import parse
from exporter.demo.http import Story
from exporter.demo.server import SimulatedVendors
from exporter.model import Status
from exporter.settings import Settings
from tests.polling.staged_backups import find_resource, run_of
from tests.vendors import find_profiles, open_account
from tests.vendors.profile import Profile

SPEED = 10.0
AHEAD = 35.0
"""How far the story is when the exporter starts; what is staged ends 4 to 7 seconds later."""
PROFILES = find_profiles()
FEWEST, MOST = 2, 12


@pytest.mark.slow
@pytest.mark.usefixtures("in_step")
async def test_running_backups_are_followed_to_their_end_between_two_polls_over_loopback() -> None:
    story = Story(start=time.time() - AHEAD / SPEED, speed=SPEED)
    vendors = SimulatedVendors([open_account(name, one.account, story) for name, one in PROFILES.items()])
    await vendors.start()
    app = App(time.time)
    try:
        for watch in await app.apply(_settings(vendors)):
            watch.start()
        await _until(lambda: app.store.ready)
        assert _statuses(app, story) == dict.fromkeys(PROFILES, Status.IN_PROGRESS)
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
    sources = [{**source, **PROFILES[source["provider"]].staged.keys} for source in top["sources"]]
    return parse(yaml.safe_dump({**top, "sources": sources}), {}, Path()).settings


def _statuses(app: App, story: Story) -> dict[str, Status]:
    """Return what is known of each staged backup."""
    return {name: _status(app, profile, story) for name, profile in PROFILES.items()}


def _status(app: App, profile: Profile, story: Story) -> Status:
    resource_status = find_resource(app.store, profile, profile.staged.resource_alone)
    return run_of(resource_status, story.at(profile.staged.begins)).status


async def _until(reached: Callable[[], bool], seconds: float = 25.0) -> None:
    async with asyncio.timeout(seconds):
        while not reached():  # noqa: ASYNC110 - the store sends no event
            await asyncio.sleep(0.05)

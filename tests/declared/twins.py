"""Compares a built-in vendor with its declared twin on the simulated vendor, value by value."""

import asyncio
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import pytest
import yaml

from exporter.app import App
from exporter.commands.poll import list_resource_records
from exporter.config.loader import parse
from exporter.declared.vendors import Vendors
from exporter.demo.http import Account, Story
from exporter.demo.strict import StrictAccount
from exporter.settings import Settings
from tests.simulated_transport import SimulatedTransport
from tests.vendors import FOLDER
from tests.virtual_time import START, run_virtual, wall_clock

LATEST = 3.0
UNDECLARED = ("team_id", "volumes", "events")
"""What the built-in providers can be asked for and the declarations do not have."""
POLLS = 3


def settings_of(accounts: Sequence[Account], *, declared: bool) -> Settings:
    sources = []
    for account in accounts:
        source = {**account.configuration(f"http://{account.name}.example"), "discovery_interval": "1s"}
        source = {key: value for key, value in source.items() if key not in UNDECLARED}
        if declared:
            source["provider"] += "_declared"
        sources.append(source)
    text = yaml.safe_dump({"declarations": [f"{FOLDER}/*/twin.yaml"], "sources": sources})
    return parse(text, {}, FOLDER, vendors=Vendors()).settings


async def poll(vendor: str, *, declared: bool) -> dict[tuple[str, str], dict[str, Any]]:
    """Return every resource's values after some polls, a minute apart."""
    accounts = import_module(f"exporter.demo.vendors.{vendor}").accounts(Story(start=START))
    transports = {account.name: SimulatedTransport(account=StrictAccount(account)) for account in accounts}
    app = App(wall_clock, lambda source: transports[source.name])
    watches = await app.apply(settings_of(accounts, declared=declared))
    for _ in range(POLLS):
        for watch in watches:
            await watch.poller.poll()
        await asyncio.sleep(60)
    records = list_resource_records(app.store)
    await app.stop()
    return {(record["source"], record["resource"]): record for record in records}


def find_differences(vendor: str) -> tuple[int, dict[tuple[str, str, str], tuple[Any, Any]]]:
    """Return how many values were compared, and those that differ: built-in, declared."""
    built_in = run_virtual(poll(vendor, declared=False))
    declared = run_virtual(poll(vendor, declared=True))
    compared, found = 0, {}
    for key in built_in.keys() | declared.keys():
        one, other = built_in.get(key, {}), declared.get(key, {})
        for name in (one.keys() | other.keys()) - {"provider"}:
            compared += 1
            if not equal(one.get(name), other.get(name)):
                found[(*key, name)] = one.get(name), other.get(name)
    return compared, found


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return bool(one == pytest.approx(other, abs=2.0))  # the two runs are some requests apart
    return bool(one == other)

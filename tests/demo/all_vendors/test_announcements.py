"""The demo says what it stages when it happens, and where to watch it."""

import time

import pytest

from exporter.commands.demo import announce, write_guide, write_minutes
from exporter.demo.http import Story
from exporter.demo.server import all_accounts, all_events

pytestmark = pytest.mark.integration

URL = "http://127.0.0.1:10342"


async def test_every_staged_event_is_announced_with_an_address() -> None:
    lines: list[str] = []
    await announce(URL, time.time(), 1e6, lines.append)
    staged = [event for event in all_events() if event.seconds]
    assert [line.split(" ", 1)[0] for line in lines[:-1]] == [write_minutes(event.seconds) for event in staged]
    assert all(f"; watch {URL}/?source=" in line for line in lines[:-1])
    assert lines[-1] == f"That was all. Everything at a glance: {URL}/"


def test_the_guide_lists_what_is_staged() -> None:
    shown = write_guide(URL, "/metrics")
    for event in all_events():
        assert f"{event.source}: {event.text}" in shown


def test_events_name_sources_that_there_are() -> None:
    names = {account.name for account in all_accounts(Story(start=0.0))}
    assert {event.source for event in all_events()} <= names


def test_minutes() -> None:
    assert [write_minutes(seconds) for seconds in (0, 59, 70, 400)] == ["00:00", "00:59", "01:10", "06:40"]

"""What a vendor sends in an unknown form is counted for its resource, and each form is logged once."""

import asyncio
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
import structlog

from exporter import registry, wire
from exporter.model import Backup, Resource, Status
from exporter.secret import Secret
from exporter.state.listing import Listing, Page
from exporter.state.resource import ResourceStatus
from tests.polling.stub_provider import STUB, Options, Row, Vendor, row, source, watching
from tests.vendors import find_profiles
from tests.virtual_time import virtually

pytestmark = pytest.mark.integration

NEW = ResourceStatus(resource=Resource(id="r", name="r", kind="stub"), first_seen=0.0)
PROFILES = find_profiles()


def with_value(record: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    key, *inside = path
    return {**record, key: with_value(record[key], tuple(inside), value) if inside else value}


@pytest.mark.parametrize(
    ("name", "field", "value", "unread"),
    [
        (name, field, value, unread)
        for name, profile in PROFILES.items()
        for field in profile.record.paths
        for value, unread in (("20 Nov 2026", True), ([], True), (None, False), ("", False))
    ],
)
def test_every_vendors_record_says_what_was_not_understood(name: str, field: str, value: Any, unread: bool) -> None:
    record, paths = dict(PROFILES[name].record.value), PROFILES[name].record.paths
    provider = registry.provider(name)
    options = provider.options(**dict.fromkeys(_secrets(name), Secret("x")))
    found = provider.backup(options, with_value(record, paths[field], value))

    assert found is not None
    assert {one for one, _ in found.unread} == ({field} if unread else set())
    sound = provider.backup(options, record)
    assert sound is not None
    assert sound.unread == ()


def _secrets(name: str) -> list[str]:
    options = import_module(f"exporter.providers.{name}").Options
    return [key for key, kind in options.__annotations__.items() if "Secret" in str(kind)]


def backup(id_: str, unread: tuple[tuple[str, str], ...] = ()) -> Backup:
    return Backup(id=id_, status=Status.COMPLETED, started=5.0, unread=unread)


def test_a_listing_counts_them_and_forgets_them() -> None:
    odd = (("size", "00 AA"),)
    listing = Listing().merge_pages([Page(backups=(backup("a", odd), backup("b"), backup("c", odd)))], whole=True)
    found = NEW.update_listing(listing, sizes=True)
    then = found.update_listing(listing.merge_pages([Page(backups=(backup("a"), backup("b")))], whole=True), sizes=True)

    assert found.unreadable_records is not None
    assert then.unreadable_records is not None
    assert (found.unreadable_records, then.unreadable_records) == (2, 0)
    assert NEW.summary is None


@virtually
async def test_each_form_is_logged_once_per_source() -> None:
    def record_of(id_: str, started: Any) -> Row:
        return row(id_, "done", started)

    rows = [
        record_of("1", "20 Nov 2026"),
        record_of("2", "21 Dec 2025"),
        record_of("3", "yesterday"),
        record_of("4", 7.0),
    ]
    vendor = Vendor(scopes={"s": ["r", "q"]}, backups={"r": [rows], "q": [rows]})
    provider = replace(STUB, backup=_as_a_vendor)
    with structlog.testing.capture_logs() as logs:
        async with watching(vendor, source(provider=provider, poll_interval=60.0)) as seen:
            await _polls(seen.entry)
            counted = {key: one.unreadable_records for key, one in seen.entry().resources.items()}

    assert counted == {"r": 3, "q": 3}
    logged = [log for log in logs if log["event"] == "record.unreadable"]
    assert sorted(log["form"] for log in logged) == ["00 Aaa 0000", "aaaaaaaaa"]
    assert {(log["log_level"], log["source"], log["field"]) for log in logged} == {("warning", "stub", "started")}


def _as_a_vendor(_: Options, one: Row) -> Backup:
    started = one["started"] if isinstance(one["started"], float) else wire.timestamp(one["started"])
    return wire.backup(
        {"done": Status.COMPLETED}, one["status"], id=one["id"], given={"started": one["started"]}, started=started
    )


async def _polls(entry: Any) -> None:
    await asyncio.sleep(200)
    assert entry().counters.polls >= 3

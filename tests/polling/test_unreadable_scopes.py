"""A part of an account that cannot be listed is counted, logged once, shown on the page, and fails `poll`."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from exporter.app import App
from exporter.client.client import Transport
from exporter.commands import poll
from exporter.model import Scope
from exporter.provider import Api
from exporter.settings import Settings, Source
from exporter.web.source_rows import make_source_rows
from tests.polling.stub_provider import STUB, Options, Vendor, Watching, scopes, source, two_scopes, watching
from tests.virtual_time import virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

POLL = 300.0


def count(seen: Watching) -> list[str]:
    """Return the lines of the count in the exposition."""
    text = b"".join(seen.app.exposition.render(openmetrics=False)).decode()
    return [line for line in text.splitlines() if line.startswith("backup_source_unreadable_scopes")]


def sentences(seen: Watching) -> tuple[str, ...]:
    """Return what the page says of the source."""
    (row,) = make_source_rows(seen.app.store, seen.app.store.now())
    return row.sentences


def line(number: int) -> list[str]:
    return [f'backup_source_unreadable_scopes{{provider="stub",source="stub"}} {number}']


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [(401, "unauthorized"), (403, "forbidden"), (404, "not_found"), (500, "server_error"), ("<html>", "malformed")],
)
@virtually
async def test_a_scope_that_was_never_listed_is_counted_and_logged_once(trouble: object, reason: str) -> None:
    vendor = two_scopes()
    vendor.trouble["/scopes/two"] = trouble
    with capture_logs() as logs:
        async with watching(vendor, source(discovery_interval=2 * POLL)) as seen:
            assert count(seen) == []
            await asyncio.sleep(3 * POLL)
            assert count(seen) == line(1)
            assert (seen.reason(), seen.failures()) == (None, {"a": None, "b": None})
            assert any("two cannot be listed" in one and f"({reason})" in one for one in sentences(seen))
            vendor.trouble["/scopes/two"] = 402
            await asyncio.sleep(POLL)
            vendor.trouble.clear()
            await asyncio.sleep(POLL)
            assert count(seen) == line(0)
            assert not any("cannot be listed" in one for one in sentences(seen))

    logged = [(log["log_level"], log["event"], log["scope"], log.get("reason")) for log in logs if "scope" in log]
    reasons = dict.fromkeys((reason, "forbidden"))
    assert logged == [
        *(("warning", "scope.unreadable", "two", why) for why in reasons),
        ("info", "scope.readable", "two", None),
    ]


@virtually
async def test_scopes_of_one_name_are_two() -> None:
    async def twins(api: Api, options: Options) -> list[Scope]:
        return [Scope(id=one.id, name="" if one.id == "one" else "twin") for one in await scopes(api, options)]

    vendor = Vendor({"one": ["a"], "two": ["b"], "three": ["c"]})
    vendor.trouble = {"/scopes/two": 403, "/scopes/three": 403}
    with capture_logs() as logs:
        async with watching(vendor, source(provider=replace(STUB, scopes=twins))) as seen:
            await asyncio.sleep(POLL * 2)
            assert count(seen) == line(2)

    assert [log["scope"] for log in logs if log["event"] == "scope.unreadable"] == ["twin", "twin"]


@virtually
async def test_where_no_scope_can_be_listed_all_are_counted_and_the_source_says_why() -> None:
    vendor = two_scopes()
    vendor.trouble = {"/scopes/one": 500, "/scopes/two": 500}
    with capture_logs() as logs:
        async with watching(vendor, source()) as seen:
            await asyncio.sleep(1)
            assert seen.reason() == "server_error"
            assert count(seen) == line(2)

    assert [log["event"] for log in logs if log["log_level"] == "warning"] == ["poll.failed"]


@virtually
async def test_a_scope_that_is_gone_is_not_counted() -> None:
    vendor = two_scopes()
    vendor.trouble["/scopes/two"] = 403
    async with watching(vendor, source(discovery_interval=POLL)) as seen:
        await asyncio.sleep(1)
        assert count(seen) == line(1)
        del vendor.scopes["two"]
        await asyncio.sleep(POLL)
        assert count(seen) == line(0)


def poll_once(monkeypatch: pytest.MonkeyPatch, vendor: Vendor) -> int:
    """Return the exit code of `poll` on the stub."""

    def transport(_: Source) -> Transport:
        return vendor

    monkeypatch.setattr(poll, "App", lambda clock: App(clock, transport))
    return asyncio.run(poll.poll_once(Settings(sources=(source(),)), "table"))


def test_poll_ends_with_1_and_names_the_scope(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor = two_scopes()
    assert poll_once(monkeypatch, vendor) == 0
    assert "cannot list" not in capsys.readouterr().out

    vendor.trouble["/scopes/two"] = 403
    assert poll_once(monkeypatch, vendor) == 1
    assert "stub: cannot list two, forbidden" in capsys.readouterr().out

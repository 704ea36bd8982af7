"""The simulated storages, asked by the exporter itself: links are got and files proved over real sockets."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
import structlog

from exporter.app import App
from exporter.commands.demo import make_demo_config
from exporter.demo.files import MAX_WHOLE, file_response, is_signed, signed_link
from exporter.demo.http import Request, Story
from exporter.demo.server import SimulatedVendors, all_accounts
from exporter.metrics.exposition import Exposition
from exporter.persistence.file import encode
from exporter.persistence.schema import store_live
from exporter.polling import download_verifier, poller
from exporter.settings import Settings, VerifyDownloads

pytestmark = pytest.mark.integration

NOW = 1_800_000_000.0


def request(method: str = "GET", query: Any = None, **headers: str) -> Request:
    return Request(method=method, path="/file", base="http://127.0.0.1:1", query=query or {}, headers=headers)


def test_a_storage_serves_a_first_byte_or_a_small_file_to_a_link_alone() -> None:
    first = file_response(request(range="bytes=0-0"), 10**12)
    assert (first.status, first.body, first.headers["Content-Range"]) == (206, b"\0", f"bytes 0-0/{10**12}")
    assert file_response(request(), 5).body == bytes(5)
    assert file_response(request(), MAX_WHOLE + 1).complaint
    assert file_response(request(authorization="Bearer x"), 5).complaint == "credentials were sent to the storage"
    assert file_response(request("HEAD"), 5).complaint == "the link is signed for GET"


def test_a_signed_link_lapses_after_an_hour() -> None:
    link = signed_link("http://127.0.0.1:1/file", NOW)
    query = dict(pair.split("=") for pair in link.partition("?")[2].split("&"))
    assert [is_signed(request(query=query), NOW + seconds) for seconds in (0, 3599, 3600)] == [True, True, False]
    assert not is_signed(request(), NOW)


@pytest.mark.slow
async def test_every_vendor_that_gives_links_is_verified_in_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_verifier, "PAUSE", 0.05)
    monkeypatch.setattr(poller, "MAX_START_DELAY", 0.0)
    vendors = SimulatedVendors(all_accounts(Story(start=time.time(), speed=0.1)))
    await vendors.start()
    sources = tuple(
        replace(source, verify_downloads=VerifyDownloads(allow_private=True))
        for source in make_demo_config(vendors).settings.sources
        if source.provider.download is not None
    )
    wanted = {source.name for source in sources}
    assert len(wanted) >= 4
    app = App(time.time)
    with structlog.testing.capture_logs() as logs:
        for tasks in await app.apply(Settings(sources=sources)):
            tasks.start()
        try:
            async with asyncio.timeout(60):
                while {source for source, _ in check(app)} != wanted:  # noqa: ASYNC110  (no event says so)
                    await asyncio.sleep(0.05)
        finally:
            await app.stop()
            await vendors.stop()

    assert set(check(app).values()) == {True}
    exposed = b"".join(Exposition.follow(app.store).render(openmetrics=False))
    kept = encode(
        [
            store_live(name, entry.source.provider_name, one)
            for name, entry in app.store.entries.items()
            for one in entry.resources.values()
        ]
    )
    assert b"backup_download_check_success{" in exposed
    assert b'"download_check":{' in kept
    for text in (str(logs).encode(), exposed, kept, repr(app.store.entries).encode()):
        assert not [word for word in (b"simulated-download-token", b"X-Amz", b"simulated-archives") if word in text]


def check(app: App) -> dict[tuple[str, str], bool]:
    return {
        (name, key): one.download_check.success
        for name, entry in app.store.entries.items()
        for key, one in entry.resources.items()
        if one.download_check is not None and one.download_check.success is not None
    }

"""What becomes of a download that fails, and when it is checked again; in virtual time."""

import asyncio

import pytest

from exporter.errors import (
    DOWNLOAD_REASONS,
    ConnectionFailedError,
    MissingError,
    PollError,
    RateLimitedError,
    ServerError,
    SizeMismatchError,
)
from exporter.metrics.exposition import Exposition
from exporter.polling.download_verifier import PAUSE
from exporter.state.download_check import RETRY_AFTER
from tests.polling.downloading import Storage, check_of, checking, one, verify
from tests.virtual_time import START, virtually

pytestmark = pytest.mark.usefixtures("in_step")


@virtually
async def test_a_refused_link_is_a_failure_of_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, vendor = Storage(), one()
    async with checking(monkeypatch, storage, vendor, verify(discovery_interval=86400)) as watched:
        await asyncio.sleep(PAUSE / 2)
        vendor.trouble["/facts/a"] = 403
        await asyncio.sleep(PAUSE)
        check = check_of(watched)
        assert check is not None
        assert check.reason == "forbidden"
        assert watched.failures() == {"a": None}
    assert storage.checked == []


@virtually
async def test_one_that_takes_longer_than_the_interval_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(seconds=5000.0)
    async with checking(monkeypatch, storage, one(), verify()) as watched:
        await asyncio.sleep(3600 + 2 * PAUSE)
        check = check_of(watched)
    assert check is not None
    assert check.reason == "timeout"


@virtually
async def test_the_counters_begin_at_zero_and_carry_every_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    async with checking(monkeypatch, Storage(), one(), verify()) as watched:
        exposition = Exposition.follow(watched.app.store)
        await asyncio.sleep(2 * PAUSE)
        text = b"".join(exposition.render(openmetrics=False)).decode()

    lines = [line for line in text.splitlines() if line.startswith("backup_download_check")]
    own = 'provider="stub",source="stub",resource="a"'
    assert lines == [
        f"backup_download_check_success{{{own}}} 1",
        f"backup_download_check_timestamp_seconds{{{own}}} {START + PAUSE:.0f}",
        f"backup_download_check_duration_seconds{{{own}}} 0",
        *(f'backup_download_check_failures_total{{{own},reason="{reason}"}} 0' for reason in DOWNLOAD_REASONS),
    ]


@pytest.mark.parametrize(
    ("failure", "soon"),
    [
        (ConnectionFailedError("no connection"), True),
        (RateLimitedError("too many"), True),
        (ServerError("HTTP 503"), True),
        (SizeMismatchError("the file has 1 bytes, the vendor reports 2"), False),
        (MissingError("no link"), False),
    ],
    ids=lambda value: getattr(value, "reason", str(value)),
)
@virtually
async def test_a_first_failure_that_may_pass_by_itself_is_checked_again_soon_and_only_once(
    monkeypatch: pytest.MonkeyPatch, failure: PollError, soon: bool
) -> None:
    storage = Storage(failure=failure)
    async with checking(monkeypatch, storage, one(), verify()) as watched:
        await asyncio.sleep(PAUSE + RETRY_AFTER + 2 * PAUSE)
        assert len(storage.checked) == (2 if soon else 1)
        await asyncio.sleep(3600 - 3 * PAUSE)
        assert len(storage.checked) == 2
        storage.failure = None
        await asyncio.sleep(3600 + 3 * PAUSE)
        check = check_of(watched)
        assert check is not None
        assert (check.success, check.retried) == (True, False)

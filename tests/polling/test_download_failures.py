"""What becomes of a download that fails, and when it is checked again; in virtual time."""

import asyncio
from itertools import pairwise

import pytest

from exporter.errors import (
    DOWNLOAD_REASONS,
    ConnectionFailedError,
    MissingError,
    PollError,
    RateLimitedError,
    ServerError,
    SizeMismatchError,
    UnauthorizedError,
)
from exporter.metrics.exposition import Exposition
from exporter.polling.download_verifier import PAUSE
from exporter.state.download_check import RETRY_AFTER, DownloadCheck
from tests.polling.download_vendor import Storage, check_of, checking, one, verify
from tests.polling.stub_provider import Options, Vendor
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


@pytest.mark.integration
@pytest.mark.parametrize(
    ("failure", "soon"),
    [
        (ConnectionFailedError("no connection"), True),
        (RateLimitedError("too many"), True),
        (ServerError("HTTP 503"), True),
        (UnauthorizedError("HTTP 401"), True),
        (SizeMismatchError("the file has 1 bytes, the vendor reports 2"), False),
        (MissingError("no link"), False),
    ],
    ids=lambda value: getattr(value, "reason", str(value)),
)
@virtually
async def test_a_failure_that_may_pass_by_itself_is_checked_again_soon_and_then_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch, failure: PollError, soon: bool
) -> None:
    storage = Storage(failure=failure)
    async with checking(monkeypatch, storage, one(), verify()) as watched:
        await asyncio.sleep(4 * 3600)
        times = [at for at, _, _ in storage.checked]
        waits = [later - earlier for earlier, later in pairwise(times)]
        wanted = [RETRY_AFTER, 600.0, 1200.0, 2400.0, 3600.0, 3600.0] if soon else [3600.0] * 3
        assert waits == pytest.approx(wanted, abs=2 * PAUSE)
        storage.failure = None
        await asyncio.sleep(3600 + 3 * PAUSE)
        check = check_of(watched)
        assert check is not None
        assert (check.success, check.retries) == (True, 0)


def test_a_failure_that_may_pass_is_checked_again_soon_after_a_restart_too() -> None:
    check = DownloadCheck(at=1e9, success=False, reason="connection", duration=1.0)
    assert not check.is_due(1e9 + RETRY_AFTER - 1, 86400)
    assert check.is_due(1e9 + RETRY_AFTER, 86400)


def test_however_long_a_failure_stands_the_next_check_is_due_after_the_interval() -> None:
    check = DownloadCheck()
    for number in range(2000):
        check = check.fail(1e9 + number, 1.0, "timeout")
    assert check.is_due(1e9 + 1999 + 86400, 86400)


@virtually
async def test_what_is_not_up_is_not_checked_and_is_checked_once_it_is_up_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An outage of the vendor's API that covers the time of the check leaves no failure behind."""
    storage, vendor = Storage(), one()
    async with checking(monkeypatch, storage, vendor, verify()) as watched:
        await asyncio.sleep(3500)
        vendor.trouble.update(dict.fromkeys(("/scopes", "/scopes/all", "/backups/a/0", "/facts/a"), 500))
        await asyncio.sleep(1500)
        assert watched.failures() == {"a": "server_error"}
        check = check_of(watched)
        assert check is not None
        assert check.success
        assert check.at == START + PAUSE
        vendor.trouble.clear()
        await asyncio.sleep(300 + 2 * PAUSE)
        assert len(storage.checked) == 2


@virtually
async def test_a_credential_that_the_api_refuses_is_no_result_of_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Vendor(scopes={"all": [f"r{number}" for number in range(9)]})
    storage, options = Storage(), Options(exchange=True)
    often = verify(poll_interval=10_000.0, discovery_interval=86400, options=options)
    async with checking(monkeypatch, storage, vendor, often) as watched:
        await asyncio.sleep(3595)
        assert len(storage.checked) == 9
        vendor.trouble = {f"/facts/r{number}": 401 for number in range(9)} | {"/token": 401}
        await asyncio.sleep(RETRY_AFTER)
        assert 1 <= len([at for at in vendor.times("/token") if at > 3595]) <= 4  # those under way; no other is begun
        checks = [check_of(watched, f"r{number}") for number in range(9)]
        assert all(check is not None and check.success for check in checks)
        vendor.trouble.clear()
        await asyncio.sleep(3 * PAUSE)
        assert len(storage.checked) == 18

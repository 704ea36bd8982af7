"""When downloads are checked, which, how many at a time, and what becomes of it; in virtual time."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import structlog

from exporter import app as application
from exporter.errors import (
    SizeMismatchError,
)
from exporter.model import Backup, Resource, Status
from exporter.polling.download_verifier import CONCURRENCY, PAUSE, SHORTEST, longest
from exporter.provider import Api, Download, RateLimit
from exporter.settings import VerifyDownloads
from exporter.state.download_check import DownloadCheck
from tests.polling.download_vendor import SECRET, Storage, check_of, checking, download, one, verify
from tests.polling.stub_provider import STUB, Vendor, row, watching
from tests.virtual_time import START, now, virtually, wall_clock

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]


@virtually
async def test_the_newest_backup_is_checked_after_the_first_listing_and_then_by_the_interval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage = Storage(seconds=2.5)
    async with checking(monkeypatch, storage, one(), verify()) as watched:
        await asyncio.sleep(PAUSE + 3)
        check = check_of(watched)
        assert check == DownloadCheck(at=START + PAUSE + 2.5, success=True, duration=2.5)
        await asyncio.sleep(3600 + 2 * PAUSE)

    assert [link for _, link, _ in storage.checked] == [f"https://files.example/a-2?sig={SECRET}"] * 2
    first, second = (at for at, _, _ in storage.checked)
    assert first == PAUSE
    assert 3600 <= second - first <= 3600 + 2 * PAUSE


@pytest.mark.slow
@virtually
async def test_the_poll_interval_leaves_room_for_the_requests_for_links(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Vendor(scopes={"all": [f"r{number}" for number in range(15)]})
    often = verify(verify_downloads=VerifyDownloads(interval=300.0), rate_limit=RateLimit(requests=60, per=600))
    async with checking(monkeypatch, Storage(), vendor, often) as watched:
        await asyncio.sleep(3600)
        asked = len(vendor.asked)
        await asyncio.sleep(2 * 3600)
        assert watched.entry().status.interval == pytest.approx(425, rel=0.05)
        assert (len(vendor.asked) - asked) / 7200 == pytest.approx(0.9 * 60 / 600, rel=0.1)


@virtually
async def test_without_the_key_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, vendor = Storage(), one()
    async with checking(monkeypatch, storage, vendor, verify(verify_downloads=None)) as watched:
        await asyncio.sleep(2 * PAUSE)
        assert check_of(watched) is None
    assert storage.checked == []


@virtually
async def test_before_a_listing_was_read_whole_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, vendor = Storage(), one()
    vendor.trouble["/backups/a/0"] = 500
    async with checking(monkeypatch, storage, vendor, verify()):
        await asyncio.sleep(3 * PAUSE)
    assert storage.checked == []


@virtually
async def test_a_part_of_a_listing_is_not_enough_for_the_first_check(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage()
    async with checking(monkeypatch, storage, one(), verify()) as watched:
        await asyncio.sleep(PAUSE / 2)
        part = replace(watched.entry().resources["a"], fully_listed_at=None)
        watched.app.store.put("stub", part)
        await asyncio.sleep(2 * PAUSE)
    assert storage.checked == []


@virtually
async def test_what_a_check_found_is_shown_and_logged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(failure=SizeMismatchError("the file has 1 bytes, the vendor reports 2"))
    with structlog.testing.capture_logs() as logs:
        async with checking(monkeypatch, storage, one(), verify()) as watched:
            await asyncio.sleep(3600 + 3 * PAUSE)
            status, check = watched.entry().resources["a"], check_of(watched)
            assert check is not None
            assert (check.success, check.reason, dict(check.failures)) == (False, "size_mismatch", {"size_mismatch": 2})
            assert status.not_downloadable == "size_mismatch"
            storage.failure = None
            await asyncio.sleep(3600 + 3 * PAUSE)
            assert watched.entry().resources["a"].not_downloadable is None

    logged = [entry for entry in logs if entry["event"].startswith("download.")]
    assert [entry["event"] for entry in logged] == ["download.failed", "download.succeeded"]
    assert SECRET not in str(logs)


@virtually
async def test_a_backup_without_a_link_by_its_kind_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, vendor = Storage(), one()
    rows = [row("snapshot-1", started=START - 10), row("a-1", started=START - 90)]
    vendor.backups["a"] = [rows]
    provider = replace(STUB, download=download, backup=lambda _, record: with_kinds(record))
    async with checking(monkeypatch, storage, vendor, verify(provider=provider)) as watched:
        await asyncio.sleep(2 * PAUSE)
        assert [link.partition("?")[0] for _, link, _ in storage.checked] == ["https://files.example/a-1"]
        vendor.backups["a"] = [rows[:1]]
        assert check_of(watched) is not None


def with_kinds(record: Any) -> Backup:
    kind = "snapshot" if record["id"].startswith("snapshot") else "dump"
    return Backup(id=record["id"], status=Status.COMPLETED, started=record["started"], kind=kind, size=7.0)


@virtually
async def test_whether_a_link_has_lapsed_is_judged_by_the_steady_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    fetchers: list[Any] = []

    def make(**parts: Any) -> Storage:
        fetchers.append(parts)
        return Storage()

    monkeypatch.setattr(application, "LinkFetcher", make)
    async with watching(one(), verify(), clock=lambda: wall_clock() + (86400.0 if now() >= 100 else 0.0)):
        (parts,) = fetchers
        assert parts["clock"]() == START
        await asyncio.sleep(150)
        assert parts["clock"]() == START + 150
        await asyncio.sleep(1500)
        assert parts["clock"]() == START + 86400 + 1650


@virtually
async def test_a_backup_that_starts_in_the_future_is_not_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, vendor = Storage(), one()
    vendor.backups["a"][0].insert(0, row("a-3", started=START + 86400))
    async with checking(monkeypatch, storage, vendor, verify()):
        await asyncio.sleep(2 * PAUSE)
    assert [link.partition("?")[0] for _, link, _ in storage.checked] == ["https://files.example/a-2"]


@virtually
async def test_only_snapshots_are_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, vendor = Storage(), one()
    vendor.backups["a"] = [[row("snapshot-1")]]
    async with checking(monkeypatch, storage, vendor, verify()) as watched:
        await asyncio.sleep(3 * PAUSE)
        assert check_of(watched) == DownloadCheck()
    assert storage.checked == []


@virtually
async def test_where_there_is_nothing_to_fetch_the_next_look_follows_after_the_interval_or_a_new_backup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = list[float]()

    async def refuse(api: Api, options: Any, resource: Resource, backup: Backup) -> Download | None:
        looked.append(now())
        return await download(api, options, resource, backup)

    storage, vendor = Storage(), one()
    vendor.backups["a"] = [[row("snapshot-1")]]
    async with checking(monkeypatch, storage, vendor, verify(provider=replace(STUB, download=refuse))):
        await asyncio.sleep(3000)
        assert len(looked) == 1
        await asyncio.sleep(3600)
        assert len(looked) == 2
        vendor.backups["a"] = [[row("snapshot-2", started=START + 6000), row("snapshot-1")]]
        await asyncio.sleep(400)
        assert len(looked) == 3
        vendor.backups["a"] = [[row("a-3", started=START + 6900), *vendor.backups["a"][0]]]
        await asyncio.sleep(400)
        assert [link.partition("?")[0] for _, link, _ in storage.checked] == ["https://files.example/a-3"]


@virtually
async def test_a_failure_ends_when_there_is_nothing_to_fetch_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, vendor = Storage(failure=SizeMismatchError("the file has 1 bytes")), one()
    async with checking(monkeypatch, storage, vendor, verify(discovery_interval=300.0)) as watched:
        await asyncio.sleep(2 * PAUSE)
        assert watched.entry().resources["a"].not_downloadable == "size_mismatch"
        vendor.backups["a"] = [[row("snapshot-1", started=START + 60)]]
        await asyncio.sleep(3600 + 3 * PAUSE)
        assert watched.entry().resources["a"].not_downloadable is None
        check = check_of(watched)
        assert check is not None
        assert (check.at, check.success, dict(check.failures)) == (None, None, {"size_mismatch": 1})


@virtually
async def test_no_more_than_four_are_checked_at_the_same_time_over_all_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage(seconds=30.0)
    vendor = Vendor(scopes={"all": [f"r{number}" for number in range(9)]})
    async with checking(monkeypatch, storage, vendor, verify("east"), verify("west")):
        await asyncio.sleep(PAUSE + 5 * 30 + 20)

    assert (storage.most, len(storage.checked)) == (CONCURRENCY, 18)


@virtually
async def test_a_whole_file_may_take_twice_what_its_size_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Vendor(scopes={"all": ["a"]}, backups={"a": [[row("dump", started=START - 60)]]})
    rules = VerifyDownloads(interval=3600.0, method="full", bytes_per_second=10)
    whole = verify(verify_downloads=rules, provider=replace(STUB, download=download, backup=sized(40_000)))
    async with checking(monkeypatch, Storage(seconds=7900.0), vendor, whole) as watched:
        await asyncio.sleep(8000 + 2 * PAUSE)
        check = check_of(watched)
    assert check == DownloadCheck(at=START + PAUSE + 7900, success=True, duration=7900.0)


@virtually
async def test_a_small_file_that_drips_does_not_hold_its_slot_for_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Vendor(scopes={"all": ["a"]}, backups={"a": [[row("dump", started=START - 60)]]})
    rules = VerifyDownloads(method="full")
    whole = verify(verify_downloads=rules, provider=replace(STUB, download=download, backup=sized(7_000)))
    with structlog.testing.capture_logs() as logs:
        async with checking(monkeypatch, Storage(seconds=50_000.0), vendor, whole) as watched:
            await asyncio.sleep(SHORTEST + 2 * PAUSE)
            check = check_of(watched)
    assert check is not None
    assert check.reason == "timeout"
    (failed,) = [entry for entry in logs if entry["event"] == "download.failed"]
    assert failed["detail"] == "the download takes longer than 10 min"


@pytest.mark.parametrize(
    ("size", "speed", "seconds"),
    [
        (None, 10_000_000, 86400.0),  # unknown: the interval
        (7.0, 10_000_000, SHORTEST),
        (5e9, 10_000_000, 5000.0),  # at one megabyte a second
        (5e9, 10**12, 5000.0),  # no limit on the speed is no promise of it
        (5e11, 10_000_000, 100_000.0),
        (1e12, 10_000_000, 200_000.0),  # at the configured speed it takes longer than the interval
        (5e8, 10_000, 100_000.0),
    ],
)
def test_how_long_a_whole_file_may_take(size: float | None, speed: int, seconds: float) -> None:
    assert longest(VerifyDownloads(method="full", bytes_per_second=speed), size) == seconds
    assert longest(VerifyDownloads(bytes_per_second=speed), size) == 86400.0


@virtually
async def test_a_slow_download_delays_no_other_that_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Vendor(scopes={"all": ["a", "b"]}, backups={key: [[row(f"{key}-1")]] for key in "ab"})
    rules = VerifyDownloads(interval=1000.0, method="full", bytes_per_second=10)
    whole = verify(verify_downloads=rules, provider=replace(STUB, download=download, backup=sized(40_000)))
    storage = Storage(slow={"a": 5000.0})
    async with checking(monkeypatch, storage, vendor, whole):
        await asyncio.sleep(5000)
    names = [link.partition("?")[0].rpartition("/")[2] for _, link, _ in storage.checked]
    assert (names.count("a-1"), names.count("b-1")) == (1, 5)


@virtually
async def test_resources_without_a_link_that_stay_due_keep_no_other_from_its_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(api: Api, options: Any, resource: Resource, backup: Backup) -> Download | None:
        await asyncio.sleep(4)
        return None if resource.id.startswith("without") else await download(api, options, resource, backup)

    storage, vendor = Storage(), Vendor(scopes={"all": [*(f"without-{number}" for number in range(40)), "a"]})
    async with checking(monkeypatch, storage, vendor, verify(provider=replace(STUB, download=refuse))):
        await asyncio.sleep(100)
    assert len(storage.checked) == 1


def sized(size: float) -> Any:
    """Return how a vendor's record is mapped whose backups all have this size."""
    return lambda _, record: Backup(id=record["id"], status=Status.COMPLETED, started=record["started"], size=size)


@virtually
async def test_a_large_answer_to_the_request_for_a_link_does_not_hold_up_the_listings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor = one()
    async with checking(monkeypatch, Storage(), vendor, verify(discovery_interval=86400)) as watched:
        await asyncio.sleep(PAUSE / 2)
        monkeypatch.setattr("exporter.client.decoding.SMALL", 2**22)  # virtual time would not wait for a thread
        vendor.trouble["/facts/a"] = "x" * 2**21
        await asyncio.sleep(PAUSE)
        check = check_of(watched)
        assert check is not None
        assert check.success is not None
        assert not watched.app._watches["stub"].poller._client.large.locked()


@pytest.mark.parametrize("jump", [86400.0, -86400.0])
@virtually
async def test_a_wall_clock_that_jumps_for_a_minute_verifies_nothing_again(
    monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    def clock() -> float:
        return wall_clock() + (jump if 1000 <= now() < 1060 else 0.0)

    storage = Storage()
    async with checking(monkeypatch, storage, one(), verify(), clock=clock) as watched:
        await asyncio.sleep(3000)
        check = check_of(watched)
    assert len(storage.checked) == 1
    assert check is not None
    assert check.at == START + PAUSE


def test_a_check_in_the_future_does_not_put_the_next_one_off() -> None:
    assert DownloadCheck(at=9e9, success=True).is_due(1e9, 3600)
    assert not DownloadCheck(at=1e9, success=True).is_due(1e9 + 3599, 3600)
    assert DownloadCheck(at=1e9, success=True).is_due(1e9 + 3600, 3600)

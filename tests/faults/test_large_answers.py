"""What large answers may cost: bounded memory, and no hold of the event loop; the other sources go on."""

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from exporter import workers
from exporter.errors import CapError
from exporter.model import Backup, Resource
from exporter.polling import memory_limit
from exporter.polling import reader as reading
from exporter.polling.mapping import RECORDS_PER_SLICE
from exporter.polling.reader import Reader
from exporter.provider import RawPage
from exporter.state.resource import ResourceStatus
from tests.polling.stub_provider import Vendor, row, source, watching
from tests.virtual_time import virtually

NEW = ResourceStatus(resource=Resource(id="r", name="r", kind="stub"), first_seen=0.0)


def stub_reader(records: int, **functions: Any) -> Reader:
    """Return a reader of a vendor that lists so many records on one page."""
    page = RawPage(records=[msgspec.Raw(b'{"id":"%d","status":"done","started":%d}' % (n, n)) for n in range(records)])

    async def pages(*_: object) -> AsyncIterator[RawPage]:
        yield page

    stub = source()
    provider = replace(stub.provider, pages=pages, newest_first=False, **functions)
    return Reader(source=replace(stub, provider=provider), api=lambda: None)  # type: ignore[arg-type,return-value]


async def test_a_large_page_is_mapped_slice_by_slice() -> None:
    turns = 0
    at_a_time: dict[int, int] = {}
    sound = source().provider.backup

    def counting(options: Any, record: Any) -> Backup | None:
        at_a_time[turns] = at_a_time.get(turns, 0) + 1
        return sound(options, record)

    async def heartbeat() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beating = asyncio.create_task(heartbeat())
    found = await stub_reader(5 * RECORDS_PER_SLICE, backup=counting).listing(NEW)
    beating.cancel()

    assert found is not None
    assert sum(len(page.backups) for page in found.pages) == sum(at_a_time.values()) == 5 * RECORDS_PER_SLICE
    assert max(at_a_time.values()) <= RECORDS_PER_SLICE


@pytest.mark.parametrize(("records", "beside"), [(10, False), (workers.MAX_INLINE_VALUES + 1, True)])
async def test_a_large_listing_is_put_together_beside_the_loop(
    records: int, beside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[str] = set()
    clock_threads: set[str] = set()
    apply = Reader.apply_listing

    def noting(self: Reader, *arguments: Any) -> ResourceStatus:
        threads.add(threading.current_thread().name)
        return apply(self, *arguments)

    def clock() -> float:
        clock_threads.add(threading.current_thread().name)
        return time.time()

    monkeypatch.setattr(Reader, "apply_listing", noting)
    reader = replace(stub_reader(records), clock=clock)
    updated = await reader.put_together(lambda: NEW, await reader.listing(NEW))

    assert updated is not None
    assert updated.listing is not None
    assert len(updated.listing.backups) == records
    assert clock_threads == {threading.main_thread().name}, "the store's clock may move all that it has timed"
    assert {"worker" in name for name in threads} == {beside}


async def test_what_changes_meanwhile_is_taken_into_account() -> None:
    reader = stub_reader(workers.MAX_INLINE_VALUES + 1)
    found = await reader.listing(NEW)
    changed = replace(NEW, first_seen=7.0)
    seen = iter([NEW, changed, changed, changed])
    updated = await reader.put_together(lambda: next(seen), found)

    assert updated is not None
    assert updated.first_seen == 7.0
    assert await reader.put_together(lambda: None, found) is None


async def test_more_records_than_memory_allows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_RECORDS", 99)
    assert await stub_reader(99).listing(NEW) is not None
    with pytest.raises(CapError, match="more than 99 records in one listing") as caught:
        await stub_reader(100).listing(NEW)
    assert caught.value.limit == "body"


@virtually
async def test_what_all_resources_take_together_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limit, "LIGHT_BYTES", 100)
    monkeypatch.setattr(memory_limit, "MAX_SOURCE_BYTES", 800)
    rows = [row(str(n), started=float(n)) for n in range(12)]
    vendor = Vendor(scopes={"s": ["a", "b", "c"]}, backups={"a": [rows], "b": [rows], "c": [rows[:2]]})
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(60)
        failures, limits = seen.failures(), seen.entry().status.limits

    assert sorted(str(reason) for reason in failures.values()) == ["None", "None", "malformed"]
    assert failures["c"] is None
    assert limits == {"body"}


async def test_the_collector_sees_everything_again_when_large_readings_end() -> None:
    gc.unfreeze()  # Python 3.12 itself starts with some hundred objects frozen
    large = workers.LargeReadings()
    large.freeze_heap()
    assert gc.get_freeze_count() == 0
    large.begin()
    large.begin()
    large.freeze_heap()
    large.end()
    assert gc.get_freeze_count() > 0
    large.end()
    assert gc.get_freeze_count() == 0

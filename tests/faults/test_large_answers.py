"""What large answers may cost: bounded memory, and no hold of the event loop; the other sources go on."""

import asyncio
import gc
import json
import subprocess
import sys
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
from tests.paths import ROOT
from tests.polling.stub_provider import Vendor, row, source, watching
from tests.virtual_time import virtually

MAX_KIB = 220 * 2**10
"""In KiB: three listings' worth of answers, where the vendor sends forty times as much."""
NEW = ResourceStatus(resource=Resource(id="r", name="r", kind="stub"), first_seen=0.0)

PROGRAM = """
import asyncio, json, resource, sys, time
from pathlib import Path
import structlog
from exporter.app import App
from exporter.config.loader import parse

MIB = 2**20
KIND = sys.argv[1]
PAGES = 300
sent = 0

def page(number):
    if KIND == "padded":
        rows = json.dumps({"id": str(number), "attributes": {"status": "completed", "note": "x" * (8 * MIB - 500)}})
    else:
        rows = ",".join(f'{{"id":"{number}-{row}","attributes":{{"status":"failed"}}}}' for row in range(120_000))
    return f'{{"data":[{rows}],"links":{{"next":"/api/v1/backups?page={number + 1}"}}}}'

PAGE = page(0)

def body(path):
    global sent
    if "institutions" in path:
        return '{"data": [{"id": "i", "attributes": {"name": "n"}}]}'
    if path.startswith("/sound"):
        return '{"data": [{"id": "1", "attributes": {"status": "completed", "created_at": "2026-11-20T10:00:00Z"}}]}'
    sent += 1
    return PAGE.replace("page=1", f"page={sent}").replace('"0-', f'"{sent}-') if sent <= PAGES else '{"data": []}'

async def serve(reader, writer):
    try:
        while True:
            path = (await reader.readuntil(b"\\r\\n\\r\\n")).split()[1].decode()
            text = body(path).encode()
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(text) + text)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    entry = "{name: %s, provider: scholarly, token: x, max_age: 1d, base_url: 'http://127.0.0.1:%d%s', "
    entry += "rate_limit: {requests: 1000, per: 1s}}"
    text = "sources: [" + entry % ("hostile", port, "") + ", " + entry % ("sound", port, "/sound") + "]"
    app = App(time.time)
    tasks = await app.apply(parse(text, {}, Path(".")).settings)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(2):
        await asyncio.gather(*(task.poller.poll() for task in tasks))
    status = {name: entry.status for name, entry in app.store.entries.items()}
    print(json.dumps({
        "kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, "sent": sent,
        "sound": status["sound"].up, "hostile": [status["hostile"].failure, *sorted(status["hostile"].limits)],
    }))
    await app.stop()
    server.close()

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["padded", "dense"])
def test_a_listing_without_an_end_costs_little_and_strikes_its_source_alone(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, kind], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)

    assert found["hostile"] == ["malformed", "body"]
    assert found["sound"] is True
    assert found["sent"] <= 20  # of 300 pages
    assert found["kib"] < MAX_KIB


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

"""What a listing without an end may cost: bounded memory, and nothing of the other sources."""

import json
import subprocess
import sys

import pytest

from tests.paths import ROOT

MAX_KIB = 220 * 2**10
"""In KiB: three listings' worth of answers, where the vendor sends forty times as much."""

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

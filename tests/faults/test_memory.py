"""What a hostile answer may cost: a bomb of a gibibyte is refused before it has cost 64 MiB."""

import subprocess
import sys

import pytest

from tests.paths import ROOT

MOST = 64 * 2**10
"""In KiB, as the system counts."""

PROGRAM = """
import asyncio, resource, sys
from exporter.errors import CapError
from exporter.client.client import Request
from exporter.client.http import HttpTransport
from tests.faults.faults import bomb

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    body = b"%x\\r\\n%b\\r\\n0\\r\\n\\r\\n" % (len(BOMB), BOMB) if CHUNKED else BOMB
    framing = b"Transfer-Encoding: chunked" if CHUNKED else b"Content-Length: %d" % len(BOMB)
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Encoding: gzip\\r\\n" + framing + b"\\r\\n\\r\\n" + body)
    await reader.read()
    writer.close()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
    transport = HttpTransport()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with asyncio.timeout(30):
        for _ in range(5):
            try:
                await transport.send(Request(method="GET", url=url, headers={}))
            except CapError as error:
                assert error.limit == "body"
            else:
                raise AssertionError("the bomb was let in")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    await transport.aclose()
    server.close()

CHUNKED = sys.argv[1] == "chunked"
BOMB = bomb(1024)
asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_gzip_bomb_costs_little_memory(framing: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, framing], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MOST

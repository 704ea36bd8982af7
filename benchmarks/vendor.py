"""A process that is a vendor: `python -m benchmarks.vendor NAME RESOURCES BACKUPS`.

It speaks no more HTTP than the exporter's requests need, so that it keeps up with whoever asks. `/-/newer` adds a
backup to each listing, `/-/count` returns how many requests have come since it was last asked.
"""

import asyncio
import json
import re
import sys
from collections import Counter
from typing import cast

from benchmarks.listings import Vendor
from benchmarks.output import write_line
from tests.vendors import load_profile


class Door(asyncio.Protocol):
    """One connection."""

    vendor: Vendor
    seen: Counter[str]
    listing: re.Pattern[str]

    def __init__(self) -> None:
        """Wait for a request."""
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end]
            length = _length(head)
            if len(self._held) < end + 4 + length:
                return
            self._held = self._held[end + 4 + length :]
            self._answer(head.split(b" ", 2)[1].decode())

    def _answer(self, path: str) -> None:
        if path.startswith("/-/"):
            body, link = _control(self.vendor, self.seen, path), ""
        else:
            body, link = self.vendor.answer(path)
            self.seen["listing" if self.listing.fullmatch(path.partition("?")[0]) else "else"] += 1
        more = f"Link: {link}\r\n" if link else ""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        self._transport.write(head.encode() + body)
        if path.startswith("/-/"):
            self._transport.close()


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].partition(b"\r\n")[0]) if at >= 0 else 0


def _control(vendor: Vendor, seen: Counter[str], path: str) -> bytes:
    if path == "/-/newer":
        vendor.newer += 1
        return b"{}"
    counts = json.dumps(seen).encode()
    seen.clear()
    return counts


async def serve(name: str, resources: int, backups: int) -> None:
    """Serve until the process is ended."""
    Door.vendor, Door.seen = Vendor(name, resources, backups), Counter()
    Door.listing = re.compile(load_profile(name).benchmark.listing.format(key="[^/]+"))
    server = await asyncio.get_running_loop().create_server(Door, "127.0.0.1", 0)
    write_line({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))

"""A name server that does not answer must not delay the end: the end does not wait for the thread that asks it."""

import asyncio
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from exporter.client.name_lookup import resolve


def test_a_loop_closes_while_a_name_is_still_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def silent(*_: Any) -> list[Any]:
        released.wait(20)
        return []

    async def give_up_soon() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await resolve("vendor.example", 443, socket.AF_UNSPEC)

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    began = time.monotonic()
    try:
        asyncio.run(give_up_soon())
        assert time.monotonic() - began < 10
    finally:
        released.set()


async def test_a_name_without_an_address_is_an_oserror() -> None:
    with pytest.raises(OSError, match="name"):
        await resolve("x" * 70, 443, socket.AF_UNSPEC)


async def test_an_address_is_its_own_name() -> None:
    found = await resolve("127.0.0.1", 443, socket.AF_UNSPEC)
    assert [address for *_, address in found] == [("127.0.0.1", 443)]

"""Resolves names in daemon threads, so that a silent name server does not delay the end of the process."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

FLAGS = socket.AI_ADDRCONFIG
Addresses = list[tuple[Any, ...]]
"""As `socket.getaddrinfo` returns them: family, type, protocol, canonical name, address."""


async def resolve(host: str, port: int, family: int) -> Addresses:
    """Return the addresses of a host; OSError if there are none.

    The event loop's own lookup uses its pool of threads, and whoever closes the loop waits for these.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Addresses] = loop.create_future()

    def deliver(settle: Callable[[Any], None], what: Any) -> None:
        if not answer.done():
            settle(what)

    def run() -> None:
        settle: Callable[[Any], None] = answer.set_result
        what: Any
        try:
            what = socket.getaddrinfo(host, port, socket.AddressFamily(family), socket.SOCK_STREAM, 0, FLAGS)
        except (OSError, UnicodeError) as error:
            settle, what = answer.set_exception, error if isinstance(error, OSError) else socket.gaierror("no name")
        with suppress(RuntimeError):  # the loop is closed, so the result is not needed
            loop.call_soon_threadsafe(deliver, settle, what)

    Thread(target=run, name="name lookup", daemon=True).start()
    return await answer

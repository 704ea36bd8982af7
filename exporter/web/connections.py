"""Limits the clients' connections: how many, how long they may be silent, and which is dropped first.

No client is refused. With too many connections the oldest of those that matter least is dropped: first one that
has not sent a request yet, then one that is idle, then one whose answer is under way; clients that have logged in
last. So a client that sends a request at once is answered, however many others are silent.
"""

import asyncio
import resource
import socket
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import Any

import structlog
from aiohttp import web

MAX_CONNECTIONS = 512
RESERVED_DESCRIPTORS = 256
"""Descriptors for polling, the state file and connections that are being closed."""
ENOUGH_DESCRIPTORS = 65536
HEADER_SECONDS = 10.0
"""From the start of a connection until its first request's header is there as a whole."""
IDLE_SECONDS = 60.0
"""From the end of an answer until the header of the next request is there; and for a client to take its answer."""
LOG_SECONDS = 60.0


class Rank(IntEnum):
    """What a connection is doing; the lowest rank is dropped first."""

    SILENT = 0
    IDLE = 1
    BUSY = 2
    IDLE_AUTHENTICATED = 3
    BUSY_AUTHENTICATED = 4


def raise_descriptor_limit() -> None:
    """Raise the soft limit of open files to the hard one, as programs in Go do."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # the system has another limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def connection_limit(descriptors: int) -> int:
    """Return how many connections may be open at a time for a limit of open files."""
    if descriptors == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(16, min(MAX_CONNECTIONS, (descriptors - RESERVED_DESCRIPTORS) // 2))


class Connection(web.RequestHandler):
    """A client's connection, with what it may do and until when."""

    def __init__(self, server: web.Server, connections: "Connections", accepted: socket.socket) -> None:
        """Take a socket that was just accepted, before its TLS handshake."""
        loop = asyncio.get_running_loop()
        super().__init__(server, loop=loop, access_log=None, keepalive_timeout=IDLE_SECONDS)  # type: ignore[arg-type]
        self.rank = Rank.SILENT
        self.authenticated = False
        """Whether the client has logged in."""
        self._connections, self._socket = connections, accepted
        self._link: asyncio.BaseTransport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def expect_header(self) -> None:
        """Drop the connection unless the header of a request arrives in time."""
        self._set_timer(HEADER_SECONDS, self.drop)

    def begin(self) -> None:
        """Record that the header of a request has arrived."""
        self._move(Rank.BUSY, IDLE_SECONDS, self._drop_if_not_read)

    def end(self) -> None:
        """Record that the response is made; it may still be under way."""
        self._move(Rank.IDLE, IDLE_SECONDS, self.drop)

    def mark_authenticated(self) -> None:
        """Record that the client has logged in."""
        self.authenticated = True
        self._move(Rank.BUSY, IDLE_SECONDS, self._drop_if_not_read)

    def drop(self) -> None:
        """End the connection at once."""
        self._cancel_timer()
        self._connections.remove(self)
        if isinstance(self._link, asyncio.WriteTransport):
            self._link.abort()
        elif self._socket.fileno() >= 0:  # still in the TLS handshake: its transport ends when the socket does
            _shut_down(self._socket)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read requests."""
        self._link = transport
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        self._link = None
        self._cancel_timer()
        self._connections.remove(self)
        super().connection_lost(exc)

    def handle_error(self, *args: Any, **kwargs: Any) -> web.StreamResponse:
        """Return the answer to a request that is not HTTP, with the headers of every answer."""
        response = super().handle_error(*args, **kwargs)
        self._connections.add_headers(response)
        return response

    def _set_timer(self, seconds: float, then: Callable[[], None]) -> None:
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _move(self, rank: Rank, seconds: float, then: Callable[[], None]) -> None:
        self._cancel_timer()
        if self._link is None:
            return
        self._set_timer(seconds, then)
        self._connections.remove(self)
        self.rank = Rank(rank + 2) if self.authenticated else rank
        self._connections.add(self)

    def _drop_if_not_read(self) -> None:
        """End a connection whose client does not read its response; keep waiting if there is none yet."""
        if isinstance(self._link, asyncio.WriteTransport) and self._link.get_write_buffer_size():
            self.drop()
        else:
            self._set_timer(IDLE_SECONDS, self._drop_if_not_read)


class Connections:
    """All connections of clients, by rank, oldest first."""

    def __init__(self, add_headers: Callable[[web.StreamResponse], None]) -> None:
        """`add_headers` sets the headers of a response."""
        self.limit = MAX_CONNECTIONS
        self.add_headers = add_headers
        self._ranks: dict[Rank, dict[Connection, None]] = {rank: {} for rank in Rank}
        self._dropped = 0
        self._logged = -LOG_SECONDS
        self._log: Any = structlog.get_logger()

    def apply_descriptor_limit(self) -> None:
        """Allow as many connections as the limit of open files permits now."""
        self.limit = connection_limit(resource.getrlimit(resource.RLIMIT_NOFILE)[0])

    def __len__(self) -> int:
        """Return the number of connections."""
        return sum(map(len, self._ranks.values()))

    def add(self, one: Connection) -> None:
        """Add a connection under its current rank."""
        self._ranks[one.rank][one] = None

    def remove(self, one: Connection) -> None:
        """Forget a connection."""
        self._ranks[one.rank].pop(one, None)

    def make_room(self) -> None:
        """Drop connections until there is room for one more."""
        while len(self) >= self.limit:
            next(iter(next(rank for rank in self._ranks.values() if rank))).drop()
            self._dropped += 1
        now = asyncio.get_running_loop().time()
        if self._dropped and now - self._logged >= LOG_SECONDS:
            self._log.warning("connections.dropped", count=self._dropped, limit=self.limit)
            self._dropped, self._logged = 0, now

    def drop_silent(self) -> None:
        """End the connections that have not sent a request."""
        for one in list(self._ranks[Rank.SILENT]):
            one.drop()


def _shut_down(accepted: socket.socket) -> None:
    with suppress(OSError):  # it may not be connected any more
        accepted.shutdown(socket.SHUT_RDWR)

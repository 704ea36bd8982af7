"""Opens the listening sockets, and accepts connections without blocking the event loop."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

Address = tuple[str | None, int]
"""Host (None: all addresses) and port; port 0 takes a free one."""

BACKLOG = 1024
ACCEPTS_PER_TURN = 32
"""How many connections are accepted before other tasks run."""
PAUSE_SECONDS = 0.1
NOT_HERE = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class CannotListenError(Exception):
    """An address cannot be listened on; the text names it, why, and the cure."""


def open_sockets(addresses: Sequence[Address]) -> list[socket.socket]:
    """Return listening sockets for all addresses, or none and CannotListenError."""
    with ExitStack() as held:
        sockets = [held.enter_context(one) for address in addresses for one in _open(address)]
        held.pop_all()
    return sockets


def format_address(address: Address) -> str:
    """Return an address as `--web.listen-address` takes it."""
    host, port = address
    return f"[{host}]:{port}" if host and ":" in host else f"{host or ''}:{port}"


class Acceptor:
    """Accepts connections from one socket."""

    def __init__(self, listening: socket.socket, take: Callable[[socket.socket], None]) -> None:
        """Prepare to pass each accepted socket to `take`."""
        self.socket = listening
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to accept."""
        self._loop.add_reader(self.socket, self._accept)

    def close(self) -> None:
        """Stop accepting, and close the socket."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self.socket)
        self.socket.close()

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                accepted, _ = self.socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in EXHAUSTED:
                    self._pause()
                return
            accepted.setblocking(False)
            self._take(accepted)

    def _pause(self) -> None:
        """Stop accepting for a moment: without a free descriptor the socket stays readable, and the loop would spin."""
        self._loop.remove_reader(self.socket)
        self._timer = self._loop.call_later(PAUSE_SECONDS, self._loop.add_reader, self.socket, self._accept)


def _open(address: Address) -> list[socket.socket]:
    host, port = address
    try:
        return [_open_on_all(port)] if host is None else _open_by_name(host, port)
    except UnicodeError:
        problem = "the host's name is not valid; choose another with --web.listen-address"
        raise CannotListenError(f"cannot listen on {format_address(address)}: {problem}") from None
    except OSError as error:
        raise CannotListenError(f"cannot listen on {format_address(address)}: {_explain(error)}") from None


def _open_by_name(host: str, port: int) -> list[socket.socket]:
    """Return sockets for the addresses of a host, without those that this machine does not have."""
    found = dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE))
    missing: OSError | None = None
    with ExitStack() as held:
        sockets = []
        for family, _, _, _, at in found:
            try:
                sockets.append(held.enter_context(_listen(family, at)))
            except OSError as error:
                if error.errno not in NOT_HERE:
                    raise
                missing = error
        if missing is not None and not sockets:
            raise missing
        held.pop_all()
    return sockets


def _open_on_all(port: int) -> socket.socket:
    """Return a socket for IPv6 and IPv4, or for IPv4 alone on a machine without IPv6."""
    try:
        return _listen(socket.AF_INET6, ("::", port))
    except OSError as error:
        if error.errno not in NOT_HERE:
            raise
    return _listen(socket.AF_INET, ("", port))


def _listen(family: int, at: Any) -> socket.socket:
    with ExitStack() as held:
        one = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # `[::]` answers IPv4 too, as in Go
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if at[0] == "::" else 1)
        one.bind(at)
        one.listen(BACKLOG)
        held.pop_all()
    return one


def _explain(error: OSError) -> str:
    other = "choose another with --web.listen-address"
    if isinstance(error, socket.gaierror):
        return f"the host's name cannot be resolved; wait until it can be, or {other}"
    if error.errno == errno.EADDRINUSE:
        return f"already in use; stop the other program or {other}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this machine does not have the address; wait until it is up, or {other}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"not permitted; a port below 1024 needs the capability CAP_NET_BIND_SERVICE, or {other}"
    return f"{os.strerror(error.errno or 0).lower()}; {other}"

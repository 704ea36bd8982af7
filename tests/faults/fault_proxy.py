"""A simulated account behind real sockets, with a fault that strikes the requests one picks."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from aiohttp import web

from exporter.demo.http import Request, Response, SimulatedAccount
from tests.faults.leaping import LeapingLoop, wall_clock

GIVE_NO_WARNING = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyRequest:
    """A request that a fault strikes, with what the vendor would have answered."""

    proxy: "FaultProxy"
    request: web.Request
    asked: Request
    good: Response

    @property
    def elsewhere(self) -> str:
        """An address on another host, which no request may reach."""
        return self.proxy.elsewhere


Answer = Callable[[FaultyRequest], Awaitable[web.StreamResponse]]


@dataclass(slots=True, kw_only=True)
class FaultProxy:
    """One account, listening under one name for each of its hosts."""

    account: SimulatedAccount
    clock: Callable[[], float]
    elsewhere: str = ""
    more_pages: Mapping[str, Any] = field(default_factory=dict)
    """What a page's body says when it follows again, where no link says it."""
    tls: ssl.SSLContext | None = None
    strike: Callable[[Request], bool] = lambda _: False
    answer: Answer | None = None
    struck: list[Request] = field(default_factory=list)
    arrivals: list[Request] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)
    _sites: dict[str, web.BaseSite] = field(default_factory=dict)
    _runner: web.AppRunner | None = None

    async def start(self, hosts: Sequence[str]) -> None:
        """Listen on loopback, on a port of its own for each host."""
        app = web.Application(client_max_size=2**20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        for host in hosts:
            self.ports[host] = 0
            await self.listen(host)

    async def listen(self, host: str) -> None:
        """Accept connections for a host, on the port that it had before."""
        assert self._runner is not None
        site = web.TCPSite(self._runner, "127.0.0.1", self.ports[host], ssl_context=self.tls, reuse_address=True)
        await site.start()
        self._sites[host] = site
        self.ports[host] = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def refuse(self, host: str) -> None:
        """Accept no connections for a host, and break those there are."""
        await self._sites.pop(host).stop()
        await self.hang_up(host)

    async def hang_up(self, host: str) -> None:
        """Break the connections to a host."""
        assert self._runner is not None
        assert self._runner.server is not None
        for handler in self._runner.server.connections:
            transport = handler.transport
            if transport is not None and transport.get_extra_info("sockname")[1] == self.ports[host]:
                transport.abort()
        await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Stop listening; what stalls is ended."""
        if self._runner is not None:
            await self._runner.cleanup()

    def base(self, host: str) -> str:
        """Return the address of a host."""
        return f"{'https' if self.tls else 'http'}://{name(host, self.account)}:{self.ports[host]}"

    def came(self, address: str) -> list[Request]:
        """Return the requests for this address; some other program on this machine may try the port as well."""
        return [one for one in self.arrivals if f"{one.base}{one.path}".startswith(address)]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        asked = Request(
            method=request.method,
            path=request.path,
            base=f"{request.scheme}://{request.host}",
            query=dict(request.query),
            headers={key.lower(): value for key, value in request.headers.items()},
            body=await request.read(),
        )
        self.arrivals.append(asked)
        struck = self.answer is not None and self.strike(asked)
        if struck:
            self.struck.append(asked)
        good = self.account.respond(asked, self.clock())
        if struck and self.answer is not None:
            return await self.answer(FaultyRequest(proxy=self, request=request, asked=asked, good=good))
        return plain(good)


def name(host: str, account: SimulatedAccount) -> str:
    """Return the name under which a host of an account is found."""
    return f"{host}.{account.name}.test"


def resolvable(hosts: Sequence[str], account: SimulatedAccount, *, known: bool) -> None:
    """Let the resolver know, or not know, the names of an account's hosts."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, LeapingLoop)
    names = {name(host, account) for host in hosts}
    loop.unresolvable = loop.unresolvable - names if known else loop.unresolvable | names


def plain(response: Response) -> web.Response:
    """Return a simulator's response as it leaves."""
    headers = {"Date": formatdate(wall_clock(), usegmt=True), **response.headers}
    return web.Response(status=response.status, body=response.body, headers=headers)


def reset(request: web.Request) -> None:
    """Break a connection in the rudest way."""
    transport = request.transport
    assert transport is not None
    connection: Any = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, GIVE_NO_WARNING)
    transport.abort()

"""An exporter between two vendors over real sockets: one that is struck, and a bystander in the same process."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from exporter.app import App, SourceTasks
from exporter.client.http import HttpTransport
from exporter.config.loader import parse
from exporter.demo.http import SimulatedAccount, Story
from exporter.settings import Source
from exporter.web.routes import Handlers, make_application
from tests.faults import certificates
from tests.faults.exposition import Exposition
from tests.faults.fault_proxy import FaultProxy, name, resolvable
from tests.faults.faults import Fault
from tests.faults.leaping import START, wall_clock
from tests.vendors import find_profiles, open_account, open_struck
from tests.vendors.profile import Endpoint, Profile

VENDOR_STANDS = START + 5.0
"""The vendors' clocks stand still, so that what is known may not change while things go wrong."""
SLOWEST_SCRAPE = 10.0
"""A scrape that takes longer counts as hanging: Prometheus' own default is ten real seconds."""


@dataclass(slots=True, kw_only=True)
class Harness:
    """Everything that is in it."""

    vendor: Profile
    proxy: FaultProxy
    beside: FaultProxy
    thief: FaultProxy
    app: App
    transports: dict[str, HttpTransport]
    scraper: aiohttp.ClientSession
    metrics: str = ""
    watches: list[SourceTasks] = field(default_factory=list)

    @property
    def source(self) -> str:
        """The source that is struck."""
        return self.vendor.account

    @property
    def bystander(self) -> str:
        """The other one."""
        return self.beside.account.name

    async def poll(self) -> Exposition:
        """Poll both sources once, scrape meanwhile, and return the scrape after that."""
        polling = asyncio.gather(*(watch.poller.poll() for watch in self.watches))
        await asyncio.sleep(0.5)
        await self.scrape()
        await polling
        return await self.scrape()

    async def scrape(self) -> Exposition:
        """Return `/metrics`, which has to come in time."""
        began = time.perf_counter()
        async with self.scraper.get(self.metrics, headers={"Accept-Encoding": "identity"}) as answer:
            text = await answer.text()
        assert answer.status == 200
        assert time.perf_counter() - began < SLOWEST_SCRAPE
        return Exposition(text)

    async def strike(self, fault: Fault, endpoint: Endpoint) -> None:
        """Let a fault begin."""
        self.proxy.struck.clear()
        if fault.answer is not None:
            self.proxy.strike, self.proxy.answer = endpoint.strikes, fault.answer
        for host in endpoint.hosts if fault.host else ():
            if fault.host == "refuse":
                await self.proxy.refuse(host)
            else:
                await self._turn(host, fault.host.removeprefix("tls "))
        if fault.host == "dns":
            resolvable(endpoint.hosts, self.proxy.account, known=False)

    async def relieve(self, fault: Fault, endpoint: Endpoint) -> None:
        """Let it end."""
        self.proxy.answer = None
        for host in endpoint.hosts if fault.host else ():
            if fault.host == "refuse":
                await self.proxy.listen(host)
            else:
                await self._turn(host, "good")
        resolvable(endpoint.hosts, self.proxy.account, known=True)

    async def _turn(self, host: str, what: str) -> None:
        """Present another certificate, or none that changes; whoever is connected has to come anew."""
        if self.proxy.tls is not None:
            self.proxy.tls.load_cert_chain(certificates.chain(what, *self._names))
        await self.proxy.hang_up(host)
        for transport in self.transports.values():
            session: Any = transport._session
            if session is not None:
                session.connector.clear_dns_cache()

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(name(host, self.proxy.account) for host in self.vendor.hosts)


@asynccontextmanager
async def harness(vendor: Profile, endpoint: Endpoint, fault: Fault, start: float = START) -> AsyncIterator[Harness]:
    """Run a harness for the length of the block, whose vendor's story began at `start`."""
    async with AsyncExitStack() as stack:
        account = open_struck(vendor, start)
        tls: ssl.SSLContext | None = None
        if fault.host.startswith("tls"):
            tls = certificates.server_context(*(name(host, account) for host in vendor.hosts))
        thief = await _start_proxy(stack, FaultProxy(account=_bystander(), clock=_still), "api")
        proxy = FaultProxy(
            account=account,
            clock=_still,
            tls=tls,
            elsewhere=f"http://elsewhere.test:{thief.ports['api']}",
            more_pages=vendor.faults.more_pages,
        )
        await _start_proxy(stack, proxy, *vendor.hosts)
        beside = await _start_proxy(stack, FaultProxy(account=_bystander(), clock=_still), "api")
        scraper = await stack.enter_async_context(aiohttp.ClientSession())
        made = Harness(
            vendor=vendor, proxy=proxy, beside=beside, thief=thief, app=App(wall_clock), transports={}, scraper=scraper
        )
        made.app = App(wall_clock, lambda source: _transport(made, source))
        stack.push_async_callback(made.app.stop)
        made.watches = await made.app.apply(parse(_configuration(made, endpoint), {}, Path()).settings)
        made.metrics = await _exporter(stack, made.app)
        yield made


def _still() -> float:
    return VENDOR_STANDS


def _bystander() -> SimulatedAccount:
    profile = next(one for one in find_profiles().values() if one.faults.bystander)
    return open_account(profile.name, profile.faults.bystander, Story(start=START), limited=False)


async def _start_proxy(stack: AsyncExitStack, proxy: FaultProxy, *hosts: str) -> FaultProxy:
    await proxy.start(hosts)
    stack.push_async_callback(proxy.stop)
    return proxy


def _transport(made: Harness, source: Source) -> HttpTransport:
    made.transports[source.name] = HttpTransport(ca_file=source.ca_file, proxy_url=source.proxy_url)
    return made.transports[source.name]


def _configuration(made: Harness, endpoint: Endpoint) -> str:
    account, proxy = made.proxy.account, made.proxy
    source = {**account.configuration(""), **made.vendor.faults.keys, **endpoint.keys}
    source |= {key: proxy.base(host) for key, host in made.vendor.urls.items()}
    if proxy.tls is not None:
        source["ca_file"] = str(certificates.authority_file())
    return yaml.safe_dump({"sources": [source, made.beside.account.configuration(made.beside.base("api"))]})


async def _exporter(stack: AsyncExitStack, app: App) -> str:
    async def metrics(openmetrics: bool) -> bytes:
        return b"".join(app.exposition.render(openmetrics=openmetrics))

    async def reload() -> list[str]:
        return []

    handlers = Handlers(metrics=metrics, ready=lambda: app.store.ready, reload=reload)
    runner = web.AppRunner(make_application(handlers, "/metrics"), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}/metrics"


def resolve_ids(made: Harness, endpoint: Endpoint, known: Exposition) -> Endpoint:
    """Return a place with the ids that its path names by the resources' names."""
    further = made.vendor.faults.further_ids(made.proxy.account)
    path = endpoint.path
    for words in {part.partition("}")[0] for part in path.split("{")[1:]}:
        identity = further[words] if words in further else known.id_of(made.source, words)
        path = path.replace(f"{{{words}}}", made.vendor.faults.path_of(identity))
    return replace(endpoint, path=path)

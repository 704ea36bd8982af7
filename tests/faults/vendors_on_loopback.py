"""All vendors on loopback, which repeat in their answers what they were asked with, and the search for all of that."""

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from aiohttp import web

from exporter.demo.http import Response
from tests.faults.fault_proxy import FaultProxy, FaultyRequest, plain, reset
from tests.vendors import find_profiles, open_struck

CREDENTIALS = ("token", "key_id", "key_secret", "client_id", "client_secret")
PLANTED = ("planted-in-a-body", "planted-in-a-link", "planted-in-the-configuration")
SPOKEN = ("simulated-download-token", "Simulated Requester")
"""What simulated vendors return and no output may repeat: addresses of downloads, and who asked for them."""
VENDORS = tuple(find_profiles().values())
FASTER = {"rate_limit": {"requests": 1000, "per": "1s"}, "poll_interval": "500ms", "request_timeout": "5s"}


class VendorsOnLoopback:
    """All vendors on loopback, every now and then with an answer that repeats what it was asked with."""

    def __init__(self) -> None:
        self.thief = FaultProxy(account=open_struck(VENDORS[0], time.time()), clock=time.time)
        self.proxies = [FaultProxy(account=open_struck(vendor, time.time()), clock=time.time) for vendor in VENDORS]
        self._turn = 0

    async def start(self) -> None:
        await self.thief.start(["api"])
        for proxy, vendor in zip(self.proxies, VENDORS, strict=True):
            proxy.elsewhere = f"http://127.0.0.1:{self.thief.ports['api']}/elsewhere"
            await proxy.start(vendor.hosts)

    async def stop(self) -> None:
        for proxy in (*self.proxies, self.thief):
            await proxy.stop()

    def misbehave(self, *, from_now_on: bool) -> None:
        """Strike every third request, or none."""
        for proxy in self.proxies:
            proxy.strike, proxy.answer = lambda _: self._next() % 3 == 0, self._tell_tale if from_now_on else None

    def _next(self) -> int:
        self._turn += 1
        return self._turn

    async def _tell_tale(self, struck: FaultyRequest) -> web.StreamResponse:
        echoed = f"planted-in-a-body {struck.asked.headers.get('authorization')} {struck.asked.body.decode()}"
        away = f"{struck.elsewhere}/?token=planted-in-a-link"
        kinds: list[Response] = [
            *(Response(status=status, body=echoed.encode()) for status in (400, 401, 403, 404, 500, 503)),
            Response(body=f"<html>{echoed}</html>".encode(), headers={"Content-Type": "text/html"}),
            Response(body=json.dumps({"error": echoed}).encode()[:-5]),
            Response(body=json.dumps(echoed).encode()),
            Response(body=echoed.encode(), headers={"Content-Encoding": "gzip"}),
            Response(status=302, headers={"Location": away}),
            replace(
                struck.good, headers={**struck.good.headers, "Link": f'<{away}>; rel="next", <{away}>; rel="last"'}
            ),
            Response(status=429, body=echoed.encode(), headers={"Retry-After": echoed.partition("\n")[0]}),
        ]
        kind = self._next() // 3 % (len(kinds) + 1)
        if kind == len(kinds):
            reset(struck.request)
            return web.Response()
        return plain(kinds[kind])

    def configuration(self, **keys: Any) -> dict[str, Any]:
        sources = []
        for proxy, vendor in zip(self.proxies, VENDORS, strict=True):
            urls = {key: f"http://127.0.0.1:{proxy.ports[host]}" for key, host in vendor.urls.items()}
            sources.append({**proxy.account.configuration(""), **FASTER, **urls})
        return {"sources": sources, **keys}

    def secrets(self) -> set[str]:
        """Return everything that was given, exchanged, returned or planted, and may appear nowhere."""
        found = {*PLANTED, *SPOKEN}
        for proxy in self.proxies:
            given = proxy.account.configuration("")
            found |= {value for key, value in given.items() if key in CREDENTIALS}
            found |= {*proxy.account.issued_tokens}
            signatures = {one.headers.get("authorization", "") for one in proxy.arrivals}
            found |= {signature.partition(" ")[2] for signature in signatures if signature}
        return found

    def check_requests(self) -> None:
        """Only GETs but for the token calls, and only to the configured hosts."""
        for proxy, vendor in zip(self.proxies, VENDORS, strict=True):
            token_calls = re.compile(vendor.faults.token_calls)
            assert self.thief.came(proxy.elsewhere) == []
            assert {one.method for one in proxy.arrivals} <= {"GET", "POST"}
            posts = {one.path for one in proxy.arrivals if one.method == "POST"}
            assert [path for path in posts if not token_calls.fullmatch(path)] == []
            reads = {one.path for one in proxy.arrivals if one.method == "GET"}
            assert reads
            assert [path for path in reads if token_calls.fullmatch(path)] == []


@asynccontextmanager
async def vendors_on_loopback() -> AsyncIterator[VendorsOnLoopback]:
    made = VendorsOnLoopback()
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


def check(said: dict[str, str], secrets: set[str]) -> None:
    """Look for every secret, and for the better half of it, in everything."""
    assert len(secrets) > 12
    halves = {secret[len(secret) // 4 : -len(secret) // 4] if len(secret) > 40 else secret for secret in secrets}
    found = {
        (where, secret)
        for where, text in said.items()
        for read in (text, re.sub(r"[\s│]+", "", text))  # a frame around it, and its lines broken, hide nothing
        for secret in secrets | halves
        if secret in read
    }
    assert found == set()

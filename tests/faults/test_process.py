"""Some cells of the matrix once more through the whole program, with its own rhythm, its own clock and its own page."""

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import yaml

from tests.faults.exposition import Exposition
from tests.faults.fault_proxy import FaultProxy
from tests.faults.faults import FAULTS, Fault
from tests.faults.harness import SLOWEST_SCRAPE
from tests.paths import ROOT
from tests.vendors import find_profiles, open_struck

FASTER = {"poll_interval": "400ms", "request_timeout": "2s", "rate_limit": {"requests": 1000, "per": "1s"}}
STRUCK = tuple(one for one in find_profiles().values() if one.faults.token_calls)
"""Those whose credential is exchanged for a token, where a fault has most places to strike."""
BESIDE = next(one for one in find_profiles().values() if one.faults.bystander)
NAMES = (
    "401", "404", "503", "429 once, no hint", "connection refused", "reset in mid-body", "stall after the headers",
    "a byte a second", "HTML for JSON", "gzip bomb", "redirect to another host",
)  # fmt: skip
CHOSEN = tuple(fault for fault in FAULTS if fault.name in NAMES)
TIMEOUT = 30.0


@asynccontextmanager
async def program(folder: Path, proxies: dict[str, FaultProxy]) -> AsyncIterator[str]:
    """Run the exporter on these vendors; yield its address."""
    sources = []
    for vendor in (*STRUCK, BESIDE):
        proxy = proxies[vendor.name]
        urls = {key: f"http://127.0.0.1:{proxy.ports[host]}" for key, host in vendor.urls.items()}
        sources.append({**proxy.account.configuration(""), **vendor.faults.keys, **FASTER, **urls})
    (folder / "config.yaml").write_text(yaml.safe_dump({"sources": sources}))
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "exporter", "--web.listen-address", "127.0.0.1:0", "--log.format", "json"),
            cwd=folder,
            env={**environment, "PYTHONPATH": str(ROOT)},
            stderr=log,
        )
    try:
        async with asyncio.timeout(TIMEOUT):
            while not (found := re.search(r'"url": "(http://[^"]+)"', (folder / "log").read_text())):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        yield found[1]
        assert process.returncode is None
        process.terminate()
        async with asyncio.timeout(TIMEOUT):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.long
async def test_the_whole_program_survives(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        proxies = {
            vendor.name: FaultProxy(account=open_struck(vendor, time.time()), clock=time.time)
            for vendor in (*STRUCK, BESIDE)
        }
        thief = FaultProxy(account=open_struck(BESIDE, time.time()), clock=time.time)
        await thief.start(["api"])
        stack.push_async_callback(thief.stop)
        for vendor in (*STRUCK, BESIDE):
            proxies[vendor.name].elsewhere = f"http://127.0.0.1:{thief.ports['api']}/elsewhere"
            await proxies[vendor.name].start(vendor.hosts)
            stack.push_async_callback(proxies[vendor.name].stop)
        url = await stack.enter_async_context(program(tmp_path, proxies))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        good = await until(session, url, everything_is_well)
        for fault in CHOSEN:
            await live_through(session, url, proxies, fault, good)
        assert [proxy for proxy in proxies.values() if thief.came(proxy.elsewhere)] == []


async def live_through(
    session: aiohttp.ClientSession, url: str, proxies: dict[str, FaultProxy], fault: Fault, good: Exposition
) -> None:
    """Let a fault begin at two vendors, see it marked there alone, and see it go."""
    reason = fault.reason
    for vendor in STRUCK:
        proxy = proxies[vendor.name]
        proxy.struck.clear()
        proxy.strike, proxy.answer = (lambda _: True), fault.answer
        for host in vendor.hosts if fault.host else ():
            await proxy.refuse(host)
    struck = [vendor.account for vendor in STRUCK]
    if reason is not None:
        failed = await until(session, url, lambda seen: {seen.source_failure(name) for name in struck} == {reason})
        for name in struck:
            assert set(failed.failing(name).values()) == {reason}
            assert failed.resources(name) == good.resources(name)
        assert everything_is_well(failed, BESIDE.account)
    else:
        await asyncio.sleep(0.5)
    for vendor in STRUCK:
        proxy = proxies[vendor.name]
        proxy.answer = None
        for host in vendor.hosts if fault.host else ():
            await proxy.listen(host)
    await until(session, url, everything_is_well)


def everything_is_well(seen: Exposition, *sources: str) -> bool:
    return all(
        seen.value("backup_source_up", source=name) == 1 and not seen.failing(name) and seen.up(name)
        for name in sources or [vendor.account for vendor in (*STRUCK, BESIDE)]
    )


async def until(session: aiohttp.ClientSession, url: str, reached: Callable[[Exposition], bool]) -> Exposition:
    """Scrape until something is so; no scrape may hang."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            began = time.perf_counter()
            async with session.get(f"{url}/metrics") as answer:
                assert answer.status == 200
                seen = Exposition(await answer.text())
            assert time.perf_counter() - began < SLOWEST_SCRAPE
            if reached(seen):
                return seen
            await asyncio.sleep(0.1)

"""The way to a vendor through a real proxy: Debian's tinyproxy, with a password, by configuration and environment."""

import asyncio
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from yarl import URL

from exporter.app import App
from exporter.client.proxies import proxy_of_environment
from exporter.config.loader import parse
from exporter.errors import ConnectionFailedError
from exporter.state.store import Store
from tests.faults import certificates
from tests.faults.fault_proxy import FaultProxy
from tests.paths import ROOT
from tests.vendors import find_profiles, open_struck
from tests.vendors.profile import Profile

pytestmark = pytest.mark.slow

ONE_HOST = [profile for profile in find_profiles().values() if profile.hosts == ("api",)]
SECURE = next(profile for profile in ONE_HOST if not profile.faults.token_calls)
PLAIN = next(profile for profile in ONE_HOST if profile.faults.token_calls)
HERE = "0.0.0.0"  # reaches this machine as loopback does, but is no loopback address, which needs no proxy
PASSWORD = "planted-proxy-password"
CONFIGURATION = """
Port {port}
Listen 127.0.0.1
Allow 127.0.0.1
Timeout 20
MaxClients 50
BasicAuth exporter {password}
LogLevel Connect
"""


@dataclass(frozen=True, slots=True)
class Tinyproxy:
    """A running proxy."""

    port: int
    log: Path

    def url(self, password: str = PASSWORD) -> str:
        """Return its address with a password."""
        return f"http://exporter:{password}@127.0.0.1:{self.port}"

    def requests(self, port: int) -> set[str]:
        """Return the methods by which it was asked for a port."""
        return set(re.findall(rf"\): ([A-Z]+) (?:http://)?{HERE}:{port}\b", self.log.read_text()))


@asynccontextmanager
async def tinyproxy(folder: Path) -> AsyncIterator[Tinyproxy]:
    program = shutil.which("tinyproxy") or "/usr/bin/tinyproxy"
    assert Path(program).exists(), "Debian's package tinyproxy is missing: make tools"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings, log = folder / "tinyproxy.conf", folder / "tinyproxy.log"
    settings.write_text(CONFIGURATION.format(port=port, password=PASSWORD))
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(program, "-d", "-c", settings, stdout=output, stderr=output)
    try:
        async with asyncio.timeout(20):
            while not await _accepts(port):  # noqa: ASYNC110 - it says nothing when it is ready
                await asyncio.sleep(0.05)
        yield Tinyproxy(port, log)
    finally:
        process.kill()
        await process.wait()


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def vendors(**keys: Any) -> AsyncIterator[tuple[dict[str, int], str]]:
    """Yield the ports of one vendor that speaks plain HTTP and one that speaks TLS, and their configuration."""
    secure = FaultProxy(
        account=open_struck(SECURE, time.time()), clock=time.time, tls=certificates.server_context(HERE)
    )
    plain = FaultProxy(account=open_struck(PLAIN, time.time()), clock=time.time)
    await secure.start(["api"])
    await plain.start(["api"])
    ports = {SECURE.account: secure.ports["api"], PLAIN.account: plain.ports["api"]}
    try:
        sources = [
            _source(SECURE, secure, f"https://{HERE}", ca_file=str(certificates.authority_file())),
            _source(PLAIN, plain, f"http://{HERE}"),
        ]
        quick = {"rate_limit": {"requests": 1000, "per": "1s"}, "request_timeout": "10s", **keys}
        yield ports, yaml.safe_dump({"sources": [{**source, **quick} for source in sources]})
    finally:
        await secure.stop()
        await plain.stop()


def _source(vendor: Profile, proxy: FaultProxy, host: str, **keys: Any) -> dict[str, Any]:
    base = dict.fromkeys(vendor.urls, f"{host}:{proxy.ports['api']}")
    return {**proxy.account.configuration(""), **base, **vendor.staged.keys, **keys}


async def poll_once(text: str) -> Store:
    """Return what one poll of every source came to."""
    app = App(time.time)
    try:
        async with asyncio.timeout(60):
            watches = await app.apply(parse(text, {}, Path()).settings)
            await asyncio.gather(*(watch.poller.poll() for watch in watches))
    finally:
        await app.stop()
    return app.store


def failures(store: Store) -> dict[str, str | None]:
    return {name: entry.status.failure for name, entry in store.entries.items()}


UP: Mapping[str, None] = {SECURE.account: None, PLAIN.account: None}


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


async def test_proxy_url_is_used_for_http_and_for_https(tmp_path: Path) -> None:
    async with tinyproxy(tmp_path) as proxy, vendors(proxy_url=proxy.url()) as (ports, text):
        assert failures(await poll_once(text)) == UP
        assert proxy.requests(ports[SECURE.account]) == {"CONNECT"}
        assert proxy.requests(ports[PLAIN.account]) == {"GET", "POST"}


@pytest.mark.parametrize("spell", [str.upper, str.lower])
async def test_the_usual_variables_are_used(spell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with tinyproxy(tmp_path) as proxy, vendors() as (ports, text):
        monkeypatch.setenv(spell("https_proxy"), proxy.url())
        assert failures(await poll_once(text)) == UP
        assert proxy.requests(ports[SECURE.account]) == {"CONNECT"}
        assert proxy.requests(ports[PLAIN.account]) == set()

        monkeypatch.setenv(spell("http_proxy"), proxy.url().removeprefix("http://"))
        assert failures(await poll_once(text)) == UP
        assert proxy.requests(ports[PLAIN.account]) == {"GET", "POST"}


async def test_no_proxy_names_what_is_asked_directly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with tinyproxy(tmp_path) as proxy, vendors() as (ports, text):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url())
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        monkeypatch.setenv("NO_PROXY", f"vendor.example, {HERE}:{ports[PLAIN.account]}")
        assert failures(await poll_once(text)) == UP
        assert proxy.requests(ports[SECURE.account]) == {"CONNECT"}
        assert proxy.requests(ports[PLAIN.account]) == set()


async def test_proxy_url_wins_over_the_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "*")
    async with tinyproxy(tmp_path) as proxy, vendors(proxy_url=proxy.url()) as (ports, text):
        assert failures(await poll_once(text)) == UP
        assert proxy.requests(ports[SECURE.account]) == {"CONNECT"}


async def test_a_proxy_that_refuses_or_is_away_is_a_failed_connection(tmp_path: Path) -> None:
    async with tinyproxy(tmp_path) as proxy, vendors(proxy_url=proxy.url("wrong-proxy-password")) as (_, text):
        assert failures(await poll_once(text))[SECURE.account] == "connection"
    async with vendors(proxy_url=f"http://exporter:{PASSWORD}@127.0.0.1:1") as (_, text):
        assert failures(await poll_once(text)) == {SECURE.account: "connection", PLAIN.account: "connection"}


async def test_a_proxys_password_is_nowhere_in_what_the_program_says(tmp_path: Path) -> None:
    async with tinyproxy(tmp_path) as proxy:
        for password, expected in ((PASSWORD, 0), ("wrong-proxy-password", 1)):
            async with vendors(proxy_url=proxy.url(password)) as (_, text):
                (tmp_path / "config.yaml").write_text(text)
                code, said = await program(tmp_path, {})
                assert code == expected, said
                assert password not in said
            async with vendors() as (_, text):
                (tmp_path / "config.yaml").write_text(text)
                code, said = await program(tmp_path, {"HTTPS_PROXY": proxy.url(password), "http_proxy": proxy.url()})
                assert code == expected, said
                assert password not in said


async def program(folder: Path, variables: Mapping[str, str]) -> tuple[int | None, str]:
    """Return the exit code of a poll from the command line, and all it says."""
    command = [sys.executable, "-m", "exporter", "poll", "--output", "prometheus", "--log.level", "debug"]
    environment = {**os.environ, **variables, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(60):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, said.decode()


@pytest.mark.parametrize(
    ("variables", "address", "proxy"),
    [
        ({"https_proxy": "http://p:1"}, "https://vendor.example", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "https://vendor.example", "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, "https://vendor.example", "http://p:1"),
        ({"HTTPS_PROXY": ""}, "https://vendor.example", None),
        ({"HTTP_PROXY": "http://p:1"}, "https://vendor.example", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.example,.example"}, "https://vendor.example", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "https://vendor.example", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example.org"}, "https://vendor.example", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "http://127.0.0.1:80", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://[::1]:80", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://localhost:80", None),
    ],
)
def test_which_proxy_the_environment_names(
    variables: Mapping[str, str], address: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_of_environment(URL(address)) == proxy


NAMED = "vendor.example"


@pytest.mark.parametrize(
    ("no_proxy", "exempt", "proxied"),
    [
        ("corp.example", ["corp.example", "a.corp.example", "b.a.CORP.example", "corp.example."], ["xcorp.example"]),
        (".corp.example", ["corp.example", "a.corp.example"], ["xcorp.example", "corp.example.org"]),
        ("*.corp.example", ["a.corp.example", "b.a.corp.example"], ["corp.example", "xcorp.example"]),
        ("CORP.example.", ["a.corp.example"], ["example"]),
        ("10.0.0.0/8", ["10.1.2.3", "[::ffff:10.1.2.3]"], ["11.0.0.1", NAMED, "10.example"]),
        ("10.1.2.3", ["10.1.2.3"], ["10.1.2.30", "110.1.2.3", "a.10.1.2.3.example"]),
        ("[2001:db8::1]", ["[2001:db8::1]", "[2001:DB8:0::1]"], ["[2001:db8::2]"]),
        ("2001:db8::1", ["[2001:db8::1]"], ["[2001:db8::2]"]),
        ("2001:db8::/32", ["[2001:db8::7]"], ["[2001:db9::7]", "10.0.0.1"]),
        ("vendor.example:443", [NAMED, f"{NAMED}:443", "a.vendor.example"], [f"{NAMED}:8443"]),
        ("vendor.example:8443", [f"{NAMED}:8443"], [NAMED]),
        ("[2001:db8::1]:8443", ["[2001:db8::1]:8443"], ["[2001:db8::1]"]),
        ("10.1.2.3:8443", ["10.1.2.3:8443"], ["10.1.2.3"]),
        ("*", [NAMED, "10.1.2.3", "[2001:db8::1]"], []),
        ("a.example, *", [NAMED], []),
        (" 10.0.0.0/8 , *.Corp.Example ,[2001:db8::1] ", ["10.9.9.9", "a.corp.example", "[2001:db8::1]"], [NAMED]),
        ("one.example two.example", ["one.example", "two.example"], [NAMED]),
        ("", [], [NAMED]),
        (",, ,.,*.,[],/8,10.0.0.0/99,:443,http://vendor.example", [], [NAMED, "10.0.0.1", "[2001:db8::1]"]),
    ],
)
def test_whom_no_proxy_exempts(
    no_proxy: str, exempt: list[str], proxied: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    assert [host for host in exempt if proxy_of_environment(URL(f"https://{host}/v1")) is not None] == []
    assert [host for host in proxied if proxy_of_environment(URL(f"https://{host}/v1")) is None] == []


def test_a_proxy_of_another_kind_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"socks5://exporter:{PASSWORD}@p:1")
    with pytest.raises(ConnectionFailedError) as caught:
        proxy_of_environment(URL("https://vendor.example"))
    assert PASSWORD not in str(caught.value)

"""Plants secrets, lets things go wrong at the highest log level, and searches for them in all that is said."""

import asyncio
import gc
import io
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
import yaml

from exporter import log
from exporter.app import App, http_transport
from exporter.client import client, decoding, http
from exporter.client.client import Request, Response
from exporter.config.loader import parse
from exporter.settings import Settings, Source
from tests.faults.vendors_on_loopback import check, vendors_on_loopback
from tests.paths import ROOT
from tests.vendors import find_profiles

HARM = {"unauthorized", "forbidden", "not_found", "malformed", "server_error"}
"""The failures of resources that have to be met before what was said is searched."""


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["logfmt", "json"])
async def test_the_whole_program_says_no_secret_whatever_goes_wrong(format_: str, tmp_path: Path) -> None:
    config, state = tmp_path / "config.yaml", tmp_path / "state.json"
    async with vendors_on_loopback() as here:
        settings = here.configuration(state_file=str(state))
        config.write_text(yaml.safe_dump(settings))
        async with asyncio.timeout(90), program(config, format_) as (process, url, said):
            await until_ready(url)
            pages = [await page(url, path) for path in ("/metrics", "/")]
            here.misbehave(from_now_on=True)
            while not failures("\n".join(pages)) >= HARM or len(pages) < 20:
                await asyncio.sleep(0.2)
                pages += [await page(url, path) for path in ("/metrics", "/", "/-/ready", "/-/healthy")]
                pages.append(await page(url, "/metrics", Accept="application/openmetrics-text"))
            config.write_text(yaml.safe_dump(broken_settings(settings)))
            pages.append(await page(url, "/-/reload", method="POST"))
            assert "sources[0]" in pages[-1]
            here.misbehave(from_now_on=False)
            await asyncio.sleep(1)
            pages.append(await page(url, "/metrics"))
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        here.check_requests()
        everything = {"log": "".join(said), "pages": "\n".join(pages), "state": state.read_text()}
        assert everything["log"].count("resource.failed") > 5
        assert "completed" in everything["pages"]
        assert "successes" in everything["state"]
        check(everything, here.secrets())


def broken_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with mistakes beside and in the credentials."""
    first, *others = settings["sources"]
    wrong = {**first, "client_secrets": "planted-in-the-configuration", "max_age": "planted-in-the-configuration"}
    return {**settings, "sources": [{**wrong, "client_id": ["planted-in-the-configuration"]}, *others]}


def failures(pages: str) -> set[str]:
    return set(re.findall(r'backup_resource_failure\{.*reason="([a-z_]+)"', pages))


@asynccontextmanager
async def program(config: Path, format_: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, list[str]]]:
    """Run the exporter with everything turned on that talks; yield it with its address and what it says."""
    flags = ["--web.listen-address", "127.0.0.1:0", "--log.level", "debug", "--log.format", format_]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-X", "dev", "-m", "exporter", "--config.file", str(config), *flags,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default", "PYTHONASYNCIODEBUG": "1"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    said: list[str] = []
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    reading = asyncio.create_task(_listen(process.stdout, said, listening))
    try:
        async with asyncio.timeout(30):
            url = await listening
        yield process, url, said
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def _listen(stream: asyncio.StreamReader, said: list[str], listening: "asyncio.Future[str]") -> None:
    async for line in stream:
        said.append(line.decode())
        found = re.search(r"http://127\.0\.0\.1:\d+", said[-1])
        if found and "listening" in said[-1] and not listening.done():
            listening.set_result(found[0])
    if not listening.done():
        listening.set_exception(RuntimeError("".join(said)))


async def page(url: str, path: str, method: str = "GET", **headers: str) -> str:
    async with aiohttp.ClientSession() as session, session.request(method, url + path, headers=headers) as answer:
        return f"{answer.status} {dict(answer.headers)} {await answer.text()}"


async def until_ready(url: str) -> None:
    while not (await page(url, "/-/ready")).startswith("200"):  # noqa: ASYNC110 - it says nothing when it is
        await asyncio.sleep(0.1)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def capture_log(format_: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Collect what is logged in a format, or as on a terminal."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    log.configure("debug", None if format_ == "console" else format_)  # type: ignore[arg-type]
    try:
        yield stream
    finally:
        structlog.reset_defaults()


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["logfmt", "json", "console"])
async def test_the_traceback_of_a_bug_shows_no_secret(format_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with vendors_on_loopback() as here:
        settings = parse(yaml.safe_dump(here.configuration()), {}, Path()).settings
        with capture_log(format_, monkeypatch) as stream:
            await poll_with_bugs(settings, monkeypatch)
        check({"log": re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())}, here.secrets())
        assert stream.getvalue().count("Traceback") >= len(find_profiles())
        assert "a bug where all the secrets are at hand" in stream.getvalue()


async def poll_with_bugs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll well once, then with a bug wherever credentials, tokens or bodies are at hand, and so from the start too."""

    def bug(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a bug where all the secrets are at hand")

    async with asyncio.timeout(60):
        for where, what in ((decoding, "decode_response"), (client.Client, "_send_once"), (http, "_read")):
            app = App(time.time)
            watches = await app.apply(settings)
            for broken_settings in (True, False, True):
                with monkeypatch.context() as patched:
                    if broken_settings:
                        patched.setattr(where, what, bug)
                    await asyncio.gather(*(watch.poller.poll() for watch in watches))
            await app.stop()


def is_ours(kind: type) -> bool:
    module = str(kind.__module__)
    return module.startswith("exporter.") and not module.startswith("exporter.demo")


class Recording:
    """A carrier that keeps what passes, to look at its `repr`."""

    def __init__(self, source: Source, seen: list[object]) -> None:
        self._inner = http_transport(source)
        self._seen = seen

    async def send(self, request: Request) -> Response:
        self._seen.append(request)
        answer = await self._inner.send(request)
        self._seen.append(answer)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.mark.slow
async def test_no_object_shows_a_secret_in_its_repr() -> None:
    seen: list[object] = []
    transports: list[Recording] = []

    def transport(source: Source) -> Recording:
        transports.append(Recording(source, seen))
        return transports[-1]

    async with vendors_on_loopback() as here:
        app = App(time.time, transport)
        try:
            settings = parse(yaml.safe_dump(here.configuration()), {}, Path()).settings
            watches = await app.apply(settings)
            async with asyncio.timeout(30):
                await asyncio.gather(*(watch.poller.poll() for watch in watches))
            ours = [one for one in gc.get_objects() if is_ours(type(one))]
            kinds = {type(one).__name__ for one in ours}
            shown = {f"{type(one).__name__} {number}": repr(one) for number, one in enumerate([*ours, *seen, settings])}
        finally:
            await app.stop()
            for one in transports:
                await one.aclose()
        assert kinds >= {"Secret", "Client", "TokenStore", "HeldToken", "Options", "Source", "ResourceStatus", "Poller"}
        assert {type(one).__name__ for one in seen} == {"Request", "Response"}
        check(shown, here.secrets())

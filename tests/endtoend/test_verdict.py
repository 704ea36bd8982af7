"""What the exporter reports and what fires is the same, on a real Prometheus with the shipped rules."""

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Set
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from exporter.alerts.rules import ALERTS
from exporter.demo.http import Account, Request, Response, Story
from exporter.demo.server import SimulatedVendors, all_accounts
from stack.files import Timing
from stack.programs import free_port, running, wait_for_answer
from stack.servers import servers
from stack.webhook import Notice, Webhook

pytestmark = pytest.mark.long

ALL_WITHIN = 500.0
AGREE_WITHIN = 300.0
SPEED = 4.0
QUICK = Timing(every="1s", factor=600)
CALM = Timing(every="1s", factor=600, keep_firing=15)
"""Alerts that go on firing for 15 seconds, as the shipped ones do for 15 minutes: a restart takes a few."""
STAGED = {
    "BackupLastRunFailed",
    "BackupNeverSucceeded",
    "BackupNothingToRestore",
    "BackupRestoreFailed",
    "BackupScheduleOff",
    "BackupSizeDropped",
    "BackupStuck",
    "BackupTooOld",
    "BackupTooOldByKind",
}
"""What the demo stages within its first two minutes at speed 1, and nothing ends."""
SEVERITIES = {alert.name: alert.severity for alert in ALERTS}
PAGED_WITHIN = 30.0
ON_FACTS = {alert.name for alert in ALERTS if not alert.word} - {"BackupProblem"}

Firing = set[tuple[str, str, str, str, str]]
"""Alert, source, resource, kind, limit."""


class Gate:
    """An account that answers as another does, or with 503 while it is closed."""

    closed = False

    def __init__(self, account: Account) -> None:
        self.name = account.name
        self._account = account

    def configuration(self, base: str) -> dict[str, Any]:
        return {**self._account.configuration(base), "poll_interval": "5s"}

    def respond(self, request: Request, now: float) -> Response:
        return Response(status=503) if Gate.closed else self._account.respond(request, now)


@dataclass(slots=True)
class LiveStack:
    """The demo's vendors, an exporter with a state file, and a Prometheus with the shipped rules."""

    folder: Path
    exporter: str
    prometheus: str = ""
    webhook: Webhook = field(default_factory=Webhook)

    @asynccontextmanager
    async def exporting(self) -> AsyncIterator[None]:
        flags = (f"--config.file={self.folder / 'config.yaml'}", f"--web.listen-address={self.exporter}")
        command = (sys.executable, "-m", "exporter", *flags)
        async with running("exporter", *command, folder=self.folder) as program:
            await wait_for_answer(program, f"http://{self.exporter}/-/healthy")
            yield

    async def problems(self) -> Firing:
        """Return the alerts that the exporter's problems ask for."""
        exposition = await asyncio.to_thread(read, f"http://{self.exporter}/metrics")
        found = re.findall(r"^backup_(?:resource|source)_problem\{(.*)\} 1$", exposition, re.MULTILINE)
        return {key for labels in found for key in ask_for(dict(re.findall(r'(\w+)="([^"]*)"', labels)))}

    async def alerts(self) -> dict[tuple[str, str, str, str, str], str]:
        """Return what fires, but for the alerts on facts, and since when each is active."""
        answer = json.loads(await asyncio.to_thread(read, f"{self.prometheus}/api/v1/alerts"))
        return {
            describe(each["labels"]["alertname"], each["labels"]): each["activeAt"]
            for each in answer["data"]["alerts"]
            if each["state"] == "firing" and each["labels"]["alertname"] not in ON_FACTS
        }

    async def agreement(self, wanted: Set[str]) -> tuple[Firing, Firing]:
        """Return problems and alerts once they agree and have these, or as they are when the time is over."""
        deadline = time.monotonic() + AGREE_WITHIN
        while True:
            problems, alerts = await self.problems(), set(await self.alerts())
            if (problems == alerts and wanted <= {alert for alert, *_ in alerts}) or time.monotonic() > deadline:
                return problems, alerts
            await asyncio.sleep(1)


def read(url: str) -> str:
    with urlopen(url, timeout=10) as response:
        text: str = response.read().decode()
    return text


def describe(alert: str, labels: Mapping[str, str]) -> tuple[str, str, str, str, str]:
    source, resource = labels.get("source", ""), labels.get("resource", "")
    return alert, source, resource, labels.get("kind", ""), labels.get("limit", "")


def ask_for(labels: Mapping[str, str]) -> Firing:
    """Return the alerts that one problem asks for: of a word with two severities both, once it is critical."""
    of_resource = "resource" in labels
    return {
        describe(alert.name, labels)
        for alert in ALERTS
        if alert.word == labels["problem"]
        and (alert.subject == "resource") is of_resource
        and alert.only in ("", labels["severity"])
    }


@asynccontextmanager
async def live(folder: Path, timing: Timing) -> AsyncIterator[LiveStack]:
    async with asyncio.timeout(ALL_WITHIN), AsyncExitStack() as stack:
        Gate.closed = False
        accounts = [Gate(account) for account in all_accounts(Story(start=time.time(), speed=SPEED))]
        vendors = SimulatedVendors(accounts)
        stack.push_async_callback(vendors.stop)
        await vendors.start()
        (folder / "config.yaml").write_text(vendors.configuration(state_file=str(folder / "state.json")))
        live_stack = LiveStack(folder, f"127.0.0.1:{free_port()}")
        live_stack.webhook = await stack.enter_async_context(Webhook())
        pair = await stack.enter_async_context(
            servers(folder, exporter=f"http://{live_stack.exporter}", webhook=live_stack.webhook.url, timing=timing)
        )
        live_stack.prometheus = pair.prometheus.url
        yield live_stack


async def watch_the_demo(folder: Path) -> tuple[Firing, Firing, Firing]:
    """Return the problems, the alerts that fire, and the critical ones of which the pager was not notified."""
    async with live(folder, QUICK) as live_stack, live_stack.exporting():
        problems, alerts = await live_stack.agreement(STAGED)
        critical = {alert for alert in alerts if SEVERITIES[alert[0]] == "critical"}
        paged = [await live_stack.webhook.first(is_paged(*alert), seconds=PAGED_WITHIN) for alert in sorted(critical)]
        reached = {
            describe(notice.name, notice.labels) for notice in live_stack.webhook.notices if notice.receiver == "pager"
        }
        assert all(paged)
        return problems, alerts, reached - critical


def is_paged(*alert: str) -> Callable[[Notice], bool]:
    return lambda notice: notice.receiver == "pager" and describe(notice.name, notice.labels) == alert


def test_what_fires_is_what_the_exporter_reports_both_ways_and_the_critical_reaches_the_pager(tmp_path: Path) -> None:
    problems, alerts, needless = asyncio.run(watch_the_demo(tmp_path))
    assert problems == alerts
    assert {alert for alert, *_ in alerts} >= STAGED
    assert needless == set()


async def restart_in_the_middle(folder: Path) -> tuple[dict[Any, str], dict[Any, str], dict[Any, str]]:
    """Return what fires before a restart, after it with the vendors down, and once they are back."""
    async with live(folder, CALM) as live_stack:
        async with live_stack.exporting():
            await live_stack.agreement(STAGED)
            before = await live_stack.alerts()
            Gate.closed = True
        async with live_stack.exporting():
            await asyncio.sleep(20)
            down = await live_stack.alerts()
            Gate.closed = False
            await asyncio.sleep(20)
            return before, down, await live_stack.alerts()


def test_a_restart_with_the_vendors_down_resolves_nothing_and_fires_nothing_anew(tmp_path: Path) -> None:
    """But for what the demo takes the rights to: it has not been read since the start, which is unreadable at once."""
    before, down, after = asyncio.run(restart_in_the_middle(tmp_path))
    resources = {key for key in before if key[2]}
    assert resources
    for later in (down, after):
        assert {key: later.get(key) for key in resources} == {key: before[key] for key in resources}
        fired = {key for key in later if key[2]} - resources
        assert {alert for alert, *_ in fired} <= {"BackupResourceUnreadable"}

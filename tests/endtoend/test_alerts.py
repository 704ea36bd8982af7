"""Vendors break, and somebody is told; they are mended, and that is told too. Everything but the vendors is real."""

import asyncio
import re
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from exporter.demo.http import Story
from exporter.demo.server import SimulatedVendors
from exporter.demo.vendors.scholarly import accounts as scholarly
from exporter.model import Status
from stack.files import JOB, Timing
from stack.programs import free_port, running, wait_for_answer
from stack.servers import servers
from stack.webhook import Notice, Webhook
from tests.endtoend.organization import GIB, Organization, Refusing, Service
from tests.paths import ROOT

pytestmark = pytest.mark.long

TIMEOUT = Timing(every="1s", factor=3600)
TOLD_WITHIN = 75.0
"""Seconds for what takes 5 to 40 on an idle machine: a poll, a scrape, two waits, and for one case its limit."""
ALL_WITHIN = 210.0
LIMIT = "30s"
CALM_SECONDS = 10.0

Deed = Callable[[], None]


@dataclass(slots=True, kw_only=True)
class Trouble:
    """One thing that breaks, how it is mended, and what is to be told of it, to whom."""

    alert: str
    problem: str
    receiver: str
    labels: Mapping[str, str]
    about: str
    """A word that the summary must have: a person reads it before anything else."""
    broken: Deed
    mended: Deed
    told: dict[str, Notice | None] = field(default_factory=dict)

    @property
    def all_labels(self) -> dict[str, str]:
        return {"alertname": self.alert, "problem": self.problem, "job": JOB, **self.labels}

    def is_told(self, status: str) -> Callable[[Notice], bool]:
        return lambda notice: notice.status == status and dict(notice.labels) == self.all_labels

    async def happens(self, webhook: Webhook) -> None:
        """Break, be told, mend, be told."""
        for deed, status in ((self.broken, "firing"), (self.mended, "resolved")):
            deed()
            self.told[status] = await webhook.first(self.is_told(status), seconds=TOLD_WITHIN)
            if self.told[status] is None:
                return


class World:
    """Three accounts, and the five ways in which they break."""

    def __init__(self) -> None:
        self.orders, self.billing, self.search = Service("orders"), Service("billing", beating=True), Service("search")
        labels = {"labels": {"squad": "data"}, "max_age": "1d", "poll_interval": "2s"}
        overrides = {"orders": {"labels": {"squad": "orders"}}, "billing": {"max_age": LIMIT}}
        limits = {"rate_limit": {"requests": 1000, "per": "10s"}}
        services = (self.orders, self.billing, self.search)
        self.analytics = Organization("analytics", *services, more={**labels, **limits, "resources": overrides})
        more = {**labels, **limits, "labels": {"squad": "platform"}}
        self.staging = Refusing(Organization("staging", Service("playground"), more=more))
        _, faculty = scholarly(Story(start=time.time()))
        self.faculty = Refusing(faculty, labels={"squad": "teaching"}, max_age="30d", poll_interval="4s")
        self.accounts = (self.analytics, self.staging, self.faculty)

    def troubles(self) -> dict[str, Trouble]:
        return self.backup_troubles() | self.source_troubles()

    def backup_troubles(self) -> dict[str, Trouble]:
        return {
            "a backup fails": Trouble(
                alert="BackupLastRunFailed",
                problem="last_run_failed",
                receiver="orders",
                labels=of_service("orders", squad="orders"),
                about="orders",
                broken=lambda: self.orders.runs_at(outcome=Status.FAILED),
                mended=self.orders.runs_at,
            ),
            "a schedule stops": Trouble(
                alert="BackupTooOld",
                problem="too_old",
                receiver="chat",
                labels=of_service("billing", squad="data"),
                about="billing",
                broken=lambda: setattr(self.billing, "stopped", time.time()),
                mended=lambda: setattr(self.billing, "stopped", None),
            ),
            "a size collapses": Trouble(
                alert="BackupSizeDropped",
                problem="size_dropped",
                receiver="chat",
                labels=of_service("search", squad="data") | {"kind": "full"},
                about="search",
                broken=lambda: self.search.runs_at(size=GIB),
                mended=self.search.runs_at,
            ),
        }

    def source_troubles(self) -> dict[str, Trouble]:
        return {
            "a vendor is down": Trouble(
                alert="BackupSourceDown",
                problem="down",
                receiver="chat",
                labels=of_source("clickhouse_cloud", "staging", squad="platform", severity="warning"),
                about="staging",
                broken=lambda: setattr(self.staging, "status", 503),
                mended=lambda: setattr(self.staging, "status", None),
            ),
            "a credential is revoked": Trouble(
                alert="BackupCredentialsRejected",
                problem="credentials_rejected",
                receiver="pager",
                labels=of_source("scholarly", "faculty", squad="teaching", severity="critical"),
                about="faculty",
                broken=lambda: setattr(self.faculty, "status", 401),
                mended=lambda: setattr(self.faculty, "status", None),
            ),
        }


def of_source(provider: str, source: str, *, squad: str, severity: str) -> dict[str, str]:
    return {"provider": provider, "source": source, "squad": squad, "severity": severity}


def of_service(name: str, *, squad: str) -> dict[str, str]:
    source = of_source("clickhouse_cloud", "analytics", squad=squad, severity="warning")
    return {**source, "resource": f"service-{name}", "resource_name": name}


def is_about_backups(notice: Notice) -> bool:
    return notice.name != "BackupExporterWatchdog"


@dataclass(slots=True)
class Told:
    """What happened, and all that was told of it."""

    troubles: dict[str, Trouble]
    at_peace: list[Notice] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def firing(self) -> set[tuple[str, str, str]]:
        return {
            (notice.name, notice.labels.get("source", ""), notice.labels.get("resource", ""))
            for notice in self.notices
            if notice.status == "firing"
        }


async def live_through(folder: Path) -> Told:
    """Let everything break at once, each be mended once it was told; return what was told."""
    world = World()
    told = Told(world.troubles())
    async with asyncio.timeout(ALL_WITHIN), AsyncExitStack() as stack:
        vendors = SimulatedVendors(world.accounts)
        stack.push_async_callback(vendors.stop)
        await vendors.start()
        configuration = folder / "config.yaml"
        configuration.write_text(vendors.configuration())
        exporter = f"127.0.0.1:{free_port()}"
        flags = (f"--config.file={configuration}", f"--web.listen-address={exporter}")
        program = await stack.enter_async_context(
            running("exporter", sys.executable, "-m", "exporter", *flags, folder=folder)
        )
        await wait_for_answer(program, f"http://{exporter}/-/ready")
        webhook = await stack.enter_async_context(Webhook())
        await stack.enter_async_context(
            servers(folder, exporter=f"http://{exporter}", webhook=webhook.url, timing=TIMEOUT)
        )
        await webhook.first(is_about_backups, seconds=CALM_SECONDS)
        told.at_peace = list(filter(is_about_backups, webhook.notices))
        await asyncio.gather(*(trouble.happens(webhook) for trouble in told.troubles.values()))
        told.notices = list(filter(is_about_backups, webhook.notices))
    return told


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return asyncio.run(live_through(tmp_path_factory.mktemp("stack")))


each_trouble = pytest.mark.parametrize("what", World().troubles())


def test_nobody_is_told_anything_while_all_is_well(told: Told) -> None:
    assert told.at_peace == []


@each_trouble
def test_the_right_people_are_told(told: Told, what: str) -> None:
    trouble = told.troubles[what]
    notice = trouble.told["firing"]

    assert notice is not None, f"not told: {trouble.all_labels}; but: {told.notices}"
    assert notice.receiver == trouble.receiver


@each_trouble
def test_a_person_can_read_what_is_wrong_and_where_to_look(told: Told, what: str) -> None:
    trouble = told.troubles[what]
    notice = trouble.told["firing"]
    assert notice is not None
    said = notice.annotations

    assert trouble.about in said["summary"]
    assert not re.search(r"<|%!|NaN|no value", said["description"])
    assert said["runbook_url"].endswith(f"/docs/runbooks/{trouble.alert}.md")
    assert (ROOT / "docs" / "runbooks" / f"{trouble.alert}.md").is_file()


@each_trouble
def test_it_is_told_when_all_is_well_again(told: Told, what: str) -> None:
    trouble = told.troubles[what]
    notice = trouble.told.get("resolved")

    assert notice is not None, f"not told: {trouble.all_labels}"
    assert notice.receiver == trouble.receiver


def test_nothing_else_is_told(told: Told) -> None:
    """A vendor's outage is one message, and so is a revoked credential, though its source is down as well."""
    expected = {
        (trouble.alert, trouble.labels["source"], trouble.labels.get("resource", ""))
        for trouble in told.troubles.values()
    }

    assert told.firing() == expected

"""Vendors break and the right receiver is notified; they are fixed, and again. Only the vendors are simulated."""

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
from exporter.model import Status
from stack.files import JOB, Timing
from stack.programs import free_port, running, wait_for_answer
from stack.servers import servers
from stack.webhook import Notice, Webhook
from tests.paths import ROOT
from tests.samples import find_vendor
from tests.vendors import open_account
from tests.vendors.clickhouse_cloud.organization import GIB, Organization, Refusing, Service

pytestmark = pytest.mark.long

TIMEOUT = Timing(every="1s", factor=3600)
NOTIFIED_WITHIN = 75.0
"""Seconds for what takes 5 to 40 on an idle machine: a poll, a scrape, two waits, and for one case its limit."""
ALL_WITHIN = 210.0
LIMIT = "30s"
CALM_SECONDS = 10.0

Deed = Callable[[], None]


@dataclass(slots=True, kw_only=True)
class Trouble:
    """One thing that breaks, how it is fixed, and which notice has to reach which receiver."""

    alert: str
    problem: str
    receiver: str
    labels: Mapping[str, str]
    about: str
    """A word that the summary must have: a person reads it before anything else."""
    broken: Deed
    fixed: Deed
    received: dict[str, Notice | None] = field(default_factory=dict)

    @property
    def all_labels(self) -> dict[str, str]:
        return {"alertname": self.alert, "problem": self.problem, "job": JOB, **self.labels}

    def is_notice(self, status: str) -> Callable[[Notice], bool]:
        return lambda notice: notice.status == status and dict(notice.labels) == self.all_labels

    async def happens(self, webhook: Webhook) -> None:
        """Break it, await the notice, fix it, await the notice."""
        for deed, status in ((self.broken, "firing"), (self.fixed, "resolved")):
            deed()
            self.received[status] = await webhook.first(self.is_notice(status), seconds=NOTIFIED_WITHIN)
            if self.received[status] is None:
                return


class BreakingVendors:
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
        faculty = open_account(find_vendor("faculty"), "faculty", Story(start=time.time()))
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
                fixed=self.orders.runs_at,
            ),
            "a schedule stops": Trouble(
                alert="BackupTooOld",
                problem="too_old",
                receiver="chat",
                labels=of_service("billing", squad="data"),
                about="billing",
                broken=lambda: setattr(self.billing, "stopped", time.time()),
                fixed=lambda: setattr(self.billing, "stopped", None),
            ),
            "a size collapses": Trouble(
                alert="BackupSizeDropped",
                problem="size_dropped",
                receiver="chat",
                labels=of_service("search", squad="data") | {"kind": "full"},
                about="search",
                broken=lambda: self.search.runs_at(size=GIB),
                fixed=self.search.runs_at,
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
                fixed=lambda: setattr(self.staging, "status", None),
            ),
            "a credential is revoked": Trouble(
                alert="BackupCredentialsRejected",
                problem="credentials_rejected",
                receiver="pager",
                labels=of_source(find_vendor("faculty"), "faculty", squad="teaching", severity="critical"),
                about="faculty",
                broken=lambda: setattr(self.faculty, "status", 401),
                fixed=lambda: setattr(self.faculty, "status", None),
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
class Episode:
    """What happened, and every notice of it."""

    troubles: dict[str, Trouble]
    at_peace: list[Notice] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def firing(self) -> set[tuple[str, str, str]]:
        return {
            (notice.name, notice.labels.get("source", ""), notice.labels.get("resource", ""))
            for notice in self.notices
            if notice.status == "firing"
        }


async def live_through(folder: Path) -> Episode:
    """Let everything break at once, fix each after its notice, and return the notices."""
    breaking = BreakingVendors()
    episode = Episode(breaking.troubles())
    async with asyncio.timeout(ALL_WITHIN), AsyncExitStack() as stack:
        vendors = SimulatedVendors(breaking.accounts)
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
        episode.at_peace = list(filter(is_about_backups, webhook.notices))
        await asyncio.gather(*(trouble.happens(webhook) for trouble in episode.troubles.values()))
        episode.notices = list(filter(is_about_backups, webhook.notices))
    return episode


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> Episode:
    return asyncio.run(live_through(tmp_path_factory.mktemp("stack")))


each_trouble = pytest.mark.parametrize("what", BreakingVendors().troubles())


def test_nobody_is_told_anything_while_all_is_well(episode: Episode) -> None:
    assert episode.at_peace == []


@each_trouble
def test_the_right_people_are_told(episode: Episode, what: str) -> None:
    trouble = episode.troubles[what]
    notice = trouble.received["firing"]

    assert notice is not None, f"no notice: {trouble.all_labels}; but: {episode.notices}"
    assert notice.receiver == trouble.receiver


@each_trouble
def test_a_person_can_read_what_is_wrong_and_where_to_look(episode: Episode, what: str) -> None:
    trouble = episode.troubles[what]
    notice = trouble.received["firing"]
    assert notice is not None
    said = notice.annotations

    assert trouble.about in said["summary"]
    assert not re.search(r"<|%!|NaN|no value", said["description"])
    assert said["runbook_url"].endswith(f"/docs/runbooks/{trouble.alert}.md")
    assert (ROOT / "docs" / "runbooks" / f"{trouble.alert}.md").is_file()


@each_trouble
def test_it_is_told_when_all_is_well_again(episode: Episode, what: str) -> None:
    trouble = episode.troubles[what]
    notice = trouble.received.get("resolved")

    assert notice is not None, f"no notice: {trouble.all_labels}"
    assert notice.receiver == trouble.receiver


def test_nothing_else_is_told(episode: Episode) -> None:
    """A vendor's outage is one message, and so is a revoked credential, though its source is down as well."""
    expected = {
        (trouble.alert, trouble.labels["source"], trouble.labels.get("resource", ""))
        for trouble in episode.troubles.values()
    }

    assert episode.firing() == expected

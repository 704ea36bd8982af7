"""Days of polling with all that can go wrong: nothing grows, nothing leaks, nothing is miscounted."""

import asyncio
import gc
import random
import sys
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from exporter.app import App
from exporter.client.client import Transport
from exporter.demo.http import Story
from exporter.demo.server import all_accounts
from exporter.settings import Settings, Source
from tests.polling.stub_provider import source
from tests.simulated_transport import settings_for
from tests.soak.strict_provider import STRICT
from tests.soak.unruly import HOUR, KEPT, Clockwork, Unruly, Weather, forgetful
from tests.virtual_time import START, now, virtually, wall_clock

pytestmark = pytest.mark.long

LARGE, SMALL, OF_SMALL = 640, 40, 9
CYCLES = 3
STORM, CALM = 3 * HOUR, 2.2 * HOUR
COMERS_AND_GOERS = ("small-8", "campus")
GROWTH = 1.03
RSS_GROWTH = 6 * 2**20


@dataclass(slots=True)
class Soak:
    """An exporter, the vendors it watches, and what was noted of both."""

    weather: Weather = field(default_factory=Weather)
    answered: dict[str, Counter[str]] = field(default_factory=dict)
    vendors: dict[str, Clockwork] = field(default_factory=dict)
    accounts: dict[str, Any] = field(default_factory=dict)
    app: App = field(init=False)
    unhandled: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = App(wall_clock, self.transport)

    def transport(self, one: Source) -> Transport:
        inner = self.vendors.get(one.name) or forgetful(self.accounts[one.name])
        answered = self.answered.setdefault(one.name, Counter())
        return Unruly(inner=inner, weather=self.weather, answered=answered, chance=random.Random(one.name))

    def settings(self) -> Settings:
        """Make the vendors; return the sources that watch them."""
        sizes = {"large": (LARGE, 16), **{f"small-{number}": (OF_SMALL, 3) for number in range(SMALL)}}
        self.vendors = {
            name: Clockwork(prefix=name, resources=count, scopes=scopes) for name, (count, scopes) in sizes.items()
        }
        spans = {"discovery_interval": HOUR, "progress_interval": 120.0, "provider": STRICT}
        stubs = [source(name, poll_interval=HOUR if name == "large" else 900.0, **spans) for name in self.vendors]
        accounts = all_accounts(Story(start=START))
        self.accounts = {account.name: account for account in accounts}
        return Settings(
            sources=(
                *stubs,
                *settings_for(accounts, poll_interval="15m", discovery_interval="1h", progress_interval="5m").sources,
            )
        )

    async def take(self, settings: Settings) -> None:
        for watch in await self.app.apply(settings):
            watch.start()


@dataclass(frozen=True, slots=True)
class Weight:
    """What the process holds at one moment."""

    blocks: int
    resident: int
    tasks: int
    files: int
    timers: int


def weigh() -> Weight:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    scheduled = len(asyncio.get_running_loop()._scheduled)  # type: ignore[attr-defined]
    files = len(list(Path("/proc/self/fd").iterdir()))
    return Weight(sys.getallocatedblocks(), pages * 4096, len(asyncio.all_tasks()), files, scheduled)


@pytest.fixture
def collect_totals() -> Iterator[Counter[tuple[str, str]]]:
    """How often which event of which source was logged; nothing is kept but that."""
    counted: Counter[tuple[str, str]] = Counter()

    def count(_: Any, __: str, event: dict[str, Any]) -> Any:
        counted[event["event"], event.get("source", "")] += 1
        if event["event"] == "bug":
            traceback.print_exc()  # pytest shows it with the failure
        raise structlog.DropEvent

    processors = structlog.get_config()["processors"]
    before = list(processors)
    processors[:] = [count]
    yield counted
    processors[:] = before


async def weigh_storms(soak: Soak, settings: Settings) -> list[Weight]:
    """Let a storm and a calm follow one another; weigh at the end of each calm. Each storm sees two reloads."""
    weights = []
    for cycle in range(CYCLES):
        soak.weather.calm = False
        await asyncio.sleep(STORM / 2)
        changed = [replace(one, max_age=HOUR + cycle) if one.name == "small-7" else one for one in settings.sources]
        await soak.take(Settings(sources=tuple(one for one in changed if one.name not in COMERS_AND_GOERS)))
        await asyncio.sleep(STORM / 2)
        await soak.take(settings)
        soak.weather.calm = True
        await asyncio.sleep(CALM)
        weights.append(weigh())
    return weights


@virtually
async def test_nothing_grows_and_nothing_is_miscounted(collect_totals: Counter[tuple[str, str]]) -> None:
    before, soak = weigh(), Soak()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: soak.unhandled.append(context))
    settings = soak.settings()
    await soak.take(settings)

    weights = await weigh_storms(soak, settings)

    assert not [one for one in collect_totals if one[0] == "bug"]
    check_growth(weights)
    check_counts(soak, collect_totals)
    check_recovery(soak)
    await soak.app.stop()
    await asyncio.sleep(HOUR)  # the limiters' timers
    after = weigh()
    assert (after.tasks, after.files) == (before.tasks, before.files)
    assert soak.unhandled == []
    print(f"{now() / HOUR:.0f} h, {sum(map(Counter.total, soak.answered.values()))} requests, {weights}")  # noqa: T201


def check_growth(weights: list[Weight]) -> None:
    """After the first storm, which fills the histories, each calm weighs what the one before did."""
    _, steady, *later = weights
    for weight in later:
        assert weight.blocks < steady.blocks * GROWTH, weights
        assert weight.resident < steady.resident + RSS_GROWTH, weights
        assert (weight.tasks, weight.files) == (steady.tasks, steady.files), weights
        assert weight.timers < steady.timers * 1.5, weights


def check_counts(soak: Soak, collect_totals: Counter[tuple[str, str]]) -> None:
    """What is counted, what is exposed and what is logged are what the vendors answered."""
    exposed = samples(b"".join(soak.app.exposition.render(openmetrics=False)).decode())
    polls = 0
    for name, entry in soak.app.store.entries.items():
        if name in COMERS_AND_GOERS:
            continue
        counters = entry.counters
        assert counters.requests == soak.answered[name], name
        assert (
            sum(counters.buckets)
            == counters.requests.total()
            == exposed["backup_api_request_duration_seconds_count", name]
        )
        assert exposed["backup_api_requests_total", name] == counters.requests.total()
        assert (
            exposed["backup_polls_total", name]
            == collect_totals["poll.done", name] + collect_totals["poll.failed", name]
        )
        assert (
            exposed["backup_poll_failures_total", name]
            == collect_totals["poll.failed", name]
            == counters.poll_failures.total()
        )
        assert exposed["backup_source_resources", name] == exposed["backup_resource_info", name] == len(entry.resources)
        polls += counters.polls
    assert polls > 2000
    assert len(set().union(*soak.answered.values())) > 15, "not much went wrong"


def samples(exposition: str) -> dict[tuple[str, str], float]:
    """Return the sum of each metric for each source."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            found[sample.name, sample.labels.get("source", "")] += sample.value
    return found


def check_recovery(soak: Soak) -> None:
    """In the calm everything is known again, and as it is."""
    for name, entry in soak.app.store.entries.items():
        assert entry.status.up, (name, entry.status)
        if (vendor := soak.vendors.get(name)) is None:
            continue
        known = {key for scope in range(vendor.scopes) for key in vendor.names(scope)}
        assert abs(len(entry.resources) - len(known)) <= vendor.scopes, name
        for key, resource_status in entry.resources.items():
            assert resource_status.up, (key, resource_status.failure)
            assert resource_status.summary is not None
            done = [one["started"] for one in vendor.rows(key) if one["status"] == "done"]
            assert resource_status.summary.last_success in done[:2], key
            assert KEPT <= sum(resource_status.summary.counts.values()) <= KEPT + 3, key

"""Holds the numbers of docs/scaling.md to the code that they follow from."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

import pytest
import yaml

from exporter import registry
from exporter.client.rate_limiter import effective_budget
from exporter.config.durations import spell
from exporter.polling.budget import USABLE, sustainable_interval
from exporter.provider import RateLimit
from exporter.schedule import DAY, HOUR, MINUTE
from exporter.shard import owner
from exporter.state.inventory import MAX_RESOURCES

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
PROSE = " ".join(PAGE.split())
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What `n` resources of one credential cost, as docs/vendors says."""

    poll: Callable[[int], int]
    discovery: Callable[[int], int]


COSTS = {
    "clickhouse_cloud": Cost(lambda n: n, lambda n: 2 + n),
    "northflank": Cost(lambda n: n, lambda n: 1 + ceil(n / 10) + 2 * n),
    "scalingo": Cost(lambda n: n, lambda n: 3 + 3 * n),
    "backupify": Cost(lambda n: 2 * n, lambda n: 1 + ceil(n / 20)),
}
INTERVALS = (5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR)


def carries(limit: RateLimit, cost: Cost, n: int, interval: float, discovery_interval: float) -> bool:
    """Whether the interval is kept, and discovery too: of what is usable, nine tenths at most may go into it."""
    poll, discovery = cost.poll(n), cost.discovery(n)
    kept = sustainable_interval(interval, limit, poll=poll, discovery=discovery, discovery_interval=discovery_interval)
    requests, window = effective_budget(limit)
    return kept == interval and discovery / discovery_interval <= requests / window * USABLE * 0.9


def most(test: Callable[[int], bool]) -> int:
    """Return the largest number that passes."""
    low, high = 0, 1
    while test(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if test(middle) else (low, middle)
    return low


def capacity(name: str, interval: float, discovery_interval: float) -> int:
    limit = registry.provider(name).rate_limit
    return most(lambda n: carries(limit, COSTS[name], n, interval, discovery_interval))


def row(*cells: object) -> str:
    return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells) + " |"


def test_every_vendor_is_reckoned() -> None:
    assert {*COSTS, "scholarly"} == set(registry.names())


@pytest.mark.parametrize("name", COSTS)
@pytest.mark.parametrize("discovery_interval", [HOUR, DAY])
def test_how_many_resources_a_credential_carries(name: str, discovery_interval: float) -> None:
    cells = [capacity(name, interval, discovery_interval) for interval in INTERVALS]

    assert row(f"`{name}`", spell(discovery_interval), *cells) in PAGE


@pytest.mark.parametrize("name", COSTS)
def test_how_many_credentials_a_million_needs(name: str) -> None:
    ways = [(5 * MINUTE, HOUR), (HOUR, DAY), (6 * HOUR, DAY)]

    assert row(f"`{name}`", *(ceil(MILLION / capacity(name, *way)) for way in ways)) in PAGE


def test_how_sources_fall_and_move() -> None:
    names = [f"source-{number}" for number in range(ceil(MILLION / capacity("clickhouse_cloud", 5 * MINUTE, HOUR)))]
    held = Counter(owner(name, 100) for name in names)
    moved = {count: sum(owner(name, count) != owner(name, count + 1) for name in names) for count in (3, 10, 100)}

    fullest, emptiest = max(held.values()), min(held.values())
    assert f"Of {len(names):,} sources on 100 shards the fullest has {fullest}, the emptiest {emptiest}." in PROSE
    for count, many in moved.items():
        assert row(f"{count} to {count + 1}", many) in PAGE


def test_what_dividing_a_source_by_resource_costs() -> None:
    """A hundred projects of ten addons each: every shard finds all, and has its part of the budget to do it with."""
    limit, count, addons, projects = registry.provider("northflank").rate_limit, 10, 1000, 100
    interval = sustainable_interval(
        HOUR,
        replace(limit, share=1 / count),
        poll=addons // count,
        discovery=1 + projects + 2 * addons // count,
        discovery_interval=DAY,
    )
    whole = sustainable_interval(HOUR, limit, poll=addons, discovery=1 + projects + 2 * addons, discovery_interval=DAY)

    assert (
        f"{whole / MINUTE:.0f} minutes by one shard, and {interval / MINUTE:.0f} minutes by each of {count}." in PROSE
    )


def test_the_rules_look_at_no_past() -> None:
    for name in ("backups.yml", "collection.yml"):
        rules = yaml.safe_load((ROOT / "alerts" / name).read_text())["groups"]
        assert [rule for group in rules for rule in group["rules"] if re.search(r"\[|offset", rule["expr"])] == []


def test_series_of_a_resource_are_as_many_as_said() -> None:
    """Of resources that have been read: the golden file has one of which little is known, and one of which all is."""
    exposition = (ROOT / "tests" / "metrics" / "golden" / "good.prom").read_text()
    series = Counter(re.findall(r'[{,]resource="([^"]+)"', exposition))

    del series["new"]  # never read
    assert f"{min(series.values())} to {max(series.values())} series" in PROSE


def test_sums_are_right() -> None:
    """30 series, 4 KB a resource, a scrape a minute, 10,000 resources a shard."""
    series = 30 * MILLION

    assert row("shards", MILLION // 10_000) in PAGE
    assert row("series", series) in PAGE
    assert row("samples a second", series // 60) in PAGE
    assert f"{series * 4 // 2**20} GiB" in PROSE
    assert f"{series * 3 // 300_000} cores" in PROSE
    assert f"{series * 3 * 2.5 / 300_000:.0f} GB" in PROSE
    assert f"{series // 60 // 25_000} cores" in PROSE
    assert f"{MAX_RESOURCES:,} resources" in PROSE

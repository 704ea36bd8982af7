"""Holds the numbers of docs/scaling.md to the code that they follow from."""

import re
from collections import Counter

import pytest
import yaml

from exporter.provider import RateLimit
from exporter.schedule import DAY, MINUTE
from exporter.shard import owner
from exporter.state.inventory import MAX_RESOURCES
from pages.scaling import MILLION, carries, find_largest, write_row
from tests.paths import ROOT
from tests.vendors import find_profiles
from tests.vendors.profile import Cost

PAGE = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
PROSE = " ".join(PAGE.split())
SOURCES = 4_017
"""As many as a million resources need, at a vendor of which one credential carries 249."""


@pytest.mark.parametrize("name", find_profiles())
def test_every_vendor_has_its_rows_or_one_resource(name: str) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]

    assert len(rows) == (3 if find_profiles()[name].cost else 0)
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize(("poll", "largest"), [(1, 269), (2, 134)])
def test_a_credential_carries_what_its_limit_allows(poll: int, largest: int) -> None:
    limit, cost = RateLimit(requests=1, per=1), Cost(poll=lambda n: poll * n, discovery=lambda n: n)

    assert find_largest(lambda n: carries(limit, cost, n, 5 * MINUTE, DAY)) == largest


def test_how_sources_fall_and_move() -> None:
    names = [f"source-{number}" for number in range(SOURCES)]
    held = Counter(owner(name, 100) for name in names)
    moved = {count: sum(owner(name, count) != owner(name, count + 1) for name in names) for count in (3, 10, 100)}

    fullest, emptiest = max(held.values()), min(held.values())
    assert f"Of {len(names):,} sources on 100 shards the fullest has {fullest}, the emptiest {emptiest}." in PROSE
    for count, many in moved.items():
        assert write_row(f"{count} to {count + 1}", many) in PAGE


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

    assert write_row("shards", MILLION // 10_000) in PAGE
    assert write_row("series", series) in PAGE
    assert write_row("samples a second", series // 60) in PAGE
    assert f"{series * 4 // 2**20} GiB" in PROSE
    assert f"{series * 3 // 300_000} cores" in PROSE
    assert f"{series * 3 * 2.5 / 300_000:.0f} GB" in PROSE
    assert f"{series // 60 // 25_000} cores" in PROSE
    assert f"{MAX_RESOURCES:,} resources" in PROSE

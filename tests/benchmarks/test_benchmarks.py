"""The benchmarks run and give sane figures; how fast anything is, is not tested here."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.configured import configuration
from benchmarks.figures import Figure, in_turns, percentile
from benchmarks.listings import Vendor
from benchmarks.polling_twins import settings
from benchmarks.report import page, table
from benchmarks.twins import vendors
from exporter.config.loader import parse
from tests.paths import ROOT
from tests.vendors import find_profiles

FIGURES = {
    "scrape",
    "scrape under polling",
    "verdict",
    "poll",
    "declared",
    "API cost",
    "memory",
    "start",
    "rules",
    "growth",
}


def figure(ours: list[float], theirs: list[float], goal: float, *, inverted: bool = False) -> Figure:
    return Figure(
        benchmark="b", what="w", reference="r", unit="s", ours=ours, theirs=theirs, goal=goal, inverted=inverted
    )


@pytest.mark.parametrize(("goal", "inverted", "reached"), [(0.5, False, True), (0.4, False, False), (2, True, True)])
def test_a_figure_is_the_median_of_the_ratios_of_its_turns(goal: float, inverted: bool, reached: bool) -> None:
    found = figure([1, 2, 9], [2, 4, 1], goal, inverted=inverted)

    assert found.ratio == (2 if inverted else 0.5)
    assert found.is_reached is reached


def test_turns_alternate_and_the_first_only_warms_up() -> None:
    called: list[str] = []

    def measure(name: str, value: float) -> float:
        called.append(name)
        return value

    taken = in_turns(2, lambda: measure("a", 1.0), lambda: measure("b", 2.0))

    assert called == ["a", "b"] * 3
    assert taken == [[1.0, 1.0], [2.0, 2.0]]


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([float(number) for number in range(100)], 0.99) == 99.0
    assert percentile([5.0], 0.99) == 5.0


def test_the_table_says_where_a_goal_is_not_reached() -> None:
    lines = table([figure([1.0], [1.0], 1.5), figure([2.0], [1.0], 1.5)]).splitlines()

    assert [line.split("|")[-2].strip() for line in lines[2:]] == ["yes", "no"]


@pytest.mark.parametrize("name", vendors())
def test_a_declared_twin_is_measured_against_the_vendor_that_is_built_in(name: str) -> None:
    (built_in,), (declared,) = (settings(name, 1, declared=which).sources for which in (False, True))

    assert name in find_profiles()
    assert (built_in.provider_name, declared.provider_name) == (name, f"{name}_declared")
    assert type(built_in.provider.backup) is not type(declared.provider.backup)


def test_the_page_begins_with_what_a_user_asks() -> None:
    shown = replace(figure([2.0], [8.0], 1.5), benchmark="poll", what="9 resources; wall clock")

    page_text = page([figure([1.0], [1.0], 1.5), shown, replace(shown, ours=[3.0])])

    assert page_text.splitlines()[2] == "- A poll of 9 resources, takes 2 s; fetching and decoding alone, 8 s."
    assert page_text.count("- A poll of 9 resources, takes") == 1


@pytest.mark.parametrize("name", find_profiles())
def test_a_vendors_ready_made_listing_holds_more_with_each_newer_backup(name: str) -> None:
    benchmark, vendor = find_profiles()[name].benchmark, Vendor(name, 1, 3)
    (source,) = parse(configuration(name, 1), {}, Path()).settings.sources
    path = benchmark.listing.format(key="00000000")
    before = vendor.answer(path)[0]
    vendor.newer += 1
    after = vendor.answer(path)[0]

    assert source.provider_name == name
    assert "00000000" in path or benchmark.resources == 1
    assert json.loads(before) != json.loads(after)
    assert len(after) > len(before)


def test_each_thing_is_measured_with_one_vendor() -> None:
    measured = [profile.benchmark.measures for profile in find_profiles().values() if profile.benchmark.measures]

    assert sorted(measured) == ["arrivals", "polls"]


@pytest.mark.long
def test_the_benchmarks_run_whole_and_give_sane_figures() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    figures = json.loads(run.stdout)["figures"]

    assert {one["benchmark"] for one in figures} == FIGURES
    assert all(math.isfinite(one["ratio"]) and one["ratio"] > 0 for one in figures)
    requests = {one["what"].split(",")[0]: one["ours"] for one in figures if one["benchmark"] == "API cost"}
    assert {name: set(counts) for name, counts in requests.items()} == {
        name: {float(profile.benchmark.requests)} for name, profile in find_profiles().items()
    }

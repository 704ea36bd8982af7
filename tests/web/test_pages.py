"""The pages and the API in process: what they say, what their filters leave, and what hostile names do."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from exporter.model import Backup
from exporter.settings import Override
from exporter.state import backup_table
from exporter.state.overview import count_items, list_items, write_verdict
from exporter.state.store import Store
from exporter.web.charts import MAX_BARS
from tests.metrics.states import Clock, done, source, thing, with_listing
from tests.web.pages import HOSTILE_NAME, fill, item, serve_pages

pytestmark = pytest.mark.integration

HOUR = 3600.0
DAY = 24 * HOUR


def make_store() -> Store:
    """Return two sources: one resource too old, one that never succeeded, one fine, one paused."""
    store = Store(Clock(), lambda: 0.0)
    squads = (
        Override(pattern="orders", labels=(("squad", "shop"),)),
        Override(pattern="quiet", paused=True),
    )
    first = source("main", max_age=26 * HOUR, overrides=squads)
    fill(
        store,
        [item("orders", "Orders", 30.0), item("new", "New", None), item("quiet", "Quiet", 90.0)],
        first,
    )
    fill(store, [item("p/a b%", "Päge", 2.0)], source("other", "acme2", max_age=26 * HOUR))
    return store


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve_pages(store=make_store()) as address:
        yield address


async def fetch(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


def rows(html: str) -> list[str]:
    """Return the names in the tables of resources, in their order."""
    return re.findall(r'<a class="name" href="/resources/[^"]*"[^>]*><bdi>([^<]*)</bdi>', html)


async def test_the_verdict_comes_first(url: str) -> None:
    status, html = await fetch(url)
    heading = re.sub(r"<[^>]+>", "", html[html.index("<h1>") : html.index("</h1>")])
    assert status == 200
    assert heading == "1 critical, 1 needs attention, 1 of 4 resources is fine."
    assert "<title>(2) backup-exporter</title>" in html
    assert rows(html) == ["New", "Orders", "Päge", "Quiet"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=critical", ["New"]),
        ("state=warning", ["Orders"]),
        ("state=fine", ["Päge"]),
        ("state=paused", ["Quiet"]),
        ("state=nothing", []),
        ("source=other", ["Päge"]),
        ("source=nothing", []),
        ("provider=acme2", ["Päge"]),
        ("q=ORD", ["Orders"]),
        ("q=p%2Fa", ["Päge"]),
        ("q=nothing", []),
        ("label.squad=shop", ["Orders"]),
        ("label.squad=other", []),
        ("label.nothing=shop", []),
        ("state=warning&source=main", ["Orders"]),
        ("state=warning&source=other", []),
        ("state=warning&state=critical", []),
        ("unknown=1&page=99&page=x", ["New", "Orders", "Päge", "Quiet"]),
        ("state=&source=&q=", ["New", "Orders", "Päge", "Quiet"]),
    ],
)
async def test_filters_are_joined_by_and(url: str, query: str, names: list[str]) -> None:
    status, html = await fetch(f"{url}?{query}")
    assert (status, rows(html)) == (200, names)
    _, text = await fetch(f"{url}api/v1/status?{query}")
    assert sorted(one["resource_name"] for one in json.loads(text)["resources"]) == sorted(names)


async def test_the_api_says_what_the_page_says(url: str) -> None:
    _, text = await fetch(f"{url}api/v1/status")
    answer = json.loads(text)
    assert set(answer) == {"version", "now", "sources", "resources"}
    by_id: dict[str, Any] = {one["resource"]: one for one in answer["resources"]}
    assert [one["problem"] for one in by_id["new"]["problems"]] == ["never_succeeded"]
    assert set(by_id["orders"]["problems"][0]) == {"problem", "severity", "text", "since"}
    assert by_id["orders"]["squad"] == "shop"
    assert by_id["quiet"]["problems"] == []
    assert [one["source"] for one in answer["sources"]] == ["main", "other"]


@pytest.mark.parametrize("path", [quote("p/a b%", safe=""), quote("p/a b%")])
async def test_a_resource_is_found_by_its_id(url: str, path: str) -> None:
    status, html = await fetch(f"{url}resources/other/{path}")
    assert status == 200
    assert "<h1><bdi>Päge</bdi></h1>" in html
    assert "Nothing is wrong." in html
    assert "backup_max_age_seconds 93600\n" in html


async def test_a_problem_has_its_runbook(url: str) -> None:
    _, html = await fetch(f"{url}resources/main/new")
    assert "docs/runbooks/BackupNeverSucceeded.md" in html


@pytest.mark.parametrize("path", ["resources/main/nothing", "resources/nothing/orders", "assets/nothing.css"])
async def test_what_is_not_there_is_404(url: str, path: str) -> None:
    assert (await fetch(url + path))[0] == 404


async def test_assets_are_kept_for_long_and_named_by_their_content(url: str) -> None:
    _, html = await fetch(url)
    paths = re.findall(r'(?:href|src)="/(assets/[^"]+)"', html)
    assert len(paths) == 2
    async with aiohttp.ClientSession() as session:
        for path in paths:
            async with session.get(url + path) as answer:
                assert answer.status == 200
                assert "immutable" in answer.headers["Cache-Control"]


async def test_names_are_data() -> None:
    async with serve_pages(names=[HOSTILE_NAME, "n" * 5000, "\u202etxt"]) as url:
        for path in ("", f"resources/main/{quote('id/0 %', safe='')}"):
            _, html = await fetch(url + path)
            assert "<img" not in html
            assert "\x1b" not in html
            assert "\u202e" not in html
            assert "{{ 7 * 7 }}" in html
        _, html = await fetch(url)
    assert "n" * 79 + "…" in html
    assert "n" * 400 not in html


async def test_ten_thousand_resources_are_paged() -> None:
    store = fill(Store(Clock(), lambda: 0.0), [item(f"r{at}", f"R{at}") for at in range(450)])
    async with serve_pages(store=store) as url:
        _, first = await fetch(url)
        _, last = await fetch(f"{url}?page=3")
        _, beyond = await fetch(f"{url}?page=4")
    assert (len(rows(first)), len(rows(last)), rows(beyond)) == (200, 50, rows(last))
    assert 'href="/?page=3"' in first


async def test_what_disappeared_stands_there_for_a_day() -> None:
    clock = Clock()
    clock.now -= HOUR
    store = fill(Store(clock, lambda: clock.now), [item("b", "Beta")])
    store.retain("main", [], disappeared=["b"])
    clock.now += HOUR
    store.put("main", item("a", "Alpha"))
    async with serve_pages(store=store) as url:
        _, html = await fetch(url)
        _, text = await fetch(f"{url}api/v1/status?q=beta")
    assert rows(html)[0] == "Beta"
    assert "disappeared" in html
    (record,) = json.loads(text)["resources"]
    assert (record["resource"], record["problems"][0]["problem"]) == ("b", "disappeared")


async def test_what_disappeared_has_its_page_with_the_runbook_for_a_day() -> None:
    clock = Clock()
    store = fill(Store(clock, lambda: clock.now), [item("b", "Beta")])
    store.retain("main", [], disappeared=["b"])
    clock.now += HOUR
    async with serve_pages(store=store) as url:
        status, html = await fetch(f"{url}resources/main/b")
        clock.now += DAY
        later, _ = await fetch(f"{url}resources/main/b")
        other, _ = await fetch(f"{url}resources/main/c")
    assert status == 200
    assert "BackupResourceDisappeared.md" in html
    assert "No longer listed since" in html
    assert "Age limit" not in html
    assert "<h2>Metrics</h2>" not in html
    assert (later, other) == (404, 404)


@pytest.mark.parametrize(
    ("counts", "down", "sentence"),
    [
        ({}, 0, "No resource is known."),
        ({"fine": 3}, 0, "All resources are fine."),
        ({"fine": 1}, 0, "The only resource is fine."),
        (
            {"critical": 2, "warning": 7, "fine": 14, "paused": 3},
            0,
            "2 critical, 7 need attention, 14 of 26 resources are fine.",
        ),
        ({"info": 1, "fine": 1}, 0, "1 of 2 resources is fine."),
        ({"warning": 1}, 1, "1 needs attention, 0 of 1 resource is fine. 1 source is down."),
    ],
)
def test_the_sentence(counts: dict[str, int], down: int, sentence: str) -> None:
    full = {"critical": 0, "warning": 0, "info": 0, "fine": 0, "paused": 0} | counts
    assert "".join(part.text for part in write_verdict(full, down)) == sentence


def test_states_are_counted_by_the_worst_problem() -> None:
    counts = count_items(list_items(make_store()))
    assert counts == {"critical": 1, "warning": 1, "info": 0, "fine": 1, "paused": 1}


async def test_a_page_unpacks_no_more_backups_than_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [replace(done("b", 0.1 * at, 5, 1e9, ""), id=f"b{at}") for at in range(2000)]
    store = fill(Store(Clock(), lambda: 0.0), [with_listing(thing(own, name=own), *many) for own in ("a", "b")])
    unpacked: list[str] = []

    def make(**fields: Any) -> Backup:
        unpacked.append(fields["id"])
        return Backup(**fields)

    async with serve_pages(store=store) as url:
        monkeypatch.setattr(backup_table, "Backup", make)
        status, html = await fetch(url)
        assert (status, rows(html), unpacked) == (200, ["a", "b"], [])
        assert html.count("<polyline") == 2
        status, html = await fetch(f"{url}resources/main/a")
        assert status == 200
        assert f"{MAX_BARS} backups from" in html
        assert len(unpacked) == MAX_BARS

"""Backupify's listings: pages that are linked in many ways, newest first, and whether the last one is there."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from exporter.errors import MalformedError
from exporter.model import Details
from exporter.providers.backupify import PROVIDER
from tests.providers.contract import map_pages
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors.backupify.answers import DAY, GET, GIVEN, HOST, INSTANCE, LISTING, OPTIONS, TOKEN


def page(*numbers: int, **links: str) -> Reply:
    """Return a page of the listing with two records for each of `numbers`; ids ascend with them."""
    ids = [number * 10 + unit for number in numbers for unit in (1, 2)]
    return Reply(body=[{"id": one, "status": "successful"} for one in ids], links=links)


def listing(pages: Mapping[str, Reply]) -> dict[str, Reply]:
    return {**GIVEN, **{LISTING + query: reply for query, reply in pages.items()}}


async def walk(api: FakeApi) -> list[list[int]]:
    return [[int(one.id) for one in part.backups] async for part in map_pages(PROVIDER, api, OPTIONS, INSTANCE)]


PAGINGS: dict[str, tuple[dict[str, Reply], Sequence[str]]] = {
    "the first page is linked without a query": (
        {
            "": page(1, next="?page=2", last="?page=3"),
            "?page=2": page(2, prev=f"https://{HOST}/v1/backup_instances/5/backups", next="?page=3", last="?page=3"),
            "?page=3": page(3, prev="?page=2"),
        },
        ["", "?page=3", "?page=2"],
    ),
    "all four links stand everywhere": (
        {
            "": page(1, first="?page=1", prev="?page=1", next="?page=2", last="?page=3"),
            "?page=2": page(2, first="?page=1", prev="?page=1", next="?page=3", last="?page=3"),
            "?page=3": page(3, first="?page=1", prev="?page=2", last="?page=3"),
        },
        ["", "?page=3", "?page=2"],
    ),
    "two pages": (
        {"": page(1, 2, next="?page=2", last="?page=2"), "?page=2": page(3, first="?page=1", prev="?page=1")},
        ["", "?page=2"],
    ),
    "the list grows while it is read": (
        {
            "": page(1, next="?page=2", last="?page=2"),
            "?page=2": page(2, first="?page=1", prev="?page=1", next="?page=3"),
            "?page=3": page(3, first="?page=1", prev="?page=2"),
        },
        ["", "?page=2", "?page=3"],
    ),
    "no last": (
        {"": page(1, next="?page=2"), "?page=2": page(2, next="?page=3"), "?page=3": page(3)},
        ["", "?page=2", "?page=3"],
    ),
    "no prev": (
        {
            "": page(1, next="?page=2", last="?page=3"),
            "?page=2": page(2, next="?page=3", last="?page=3"),
            "?page=3": page(3),
        },
        ["", "?page=3", "?page=2"],
    ),
    "no first": (
        {
            "": page(1, next="?page=2", last="?page=3"),
            "?page=2": page(2, prev="?page=1", next="?page=3", last="?page=3"),
            "?page=3": page(3, prev="?page=2"),
        },
        ["", "?page=3", "?page=2"],
    ),
    "previous for prev": (
        {
            "": page(1, next="?page=2", last="?page=4"),
            "?page=2": page(2, first="?page=1", previous="?page=1", next="?page=3", last="?page=4"),
            "?page=3": page(3, first="?page=1", previous="?page=2", next="?page=4", last="?page=4"),
            "?page=4": page(4, first="?page=1", previous="?page=3"),
        },
        ["", "?page=4", "?page=3", "?page=2"],
    ),
    "no first, and the same page under several addresses": (
        {
            "": page(1, next="?after=12", last="?last=1"),
            "?before=21": page(1, next="?after=12"),
            "?before=31": page(2, prev="?before=21", next="?after=22"),
            "?last=1": page(3, prev="?before=31"),
        },
        ["", "?last=1", "?before=31", "?before=21"],
    ),
}


@pytest.mark.parametrize("name", PAGINGS)
async def test_every_way_of_linking_gives_the_whole_listing_newest_page_first(name: str) -> None:
    pages, asked = PAGINGS[name]
    api = FakeApi(listing(pages))
    found = await walk(api)

    assert [route.removeprefix(LISTING) for route in api.asked if route != TOKEN] == asked
    assert {one for part in found for one in part} == {one["id"] for answer in pages.values() for one in answer.body}
    assert [max(part) for part in found] == sorted((max(part) for part in found), reverse=True)


@pytest.mark.parametrize(
    "links",
    [{}, {"first": "?page=1", "last": "?page=1"}, {"last": LISTING.replace("GET ", "https://")}],
    ids=["no links", "first and last", "last is the page itself"],
)
async def test_a_single_page_is_one_request_however_full(links: dict[str, str]) -> None:
    api = FakeApi(listing({"": page(*range(10), **links)}))
    known = replace(INSTANCE, details=Details())

    assert [len(part.backups) async for part in map_pages(PROVIDER, api, OPTIONS, known)] == [20]
    assert api.asked == [TOKEN, LISTING]


async def test_the_newest_page_is_yielded_before_older_ones_are_asked_for() -> None:
    api = FakeApi(listing(PAGINGS["all four links stand everywhere"][0]))
    async for part in map_pages(PROVIDER, api, OPTIONS, INSTANCE):
        assert [one.id for one in part.backups] == ["31", "32"]
        break

    assert api.asked == [TOKEN, LISTING, f"{LISTING}?page=3"]


@pytest.mark.parametrize("rel", ["last", "next"])
async def test_a_link_to_another_host_is_not_followed(rel: str) -> None:
    api = FakeApi(listing({"": page(1, **{rel: "https://elsewhere.example/v1/backups?page=2"})}))
    with pytest.raises(MalformedError):
        await walk(api)


@pytest.mark.parametrize("body", [[{"status": "successful"}], [7], {"backups": []}, None])
async def test_a_listing_without_records_or_ids_is_malformed(body: Any) -> None:
    with pytest.raises(MalformedError):
        await walk(FakeApi(listing({"": Reply(body=body)})))


def full_page(**links: str) -> Reply:
    """Return a page of twenty records, the last of which ended on 2018-03-21 at 01:00."""
    records = [
        {
            "id": number,
            "status": "successful",
            "started_at": f"2018-03-{number:02}T00:00:00Z",
            "ended_at": f"2018-03-{number + 1:02}T01:00:00Z",
        }
        for number in range(1, 21)
    ]
    return Reply(body=records, links=links)


LAST_END = 1521594000.0


@pytest.mark.parametrize(
    ("last_success", "whole"),
    [
        (None, True), (LAST_END, True), (LAST_END + 60, True), (LAST_END - 9 * DAY, True), (LAST_END + 61, False),
        (LAST_END + 9 * DAY, False),
    ],
)  # fmt: skip
async def test_a_full_page_without_links_is_not_the_whole_list_if_a_success_is_newer(
    last_success: float | None, whole: bool
) -> None:
    resource = replace(INSTANCE, details=Details(last_success=last_success))
    api = FakeApi(listing({"": full_page()}))
    with nullcontext() if whole else pytest.raises(MalformedError, match="last_successful_backup"):
        (page,) = [page async for page in map_pages(PROVIDER, api, OPTIONS, resource)]
        assert len(page.backups) == 20


async def test_the_instance_is_read_before_a_full_page_without_links_is_believed() -> None:
    instance = {"id": 5, "last_successful_backup": "2018-03-22T03:00:00Z"}
    api = FakeApi(listing({"": full_page()}) | {f"{GET}/backup_instances/5": Reply(body=instance)})
    with pytest.raises(MalformedError, match="last_successful_backup"):
        [page async for page in map_pages(PROVIDER, api, OPTIONS, INSTANCE)]


async def test_a_full_page_with_any_link_and_one_that_is_not_full_are_believed() -> None:
    resource = replace(INSTANCE, details=Details(last_success=LAST_END + DAY))
    short = Reply(body=full_page().body[:19])
    for reply in (full_page(first="?page=1"), short):
        assert [page async for page in map_pages(PROVIDER, FakeApi(listing({"": reply})), OPTIONS, resource)]

"""A listing that is as it was is read, but nothing is made of it; whatever differs is."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from exporter.client.client import Request, Response
from exporter.model import Status
from tests.polling.stub_provider import STUB, Vendor, row, source, watching
from tests.virtual_time import START, virtually

pytestmark = pytest.mark.integration

POLL = 300


class Marking(Vendor):
    """Marks its answers, and sends none that the asker has already; `listings` counts those sent of listings."""

    mark: str = ""
    """In place of one that follows from the body, as a bad proxy may give."""
    listings: int = 0

    async def send(self, request: Request) -> Response:
        answer = await Vendor.send(self, request)
        mark = self.mark or f'W/"{hash(answer.body)}"'
        if answer.status == 200 and request.headers.get("If-None-Match") == mark:
            return Response(status=304, headers={"etag": mark}, body=b"")
        self.listings += "/backups/" in request.url
        return replace(answer, headers={"etag": mark})


def marking(*pages: list[Any]) -> Marking:
    vendor = Marking({"one": ["a"]})
    vendor.backups["a"] = list(pages)
    return vendor


def vendor_of(*pages: list[Any]) -> Vendor:
    vendor = Vendor({"one": ["a"]})
    vendor.backups["a"] = list(pages)
    return vendor


@pytest.mark.parametrize("newest_first", [True, False])
@virtually
async def test_the_same_answers_leave_what_is_known_as_it_is(newest_first: bool) -> None:
    vendor = vendor_of([row("2", started=START - 50)], [row("1", started=START - 100)])
    provider = replace(STUB, newest_first=newest_first)
    async with watching(vendor, source(provider=provider, poll_interval=POLL)) as seen:
        await asyncio.sleep(2 * POLL + 10)  # the second poll of the two may read less than the first
        known, asked = seen.entry().resources["a"], len(vendor.asked)
        await asyncio.sleep(POLL)
        assert seen.entry().resources["a"] is known
        assert len(vendor.asked) - asked == (1 if newest_first else 2)
        vendor.backups["a"][0] = [row("3", started=START + 60), row("2", started=START - 50)]
        await asyncio.sleep(POLL)
        assert seen.entry().resources["a"].summary.last_success == START + 60  # type: ignore[union-attr]


@virtually
async def test_a_failure_between_two_equal_answers_is_told_and_then_over() -> None:
    vendor = vendor_of([row("1", started=START - 100)])
    async with watching(vendor, source(poll_interval=POLL)) as seen:
        await asyncio.sleep(POLL + 10)
        vendor.trouble["/backups/a/0"] = 500
        await asyncio.sleep(POLL)
        assert seen.failures() == {"a": "server_error"}
        del vendor.trouble["/backups/a/0"]
        await asyncio.sleep(POLL)
        assert seen.failures() == {"a": None}


@virtually
async def test_what_following_has_told_is_held_against_the_next_listing_even_if_that_is_as_it_was() -> None:
    vendor = vendor_of([row("1", "running", START - 100)])
    async with watching(vendor, source(poll_interval=POLL, progress_interval=30.0)) as seen:
        await asyncio.sleep(10)
        before = seen.entry().resources["a"].response_hashes
        await asyncio.sleep(40)  # the follower has looked
        assert before
        assert seen.entry().resources["a"].response_hashes == ()
        await asyncio.sleep(POLL)
        assert seen.entry().resources["a"].listing.backups["1"].status is Status.IN_PROGRESS  # type: ignore[union-attr]


@pytest.mark.parametrize("newest_first", [True, False])
@virtually
async def test_an_answer_that_the_vendor_marks_is_not_sent_again_while_the_mark_holds(newest_first: bool) -> None:
    vendor = marking([row("1", started=START - 100)])
    provider = replace(STUB, newest_first=newest_first)
    async with watching(vendor, source(provider=provider, poll_interval=POLL)) as seen:
        await asyncio.sleep(10 * POLL + 10)
        assert (vendor.listings, seen.reason(), seen.failures()) == (1, None, {"a": None})
        vendor.backups["a"] = [[row("2", started=START + 60), row("1", started=START - 100)]]
        await asyncio.sleep(POLL)
        assert vendor.listings == 2
        assert seen.entry().resources["a"].summary.last_success == START + 60  # type: ignore[union-attr]


@virtually
async def test_of_several_pages_none_is_asked_for_by_its_mark() -> None:
    vendor = marking([row("2", started=START - 50)], [row("1", started=START - 100)])
    async with watching(vendor, source(provider=replace(STUB, newest_first=False), poll_interval=POLL)) as seen:
        await asyncio.sleep(4 * POLL + 10)
        assert vendor.listings == 10
        assert seen.failures() == {"a": None}


@pytest.mark.parametrize("newest_first", [True, False])
@virtually
async def test_a_mark_that_never_changes_hides_nothing_for_longer_than_a_discovery_interval(newest_first: bool) -> None:
    vendor = marking([row("1", started=START - 100)])
    vendor.mark = '"always the same"'
    provider = replace(STUB, newest_first=newest_first)
    async with watching(vendor, source(provider=provider, poll_interval=POLL, discovery_interval=3600.0)) as seen:
        await asyncio.sleep(7200 + 2 * POLL + 10)  # each interval may end just after a poll
        assert vendor.listings == 3
        vendor.backups["a"] = [[row("2", started=START + 60)]]
        await asyncio.sleep(3600 + POLL)
        assert vendor.listings == 4
        assert seen.entry().resources["a"].summary.last_success == START + 60  # type: ignore[union-attr]


@virtually
async def test_a_304_that_was_not_asked_for_is_malformed() -> None:
    vendor = vendor_of([row("1", started=START - 100)])
    vendor.trouble["/backups/a/0"] = 304
    async with watching(vendor, source(poll_interval=POLL)) as seen:
        await asyncio.sleep(POLL + 10)
        assert seen.failures() == {"a": "malformed"}


@virtually
async def test_what_following_has_told_is_not_left_standing_by_a_mark() -> None:
    vendor = marking([row("1", "running", START - 100)])
    async with watching(vendor, source(poll_interval=POLL, progress_interval=30.0)) as seen:
        await asyncio.sleep(POLL + 10)
        assert vendor.listings == 2
        assert seen.entry().resources["a"].listing.backups["1"].status is Status.IN_PROGRESS  # type: ignore[union-attr]


class Linking(Marking):
    """Keeps its mark while only the `Link` header changes, which a 304 repeats, as Rack servers do."""

    link: str = ""

    async def send(self, request: Request) -> Response:
        answer = await Marking.send(self, request)
        return replace(answer, headers={**answer.headers, "link": self.link} if self.link else answer.headers)


@virtually
async def test_a_304_whose_link_is_another_one_does_not_hide_what_is_behind_the_page() -> None:
    vendor = Linking({"one": ["a"]})
    vendor.backups["a"] = [[row("1", started=START - 100)]]
    async with watching(vendor, source(provider=replace(STUB, newest_first=False), poll_interval=POLL)) as seen:
        await asyncio.sleep(2 * POLL + 10)
        assert vendor.listings == 1
        vendor.link = '</backups/a/1>; rel="next"'
        await asyncio.sleep(POLL)
        assert vendor.listings == 2, "asked again without a mark"
        assert seen.failures() == {"a": None}
        await asyncio.sleep(2 * POLL)
        assert vendor.listings == 2, "and then unchanged under the new link"

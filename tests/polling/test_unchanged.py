"""A listing that is as it was is read, but nothing is made of it; whatever differs is."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Status
from tests.polling.stub_provider import STUB, Vendor, row, source, watching
from tests.virtual_time import START, virtually

POLL = 300


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
        known, asked = seen.entry().watched["a"], len(vendor.asked)
        await asyncio.sleep(POLL)
        assert seen.entry().watched["a"] is known
        assert len(vendor.asked) - asked == (1 if newest_first else 2)
        vendor.backups["a"][0] = [row("3", started=START + 60), row("2", started=START - 50)]
        await asyncio.sleep(POLL)
        assert seen.entry().watched["a"].summary.last_success == START + 60  # type: ignore[union-attr]


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
        before = seen.entry().watched["a"].heard
        await asyncio.sleep(40)  # the follower has looked
        assert before
        assert seen.entry().watched["a"].heard == ()
        await asyncio.sleep(POLL)
        assert seen.entry().watched["a"].listing.backups["1"].status is Status.IN_PROGRESS  # type: ignore[union-attr]

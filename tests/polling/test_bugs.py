"""A bug about one vendor must not end the watching of the others, nor of itself."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from exporter.model import Backup, Resource, Scope
from exporter.polling import poller
from exporter.provider import Api, RawPage
from tests.polling.stub_provider import STUB, Options, Vendor, row, source, watching
from tests.virtual_time import START, virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

POLL = 300.0


class SlipError(RuntimeError):
    """What only a bug raises."""


async def slip(*_: object) -> Any:
    """Be wrong."""
    raise SlipError("secret words")


async def slip_about_a(api: Api, options: Options, resource: Resource) -> AsyncIterator[RawPage]:
    """Be wrong about one resource."""
    if resource.id == "a":
        raise SlipError("secret words")
    async for page in STUB.pages(api, options, resource):
        yield page


def break_limit(_: float) -> float:
    """Be wrong where the numbers are prepared."""
    raise SlipError("secret words")


BROKEN = {
    "scopes": replace(STUB, scopes=slip),
    "resources": replace(STUB, resources=slip),
    "max_age": replace(STUB, max_age=break_limit),
}


@pytest.mark.parametrize("where", BROKEN)
@virtually
async def test_a_bug_ends_as_internal_with_its_traceback_in_the_log_and_other_sources_go_on(where: str) -> None:
    vendors = {"broken": Vendor({"one": ["a"]}), "well": Vendor({"one": ["a"]})}
    with capture_logs() as logs:
        async with watching(vendors, source("broken", provider=BROKEN[where]), source("well")) as seen:
            await asyncio.sleep(2 * POLL + 1)
            assert (seen.reason("broken"), seen.reason("well")) == ("internal", None)
            assert seen.entry("broken").counters.poll_failures == {"internal": 3}
            assert seen.entry("well").counters.polls == 3
    bugs = [one for one in logs if one["event"] == "bug"]
    assert len(bugs) >= 3
    assert all(one["exc_info"] and one["source"] == "broken" for one in bugs)


@virtually
async def test_a_bug_about_one_resource_is_that_resources() -> None:
    vendor = Vendor({"one": ["a", "b"]})
    async with watching(vendor, source(provider=replace(STUB, pages=slip_about_a))) as seen:
        await asyncio.sleep(1)
        assert seen.reason() is None
        assert seen.failures() == {"a": "internal", "b": None}


@virtually
async def test_a_bug_in_listing_one_scope_is_that_scopes() -> None:
    async def wrong_about_two(api: Api, options: Options, scope: Scope) -> Sequence[Resource]:
        if scope.id == "two":
            raise SlipError
        return await STUB.resources(api, options, scope)

    vendor = Vendor({"one": ["a"], "two": ["b"]})
    async with watching(vendor, source(provider=replace(STUB, resources=wrong_about_two))) as seen:
        await asyncio.sleep(1)
        assert (seen.reason(), seen.failures()) == (None, {"a": None})


@virtually
async def test_a_bug_in_following_ends_neither_the_following_nor_the_polling() -> None:
    calls = []

    async def refresh(*_: object) -> Sequence[Backup]:
        calls.append(1)
        raise SlipError

    vendor = Vendor({"one": ["a"]}, backups={"a": [[row("1", "running", START)]]})
    with capture_logs() as logs:
        async with watching(vendor, source(provider=replace(STUB, refresh=refresh))) as seen:
            await asyncio.sleep(POLL + 1)
            assert seen.reason() is None
            assert seen.failures() == {"a": None}
    assert len(calls) == 10
    assert {one["reason"] for one in logs if one["event"] == "following.failed"} == {"internal"}


@virtually
async def test_a_bug_of_the_poller_itself_is_not_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Vendor({"one": ["a"]})
    async with watching(vendor, source()) as seen:
        await asyncio.sleep(1)
        with monkeypatch.context() as patched:
            patched.setattr(poller, "apply_caps", break_limit)
            await asyncio.sleep(POLL)
        assert seen.reason() == "internal"
        assert seen.entry().status.resources == 1
        await asyncio.sleep(POLL)
        assert seen.reason() is None

"""Ends of backups that a vendor reports outside its listings: one request a scope and poll, and never a failure."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from exporter.client import session
from exporter.model import Resource
from exporter.provider import Api, address
from exporter.state.resource import ResourceStatus
from tests.polling.stub_provider import BASE, STUB, Options, Vendor, Watching, auth, row, source, watching
from tests.virtual_time import START, virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

POLL = 300.0


async def ends(api: Api, options: Options, resources: Sequence[Resource]) -> Mapping[str, float]:
    """Return what the scope's events say; none where nothing is of the kind."""
    assert len({resource.scope for resource in resources}) == 1
    body = (await api.get(address(BASE, "events", resources[0].scope), auth=auth(options))).body
    return {own: START + seconds for own, seconds in body.items()}


PROVIDER = replace(STUB, ends=ends, newest_first=False)


def vendor() -> Vendor:
    found = Vendor({"one": ["a", "b"], "two": ["c"]})
    found.backups["a"] = [[row("a2", started=START - 50), row("a1", started=START - 500)]]
    found.trouble = {"/events/one": {"a1": -400, "b-1": 3, "other": 5}, "/events/two": {}}
    return found


def durations(seen: Watching) -> dict[str, Mapping[str, float]]:
    resource_status: Mapping[str, ResourceStatus] = seen.entry().resources
    return {key: one.summary.last_duration for key, one in resource_status.items() if one.summary is not None}


@virtually
async def test_ends_give_durations_and_cost_one_request_a_scope_and_poll() -> None:
    events = vendor()
    async with watching(events, source(provider=PROVIDER, exclude=("c",))) as seen:
        await asyncio.sleep(1)
        assert durations(seen) == {"a": {}, "b": {"": 3.0}}
        events.trouble["/events/one"] = {"a2": 10}
        await asyncio.sleep(POLL)  # the listings are as they were
        assert durations(seen) == {"a": {"": 60.0}, "b": {"": 3.0}}
        assert (len(events.times("/events/one")), len(events.times("/events/two"))) == (2, 0)
        assert seen.entry().resources["a"].listing.backups["a1"].finished == START - 400  # type: ignore[union-attr]


@virtually
async def test_the_cap_on_pages_is_for_one_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAX_PAGES", 3)
    events = Vendor({f"s{number}": [f"r{number}"] for number in range(10)})
    events.trouble = {f"/events/s{number}": {f"r{number}-1": 3} for number in range(10)}
    async with watching(events, source(provider=PROVIDER)) as seen:
        await asyncio.sleep(1)
        assert durations(seen) == {f"r{number}": {"": 3.0} for number in range(10)}


@pytest.mark.parametrize(
    ("trouble", "reason"), [(403, "forbidden"), (404, "not_found"), (500, "server_error"), ("<html>", "internal")]
)
@virtually
async def test_ends_that_cannot_be_read_leave_everything_else_as_it_is(trouble: object, reason: str) -> None:
    events = vendor()
    events.trouble["/events/two"] = trouble
    with capture_logs() as logs:
        async with watching(events, source(provider=PROVIDER)) as seen:
            await asyncio.sleep(2 * POLL + 1)
            assert (seen.reason(), set(seen.failures().values())) == (None, {None})
            assert seen.entry().status.unreadable_scopes == ()
            assert durations(seen) == {"a": {}, "b": {"": 3.0}, "c": {}}
            events.trouble["/events/two"] = {}
            await asyncio.sleep(POLL)
            events.trouble["/events/two"] = trouble
            await asyncio.sleep(POLL)

    assert [(log["scope"], log["reason"]) for log in logs if log["event"] == "ends.failed"] == [("two", reason)] * 2


@virtually
async def test_after_a_refused_credential_no_further_scope_is_asked() -> None:
    events = vendor()
    events.trouble |= {"/events/one": 401, "/events/two": 401}
    async with watching(events, source(provider=PROVIDER)) as seen:
        await asyncio.sleep(1)
        assert len(events.times("/events/one") + events.times("/events/two")) == 1
        assert seen.reason() is None

"""A running backup is seen to its end between two polls, for every vendor and within a quarter of the budget."""

import asyncio
from collections.abc import Sequence

import pytest

from exporter import registry
from exporter.client.rate_limiter import effective_budget, share_of
from exporter.demo.http import Story
from exporter.model import Backup, Status
from exporter.provider import RateLimit
from exporter.state.resource import ResourceStatus
from tests.polling.staged_backups import find_resource, run_of
from tests.polling.stub_provider import Vendor, row, source
from tests.polling.stub_provider import watching as watching_stub
from tests.simulated_transport import Arrival, Watching, watching
from tests.vendors import find_profiles, open_accounts
from tests.vendors.profile import Profile
from tests.virtual_time import START, now, virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

POLL = 300.0
AHEAD = 41.0
"""How far the story is when the exporter starts: by then each vendor has a backup that runs."""
STORY = Story(start=START - AHEAD)
EACH_VENDOR = pytest.mark.parametrize("profile", find_profiles().values(), ids=find_profiles())


def find_between_polls(seen: Watching, account: str, since: float) -> list[Arrival]:
    """Return what was asked since the first poll ended; the second has not begun."""
    assert seen.app.store.entries[account].counters.polls == 1
    return [one for one in seen.transports[account].arrivals if one.at >= since]


@EACH_VENDOR
@virtually
async def test_a_running_backup_is_followed_to_its_end_between_two_polls(profile: Profile) -> None:
    staged = profile.staged
    began = STORY.at(staged.begins)
    async with watching(open_accounts(profile.name, STORY)) as seen:
        await asyncio.sleep(29)
        store, polled = seen.app.store, now()
        first = find_resource(store, profile)
        running = run_of(first, began)
        assert running.status is Status.IN_PROGRESS
        assert first.summary is not None
        assert first.summary.running == 1
        await asyncio.sleep(15)
        halfway = find_resource(store, profile)
        assert halfway.summary is not None
        assert halfway.summary.running_since == running.started
        if staged.shows_progress:
            done = 100 * (AHEAD + 30 - staged.begins) / (staged.ends - staged.begins)
            assert halfway.summary.progress == pytest.approx(done, abs=3)
        await asyncio.sleep(80)
        ended = find_resource(store, profile)
        assert ended.summary is not None
        assert (ended.summary.running, ended.summary.last_finished) == (0, Status.COMPLETED)
        assert ended.summary.last_success == running.started
        if staged.shows_end:
            assert run_of(ended, began).duration == pytest.approx(staged.ends - staged.begins, abs=0.01)
        arrived = find_between_polls(seen, profile.account, polled)
        own = [one.path for one in arrived if _is_about(one.path, ended, running)]
        assert _all_end(own, [end.format(id=running.id) for end in staged.asked]), own
        counters = store.entries[profile.account].counters
        assert sum(counters.requests.values()) == len(seen.transports[profile.account].arrivals)
        assert store.entries[profile.account].status.up


def _all_end(paths: Sequence[str], ends: Sequence[str]) -> bool:
    return len(paths) == len(ends) and all(path.endswith(end) for path, end in zip(paths, ends, strict=True))


def _is_about(path: str, resource_status: ResourceStatus, backup: Backup) -> bool:
    own = resource_status.resource.path[-1] if resource_status.resource.path else resource_status.resource.id
    return f"/{own}/" in path or path.endswith(f"/{backup.id}")


@EACH_VENDOR
@virtually
async def test_however_often_it_looks_following_spends_at_most_a_quarter_of_the_budget(profile: Profile) -> None:
    limit = registry.provider(profile.name).rate_limit
    async with watching(open_accounts(profile.name, STORY), progress_interval="1s") as seen:
        await asyncio.sleep(POLL - 1)
        for account in seen.transports:
            duration = seen.app.store.entries[account].status.duration
            assert duration is not None
            spent = [one.at for one in find_between_polls(seen, account, duration)]
            if account == profile.account:
                assert len(spent) >= 3
            assert _fits(spent, share_of(limit, 0.25))
        statuses = {one.status for transport in seen.transports.values() for one in transport.arrivals}
        assert 429 not in statuses


def _fits(arrived: Sequence[float], limit: RateLimit) -> bool:
    places, window = effective_budget(limit)
    return all(later - earlier >= window for earlier, later in zip(arrived, arrived[places:], strict=False))


@virtually
async def test_many_running_backups_wait_for_their_quarter_and_take_nothing_from_the_polls() -> None:
    names = [f"r{number}" for number in range(30)]
    vendor = Vendor({"one": names}, backups={name: [[row(f"{name}-1", "running", START)]] for name in names})
    limit = RateLimit(requests=20, per=10)
    async with watching_stub(vendor, source(rate_limit=limit, poll_interval=200.0, progress_interval=1.0)) as seen:
        await asyncio.sleep(1000)
        followed = [at for at, path in vendor.asked if path.startswith("/running/")]
        assert _fits(followed, share_of(limit, 0.25))
        assert len(followed) == pytest.approx(1000 / 10 * 5, rel=0.1)
        assert seen.entry().counters.polls == 5
        assert seen.entry().status.interval == 200


@virtually
async def test_following_does_not_lengthen_the_interval_of_the_polls() -> None:
    names = [f"r{number}" for number in range(50)]
    running = {name: [[row(f"{name}-1", "running", START)]] for name in names[:10]}
    limit = RateLimit(requests=60, per=60)
    watched = source(rate_limit=limit, poll_interval=60.0, progress_interval=3.0)
    vendor = Vendor({"one": names}, backups=running, seconds=4.0)
    async with watching_stub(vendor, watched) as seen:
        for _ in range(20):
            await asyncio.sleep(60)
            assert seen.entry().status.interval == 60
        assert seen.entry().counters.polls >= 18


@virtually
async def test_what_does_not_run_or_cannot_be_read_is_not_followed() -> None:
    backups = {"a": [[row("a-1", "running")]], "b": [[row("b-1")]], "c": [[row("c-1", "running")]]}
    vendor = Vendor({"one": ["a", "b", "c"]}, backups=backups)
    async with watching_stub(vendor, source()):
        await asyncio.sleep(POLL - 1)
        vendor.trouble["/backups/c/0"] = 500
        await asyncio.sleep(1.5)
        before = len(vendor.asked)
        await asyncio.sleep(POLL - 20)
        assert {path for _, path in vendor.asked[before:]} == {"/running/a/a-1"}


@virtually
async def test_what_following_learns_stays_when_the_next_poll_sees_a_lagging_replica() -> None:
    vendor = Vendor({"one": ["a"]}, backups={"a": [[row("a-1", "running")]]})
    async with watching_stub(vendor, source()) as seen:
        await asyncio.sleep(1)
        vendor.trouble["/running/a/a-1"] = row("a-1", "done", finished=START + 20)
        await asyncio.sleep(POLL)
        summary = seen.entry().resources["a"].summary
        assert summary is not None
        assert (summary.running, summary.last_success) == (0, START)
        assert len(vendor.times("/running/a/a-1")) == 1


@virtually
async def test_a_backup_that_cannot_be_followed_is_left_to_the_next_poll() -> None:
    vendor = Vendor({"one": ["a"]}, backups={"a": [[row("a-1", "running")]]})
    vendor.trouble["/running/a/a-1"] = 404
    async with watching_stub(vendor, source()) as seen:
        await asyncio.sleep(POLL - 1)
        assert (seen.reason(), seen.failures()) == (None, {"a": None})
        vendor.backups["a"] = [[row("a-1", "failed")]]
        await asyncio.sleep(2)
        summary = seen.entry().resources["a"].summary
        assert summary is not None
        assert (summary.running, summary.failures) == (0, 1)

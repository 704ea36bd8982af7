"""A day of every vendor at its default budget, in virtual time: not one request too many."""

import asyncio
from collections import Counter

import pytest

from exporter.demo.http import Story
from tests.simulated_transport import Watching, watching
from tests.vendors import find_profiles, open_accounts
from tests.vendors.profile import POLLS, Profile
from tests.virtual_time import START, run_virtual

pytestmark = pytest.mark.integration

DAY = 86400.0


@pytest.mark.long
@pytest.mark.usefixtures("in_step")
@pytest.mark.parametrize("profile", find_profiles().values(), ids=find_profiles())
def test_a_day_at_the_default_budget_earns_not_one_429(profile: Profile) -> None:
    seen = run_virtual(_day(profile.name))
    assert seen.transports.keys() == profile.day.keys()
    for name, transport in seen.transports.items():
        expected, entry = profile.day[name], seen.app.store.entries[name]
        codes = Counter(str(one.status) for one in transport.arrivals)
        assert codes["429"] == 0
        assert codes == entry.counters.requests
        assert entry.counters.polls == POLLS
        assert entry.status.interval == entry.status.configured_interval == 300
        assert entry.status.resources == expected.resources
        assert expected.fewest <= codes.total() <= expected.most, codes
        assert set(entry.counters.poll_failures) <= {"server_error"}
        assert entry.counters.throttled < DAY / 2


async def _day(vendor: str) -> Watching:
    async with watching(open_accounts(vendor, Story(start=START))) as seen:
        await asyncio.sleep(DAY - 1)  # with the next second begins the first poll of the day after
    return seen

"""A day of every vendor at its default budget, in virtual time: not one request too many."""

import asyncio
from collections import Counter
from dataclasses import dataclass

import pytest

from exporter import registry
from exporter.demo.http import Story
from tests.polling.staged import accounts
from tests.simulated_transport import Watching, watching
from tests.virtual_time import START, run_virtual

DAY = 86400.0
POLLS = 288


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a day of an account comes to: its resources, and what it may cost."""

    resources: int
    fewest: int
    most: int


LOOKS = 2880
"""How often something that runs all day is looked at."""
EXPECTED = {
    "backupify": {
        # five instances, two of them with a second page; a backup that never ends is followed by one request a look
        "workspace": Account(resources=5, fewest=POLLS * 5 + LOOKS // 2, most=POLLS * 8 + LOOKS * 5 // 4),
    },
    "clickhouse_cloud": {
        "analytics": Account(resources=6, fewest=POLLS * 6 + LOOKS, most=POLLS * 6 + 24 * 9 + LOOKS * 5 // 4),
        "staging": Account(resources=1, fewest=POLLS, most=POLLS + 24 * 3 + 50),
    },
    "northflank": {
        # in each poll one for each addon or two where there are more than a hundred backups, and one for what is closed
        "platform": Account(resources=6, fewest=POLLS * 7, most=POLLS * 8 + 24 * 20 + 100),
    },
    "scalingo": {
        # each database has a token of its own, renewed every hour as the account's is
        # and of a shared PostgreSQL the recovery window is asked for in each poll
        "shop": Account(resources=6, fewest=POLLS * 6, most=POLLS * 7 + 24 * 20 + 100),
    },
    "scholarly": {
        "campus": Account(resources=1, fewest=POLLS, most=POLLS * 2 + 24 * 5 + 100),
        "faculty": Account(resources=1, fewest=POLLS, most=POLLS + 24 + 1),
    },
}


def test_every_vendor_is_here() -> None:
    assert tuple(sorted(EXPECTED)) == registry.names()


@pytest.mark.slow
@pytest.mark.usefixtures("in_step")
@pytest.mark.parametrize("vendor", EXPECTED)
def test_a_day_at_the_default_budget_earns_not_one_429(vendor: str) -> None:
    seen = run_virtual(_day(vendor))
    assert seen.transports.keys() == EXPECTED[vendor].keys()
    for name, transport in seen.transports.items():
        expected, entry = EXPECTED[vendor][name], seen.app.store.entries[name]
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
    async with watching(accounts(vendor, Story(start=START))) as seen:
        await asyncio.sleep(DAY - 1)  # with the next second begins the first poll of the day after
    return seen

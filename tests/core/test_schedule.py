"""The largest gap between two slots of a schedule."""

from collections.abc import Iterable

import pytest

from exporter.provider import add_slack
from exporter.schedule import DAY, HOUR, WEEK, largest_gap


@pytest.mark.parametrize(
    ("slots", "cycle", "gap"),
    [
        ([], DAY, None),
        ([0], DAY, DAY),
        ([3 * HOUR], DAY, DAY),
        ([3 * HOUR, 3 * HOUR], DAY, DAY),
        ([0, 12 * HOUR], DAY, 12 * HOUR),
        ([12 * HOUR, 0], DAY, 12 * HOUR),
        ([0, 6 * HOUR], DAY, 18 * HOUR),
        ([6 * HOUR, 7 * HOUR, 8 * HOUR], DAY, 22 * HOUR),
        ([2 * HOUR, 23 * HOUR], DAY, 21 * HOUR),
        ([1 * DAY, 4 * DAY], WEEK, 4 * DAY),
        ([number * HOUR for number in range(24)], DAY, HOUR),
        ([23 * HOUR, DAY], DAY, 23 * HOUR),
        ([3 * HOUR, DAY + 3 * HOUR], DAY, DAY),
        ([-1 * HOUR, 11 * HOUR], DAY, 12 * HOUR),
        ([0, 30 * HOUR], DAY, 18 * HOUR),
    ],
)
def test_largest_gap(slots: Iterable[float], cycle: float, gap: float | None) -> None:
    assert largest_gap(iter(slots), cycle) == gap


@pytest.mark.parametrize(
    ("interval", "limit"),
    [(HOUR, 3 * HOUR), (12 * HOUR, 14 * HOUR), (20 * HOUR, 22 * HOUR), (DAY, 26.4 * HOUR), (WEEK, WEEK * 1.1)],
)
def test_the_limit_that_an_interval_gives(interval: float, limit: float) -> None:
    assert add_slack(interval) == pytest.approx(limit)

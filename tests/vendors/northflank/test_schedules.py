"""Northflank's schedules as slots of a week: the gaps between them, their kinds, how long backups are kept."""

from typing import Any

import pytest

from exporter.errors import NotFoundError
from exporter.model import Details
from exporter.providers.northflank import details
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors.northflank.answers import ADDON, DAY, EXAMPLE, HOUR, OPTIONS, V1, VOLUME, answer, details_of


@pytest.mark.parametrize(
    ("scheduling", "gap"),
    [
        ({"interval": "hourly", "minute": [30], "hour": [], "day": []}, HOUR),
        ({"interval": "hourly", "minute": [0, 15], "hour": [3], "day": [2]}, 45 * 60.0),
        ({"interval": "daily", "minute": [0], "hour": [2]}, DAY),
        ({"interval": "daily", "minute": [0, 30], "hour": [2, 14]}, 11.5 * HOUR),
        ({"interval": "weekly", "minute": [30], "hour": [18], "day": [4]}, 7 * DAY),
        ({"interval": "weekly", "minute": [0], "hour": [1], "day": [0, 2, 4]}, 3 * DAY),
        ({"interval": "weekly", "minute": [0], "hour": [0, 12], "day": [0, 1, 2, 3, 4, 5, 6]}, 12 * HOUR),
        ({"interval": "hourly", "minute": []}, HOUR),
        ({"interval": "daily", "minute": [], "hour": []}, DAY),
        ({"interval": "Weekly"}, 7 * DAY),
        ({"interval": "daily", "minute": ["x", 75, None, True, 0, -5], "hour": {"at": 2}}, DAY),
    ],
)
async def test_the_gap_of_a_schedule(scheduling: dict[str, Any], gap: float) -> None:
    assert (await details_of(("dump", scheduling))) == Details(scheduled=True, interval=gap, intervals={"dump": gap})


async def test_schedules_of_one_kind_and_of_both_are_put_together() -> None:
    found = await details_of(
        ("dump", {"interval": "daily", "minute": [0], "hour": [0]}),
        ("dump", {"interval": "weekly", "minute": [0], "hour": [8], "day": [6]}),
        ("snapshot", {"interval": "daily", "minute": [0], "hour": [6]}),
    )

    assert found.intervals == {"dump": DAY, "snapshot": DAY}
    assert found.interval == 18 * HOUR


@pytest.mark.parametrize("scheduling", [{"interval": "monthly", "hour": [1]}, {}, None, "daily"])
async def test_a_schedule_that_we_cannot_read_is_one_without_an_interval(scheduling: Any) -> None:
    assert await details_of(("dump", scheduling)) == Details(scheduled=True)


async def test_a_schedule_of_an_unheard_of_kind_counts_for_the_addon_alone() -> None:
    found = await details_of(("clone", {"interval": "daily", "hour": [1]}))

    assert (found.interval, dict(found.intervals)) == (DAY, {})


async def schedules_of(data: Any) -> Details:
    routes = {
        f"{ADDON}/backup-schedules?per_page=100": Reply(body={"data": data}),
        f"{ADDON}/restores?per_page=100": answer("no-restores"),
    }
    return await details(FakeApi(routes), OPTIONS, EXAMPLE)


@pytest.mark.parametrize("data", [{}, {"schedules": None}, {"schedules": []}, []])
async def test_schedules_may_be_left_out(data: Any) -> None:
    assert await schedules_of(data) == Details(scheduled=False)


@pytest.mark.parametrize("schedules", ["none", 0, False, {"0": {}}, [None], [{}, "daily"]])
async def test_of_something_else_in_place_of_schedules_nothing_is_known(schedules: Any) -> None:
    assert await schedules_of({"schedules": schedules}) == Details()


@pytest.mark.parametrize(
    ("days", "retention"),
    [
        ((7,), 7 * DAY), ((7, 60, 14), 60 * DAY), ((0,), None), ((None, "7", [7], True, -1, 1e30), None), ((), None),
        ((None, 3), 3 * DAY), ((0.5,), DAY / 2),
    ],
)  # fmt: skip
async def test_the_retention_is_the_longest_of_all_schedules(days: tuple[Any, ...], retention: float | None) -> None:
    found = await schedules_of({"schedules": [{"retentionTime": day} for day in days]})

    assert found.retention == retention


@pytest.mark.parametrize("status", [404, 410])
async def test_a_volume_need_not_have_a_list_of_schedules_but_an_addon_does(status: int) -> None:
    path = f"{V1}/default-project/volumes/example-volume/backup-schedules?per_page=100"
    api = FakeApi({path: Reply(status=status), f"{ADDON}/backup-schedules?per_page=100": Reply(status=status)})

    assert await details(api, OPTIONS, VOLUME) == Details()
    with pytest.raises(NotFoundError):
        await details(api, OPTIONS, EXAMPLE)

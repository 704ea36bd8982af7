"""The windows of Scalingo's continuous backups: who has one, and who is asked for one."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.errors import PollError
from exporter.model import Details, RecoveryWindow, Resource
from exporter.providers import scalingo
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors.scalingo.answers import DB_API, EMPTY_LIST, OPTIONS, RUNNING, SHARED, TOKENS, WINDOW, reply

WINDOW_PATH = f"GET {DB_API}/ad-1/pitr/recovery_window"


async def windows(answer: Reply | None, resource: Resource = SHARED) -> tuple[list[RecoveryWindow | None], FakeApi]:
    api = FakeApi({**EMPTY_LIST, **({WINDOW_PATH: answer} if answer else {})})
    found = [part.recovery async for part in scalingo.pages(api, OPTIONS, resource)]
    return found, api


@pytest.mark.parametrize("status", [404, 410])
async def test_a_shared_postgresql_need_not_have_continuous_backups(status: int) -> None:
    assert (await windows(Reply(status=status)))[0] == [None]


@pytest.mark.parametrize(
    ("reported", "recovers"),
    [
        ({"first_pitr_backup": None}, False),
        ({"first_pitr_backup": ""}, False),
        ({"first_pitr_backup": "2025-01-01T00:00:00Z"}, True),
        ({"first_pitr_backup": [7]}, True),
    ],
)
async def test_where_the_database_says_that_there_is_no_window_none_is_asked_for(
    reported: dict[str, Any], recovers: bool
) -> None:
    api = FakeApi({**TOKENS, f"GET {DB_API}/ad-1": Reply(body={"database": reported})})
    known = await scalingo.details(api, OPTIONS, SHARED)
    assert (known.recovers, WINDOW_PATH in api.asked) == (recovers, False)

    _, asked = await windows(Reply(status=404), replace(SHARED, details=known))
    assert (WINDOW_PATH in asked.asked) is recovers


@pytest.mark.parametrize(
    ("answer", "recovers"),
    [(Reply(status=404), False), (Reply(body={"recovery_window": {}}), False), (reply("recovery-window-shared"), True)],
)
async def test_where_the_database_does_not_say_it_one_request_a_discovery_finds_out(
    answer: Reply, recovers: bool
) -> None:
    api = FakeApi({**TOKENS, f"GET {DB_API}/ad-1": Reply(body={"database": {}}), WINDOW_PATH: answer})
    known = await scalingo.details(api, OPTIONS, SHARED)
    assert (known.recovers, api.asked.count(WINDOW_PATH)) == (recovers, 1)

    _, asked = await windows(answer, replace(SHARED, details=known))
    assert (WINDOW_PATH in asked.asked) is recovers


async def test_a_window_is_asked_for_where_a_state_file_does_not_say_whether_there_is_one() -> None:
    _, api = await windows(reply("recovery-window-shared"), replace(SHARED, details=Details(interval=86400.0)))

    assert WINDOW_PATH in api.asked


async def test_no_other_technology_is_asked_for_a_window() -> None:
    found, api = await windows(None, RUNNING)

    assert (found, WINDOW_PATH in api.asked) == ([None], False)


@pytest.mark.parametrize("reported", [None, "", 7, [], {}, "0001-01-01T00:00:00Z", "x" * 10_000])
async def test_an_odd_end_of_a_window_costs_that_end(reported: Any) -> None:
    window = {"earliest_recoverable_at": reported, "latest_recoverable_at": "2018-11-04T12:00:00.000Z"}
    found, _ = await windows(Reply(body={"recovery_window": window}))
    assert found == [replace(WINDOW, earliest=None)]

    nothing, _ = await windows(Reply(body={"recovery_window": {"latest_recoverable_at": reported}}))
    assert nothing == [None]


@pytest.mark.parametrize("answer", [Reply(status=403), Reply(status=500), Reply(body="<html>"), Reply(body={})])
async def test_a_window_that_cannot_be_read_fails_the_resource(answer: Reply) -> None:
    with pytest.raises(PollError):
        await windows(answer)

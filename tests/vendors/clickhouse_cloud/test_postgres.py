"""ClickHouse Cloud's Managed Postgres: a scope of its own, and base backups of several spellings."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.errors import MalformedError, PollError
from exporter.model import Backup, Details, Scope, Status
from exporter.providers.clickhouse_cloud import (
    PROVIDER,
    details,
    refresh,
    resources,
)
from tests.providers.contract import map_pages
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors.clickhouse_cloud.answers import (
    LEDGER,
    LEDGER_RESOURCE,
    ORDERS_RESOURCE,
    ORGANIZATION,
    POSTGRES,
    options,
    result,
)

POSTGRES_SCOPE = Scope(id=f"{ORGANIZATION}/postgres", optional=True)


@pytest.mark.parametrize("status", [404, 410])
async def test_an_organization_without_managed_postgres_has_none(status: int) -> None:
    assert await resources(FakeApi({POSTGRES: Reply(status=status)}), options(), POSTGRES_SCOPE) == ()


@pytest.mark.parametrize(
    "answer",
    [
        *(Reply(status=status) for status in (401, 403, 500)),
        Reply(body="<html>"),
        result(None),
        result([1]),
        result([{}]),
    ],
)
async def test_managed_postgres_that_cannot_be_read_is_left_to_the_core(answer: Reply) -> None:
    with pytest.raises(PollError):
        await resources(FakeApi({POSTGRES: answer}), options(), POSTGRES_SCOPE)


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ({"id": 7}, Backup(id="7", status=Status.COMPLETED)),
        ({"id": "a", "status": "error"}, Backup(id="a", status=Status.FAILED)),
        ({"id": "a", "state": "completed"}, Backup(id="a", status=Status.COMPLETED)),
        ({"id": "a", "status": "odd"}, Backup(id="a", status=Status.UNKNOWN, unmapped="odd")),
        ({"id": "a", "status": 7}, Backup(id="a", status=Status.UNKNOWN, unmapped="no_text")),
        (
            {"id": "a", "createdAt": "2026-08-05T12:00:00Z", "completedAt": "2026-08-05T12:01:00Z", "sizeBytes": 3},
            Backup(id="a", status=Status.COMPLETED, started=1785931200.0, finished=1785931260.0, size=3),
        ),
    ],
)
async def test_a_base_backup_is_understood_by_all_likely_names(reported: dict[str, Any], expected: Backup) -> None:
    api = FakeApi({f"{POSTGRES}/{LEDGER}/backups?limit=100": result([reported])})
    (page,) = [page async for page in map_pages(PROVIDER, api, options(), LEDGER_RESOURCE)]

    assert page.backups == (expected,)
    assert await refresh(api, options(), LEDGER_RESOURCE, expected) == [expected]


@pytest.mark.parametrize(
    "body", [{"result": [{"status": "done"}]}, {"result": ["a"]}, {"result": [], "nextCursor": {}}, {"result": None}]
)
async def test_base_backups_without_ids_or_with_an_odd_cursor_are_malformed(body: Any) -> None:
    api = FakeApi({f"{POSTGRES}/{LEDGER}/backups?limit=100": Reply(body=body)})
    with pytest.raises(MalformedError):
        [page async for page in map_pages(PROVIDER, api, options(), LEDGER_RESOURCE)]


@pytest.mark.parametrize(
    ("state", "paused"), [("stopped", True), ("deleting", True), ("running", False), (None, False)]
)
async def test_a_managed_postgres_is_paused_by_its_state(state: Any, paused: bool) -> None:
    (found,) = await resources(FakeApi({POSTGRES: result([{"id": "p", "state": state}])}), options(), POSTGRES_SCOPE)

    assert (found.paused, found.id, found.name, found.kind) == (paused, "p", "p", "postgresql")


async def test_a_managed_postgres_known_from_a_state_file_is_asked_for_no_configuration() -> None:
    api = FakeApi({})

    found = await details(api, options(), replace(ORDERS_RESOURCE, kind="postgresql", path=(ORGANIZATION, LEDGER)))

    assert (found, api.asked) == (Details(interval=86400), [])

"""Scalingo's provider against answers as the vendor documents them."""

import base64
import json
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from exporter.errors import MalformedError, NotFoundError
from exporter.model import Backup, Details, RecoveryWindow, Resource, Status
from exporter.provider import TokenExchange, Url
from exporter.providers import scalingo
from exporter.providers.scalingo import Options
from exporter.secret import Secret
from exporter.state.listing import Page
from tests.providers.contract import ProviderContract
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors.scalingo.answers import (
    API,
    DB_API,
    EMPTY_LIST,
    EXCHANGE,
    HOUR,
    OPTIONS,
    RUNNING,
    SHARED,
    TOKENS,
    WINDOW,
    reply,
)

REDIS, KIBANA, SEARCH, NG = "5415beca646173000b015000", "ad-6c2f4d0e-kibana", "ad-search", "ad-dedicated"
APP = "54100930736f7563d5030000"
UNMAPPED = {Status.UNKNOWN: "expired"}


def database(own: str, name: str, app: str, state: str, created: float) -> Resource:
    kind = name.partition("/")[2]
    paused = state == "suspended"
    return Resource(id=own, name=name, kind=kind, state=state, created=created, paused=paused, path=(app, own))


def page(*rows: tuple[str, Status, str, float, float | None]) -> Page:
    backups = (
        Backup(id=own, status=status, kind=kind, started=started, size=size, unmapped=UNMAPPED.get(status))
        for own, status, kind, started, size in rows
    )
    return Page(backups=tuple(backups))


def beside(window: RecoveryWindow, *rows: tuple[str, Status, str, float, float | None]) -> Page:
    """Return a page of backups with a recovery window beside them."""
    return replace(page(*rows), recovery=window)


class TestScalingo(ProviderContract):
    provider = scalingo.PROVIDER
    options = OPTIONS
    optional: ClassVar = frozenset({
        "created_at", "deprovisioned_at", "earliest_recoverable_at", "features", "hidden",
        "latest_recoverable_at", "method", "owner", "periodic_backups_enabled",
        "periodic_backups_scheduled_at", "plan", "provisioned_at", "resource_id", "size", "started_at"
    })  # fmt: skip
    routes: ClassVar = {
        EXCHANGE: reply("exchange"),
        f"GET {API}/apps": reply("apps"),
        f"GET {API}/apps/{APP}/addons": reply("addons-example-app"),
        f"GET {API}/apps/another-app/addons": reply("addons-another-app"),
        f"GET {API}/databases": reply("databases"),
        f"GET {API}/apps/54100930736f7563d5030001/addons": reply("not-found", 404),
        f"GET {API}/apps/my-postgres-db/addons": reply("addons-my-postgres-db"),
        f"POST {API}/apps/{APP}/addons/{REDIS}/token": reply("token-redis"),
        f"POST {API}/apps/{APP}/addons/{KIBANA}/token": reply("token-postgresql"),
        f"POST {API}/apps/another-app/addons/{SEARCH}/token": reply("token-elasticsearch"),
        f"POST {API}/apps/my-postgres-db/addons/{NG}/token": reply("token-dedicated"),
        f"GET {DB_API}/{REDIS}": reply("database-redis"),
        f"GET {DB_API}/{KIBANA}": reply("database-postgresql"),
        f"GET {DB_API}/{SEARCH}": reply("database-elasticsearch"),
        f"GET {DB_API}/{NG}": reply("database-dedicated"),
        f"GET {DB_API}/{REDIS}/backups": reply("backups-redis"),
        f"GET {DB_API}/{KIBANA}/backups": reply("backups-postgresql"),
        f"GET {DB_API}/{SEARCH}/backups": reply("backups-elasticsearch"),
        f"GET {DB_API}/{NG}/pitr/recovery_window": reply("recovery-window"),
        f"GET {DB_API}/{KIBANA}/pitr/recovery_window": reply("recovery-window-shared"),
    }
    resources = (
        database(NG, "my-postgres-db/postgresql-ng", "my-postgres-db", "running", 1759276800.0),
        database(REDIS, "example-app/redis", APP, "running", 1424627702.766),
        database(KIBANA, "example-app/postgresql", APP, "running", 1424627702.766),
        database(SEARCH, "another-app/elasticsearch", "another-app", "suspended", 1514764800.0),
    )
    details: ClassVar = {
        REDIS: Details(scheduled=True, interval=24 * HOUR, intervals={"periodic": 24 * HOUR}, state="running"),
        KIBANA: Details(
            scheduled=True, interval=12 * HOUR, intervals={"periodic": 12 * HOUR}, state="upgrading", recovers=True
        ),
        SEARCH: Details(scheduled=False, state="suspended", paused=True),
        NG: Details(interval=12 * HOUR, intervals={"pitr": 12 * HOUR}, state="running"),
    }
    pages: ClassVar = {
        REDIS: (page(("5b8b36104ffb090be1ac3ce2", Status.COMPLETED, "", 1535850000.178, 17484513608)),),
        KIBANA: (
            beside(
                WINDOW,
                ("5bde5000000000000000000f", Status.PENDING, "periodic", 1541379600.0, None),
                ("5bde44904ffb096c714be89c", Status.PENDING, "periodic", 1541293260.154, None),
                ("5bde0000000000000000000a", Status.IN_PROGRESS, "manual", 1541242860.0, None),
                ("5bde0000000000000000000b", Status.IN_PROGRESS, "manual", 1541239200.0, None),
                ("5bde0000000000000000000c", Status.CANCELLED, "manual", 1541235600.0, None),
                ("5bde0000000000000000000d", Status.UNKNOWN, "", 1541232000.0, None),
                ("5bb95a904ffb096e9a2831b8", Status.FAILED, "manual", 1538877900.154, None),
                ("5b8b36104ffb090be1ac3ce1", Status.COMPLETED, "periodic", 1535853720.154, 17484513608),
            ),
        ),
        SEARCH: (Page(),),
        NG: (Page(recovery=RecoveryWindow(kind="pitr", earliest=1761951600.0, latest=1762605015.25)),),
    }


def token(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{payload}.signature"


@pytest.mark.parametrize(
    ("enabled", "hours", "scheduled", "interval"),
    [
        (True, [2], True, 24 * HOUR),
        (True, [1, 2, 3], True, 22 * HOUR),
        (True, 3, True, 24 * HOUR),
        (True, [], True, 24 * HOUR),
        (True, None, True, 24 * HOUR),
        (True, ["2", None, 99], True, 24 * HOUR),
        (True, [2, 30], True, 24 * HOUR),
        (False, [2], False, None),
        (None, [2], None, None),
    ],
)
async def test_the_interval_is_the_largest_gap_between_the_hours(
    enabled: object, hours: object, scheduled: bool | None, interval: float | None
) -> None:
    database = {"periodic_backups_enabled": enabled, "periodic_backups_scheduled_at": hours}
    api = FakeApi({**TOKENS, f"GET {DB_API}/ad-1": Reply(body={"database": database})})
    details = await scalingo.details(api, OPTIONS, RUNNING)

    assert (details.scheduled, details.interval) == (scheduled, interval)
    assert details.intervals == ({"periodic": interval} if interval else {})


async def test_a_stopped_database_is_paused() -> None:
    api = FakeApi({**TOKENS, f"GET {DB_API}/ad-1": Reply(body={"database": {"status": "stopped"}})})

    assert await scalingo.details(api, OPTIONS, RUNNING) == Details(state="stopped", paused=True)


async def test_a_dedicated_database_needs_no_state_to_have_an_interval() -> None:
    dedicated = Resource(id="ad-1", name="shop/postgresql-ng", kind="postgresql-ng", path=("shop", "ad-1"))
    expected = Details(interval=12 * HOUR, intervals={"pitr": 12 * HOUR})

    forbidden = FakeApi({**TOKENS, f"GET {DB_API}/ad-1": Reply(status=403)})

    assert await scalingo.details(FakeApi(TOKENS), OPTIONS, dedicated) == expected
    assert await scalingo.details(forbidden, OPTIONS, dedicated) == expected
    with pytest.raises(NotFoundError):
        await scalingo.details(FakeApi(TOKENS), OPTIONS, RUNNING)


async def test_each_request_is_signed_with_the_token_that_it_needs() -> None:
    api = FakeApi(
        {**TOKENS, f"GET {DB_API}/ad-1": Reply(body={"database": {}}), f"GET {API}/apps": Reply(body={"apps": []})}
    )
    await scalingo.scopes(api, OPTIONS)
    await scalingo.details(api, OPTIONS, RUNNING)

    assert api.signed == ["Bearer jwt", "Bearer addon-token"]
    assert api.asked[:2] == [EXCHANGE, f"GET {API}/apps"]


async def test_addresses_follow_the_region_unless_they_are_given() -> None:
    options = Options(token=Secret("planted"), region="osc-secnum-fr1", auth_url=Url("http://localhost/auth/"))
    api = FakeApi({"POST localhost/auth/v1/tokens/exchange": Reply(body={"token": "jwt"})})
    with pytest.raises(NotFoundError):
        await scalingo.scopes(api, options)

    assert api.asked[-1] == "GET api.osc-secnum-fr1.scalingo.com/v1/apps"


@pytest.mark.parametrize(
    ("value", "lifetime"),
    [
        (token({"iat": 100, "exp": 1900}), 1800),
        (token({"iat": 100.5, "exp": 200}), 99.5),
        (token({"exp": 1900}), None),
        (token({"iat": 200, "exp": 100}), None),
        (token({"iat": "100", "exp": True}), None),
        (token(["iat", "exp"]), None),
        ("head.%%%.signature", None),
        ("head.bm90IGpzb24.signature", None),
        ("opaque", None),
    ],
)
@pytest.mark.parametrize("wrapped", [True, False])
async def test_a_token_lives_as_long_as_it_says(value: str, lifetime: float | None, wrapped: bool) -> None:
    body = {"token": value}
    route = f"POST {API}/apps/shop/addons/ad-1/token"
    routes = {**TOKENS, route: Reply(body={"addon": body} if wrapped else body), f"GET {DB_API}/ad-1": Reply(body={})}
    api = FakeApi(routes)
    with pytest.raises(MalformedError):
        await scalingo.details(api, OPTIONS, RUNNING)

    assert [(held.value, held.lifetime) for held in api.tokens.values()] == [("jwt", None), (value, lifetime)]


@pytest.mark.parametrize("value", [None, "", " ", 7, "a\r\nHost: elsewhere", "\u20ac"])
async def test_a_token_that_cannot_be_sent_is_malformed(value: object) -> None:
    with pytest.raises(MalformedError):
        await scalingo.scopes(FakeApi({EXCHANGE: Reply(body={"token": value})}), OPTIONS)


async def test_a_post_without_a_body_sends_an_empty_object() -> None:
    sent: list[tuple[Any, Any]] = []

    class Peeking(FakeApi):
        async def get(self, url: str, *, auth: Any, **rest: Any) -> Any:
            sent.extend((auth.json, auth.form) for auth in (auth, auth.auth) if isinstance(auth, TokenExchange))
            return await super().get(url, auth=auth, **rest)

    [part async for part in scalingo.pages(Peeking(EMPTY_LIST), OPTIONS, RUNNING)]
    assert sent == [({}, None), ({}, None)]


def event(kind: Any = "database_backup_succeeded", **data: Any) -> dict[str, Any]:
    return {"id": "e", "type": kind, "type_data": {"backup_id": "b1", "ended_at": "2025-11-21T08:41:27Z", **data}}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([event()], {"b1": 1763714487.0}),
        ([event("database_backup_failed", backup_id="b2")], {"b2": 1763714487.0}),
        ([event("run"), event("deployment"), event(None), event(7)], {}),
        ([event(backup_id=None), event(ended_at=None), event(ended_at="soon"), event(ended_at=7)], {}),
        ([{"type": "database_backup_succeeded"}, {"type": "database_backup_succeeded", "type_data": []}], {}),
        ([], {}),
    ],
)
async def test_ends_of_backups_are_read_from_the_apps_events(events: Any, expected: dict[str, float]) -> None:
    routes = {
        EXCHANGE: Reply(body={"token": "jwt"}),
        f"GET {API}/apps/shop/events?from=72": Reply(body={"events": events}),
    }
    options = replace(OPTIONS, events=True)

    assert await scalingo.ends(FakeApi(routes), options, [RUNNING, SHARED]) == expected


async def test_events_are_read_only_where_they_are_wanted_and_can_say_something() -> None:
    api = FakeApi({})
    dedicated = replace(RUNNING, kind="postgresql-ng")

    assert await scalingo.ends(api, OPTIONS, [RUNNING]) == {}
    assert await scalingo.ends(api, replace(OPTIONS, events=True), [dedicated]) == {}
    assert api.asked == []


@pytest.mark.parametrize("body", ["<html>", {}, {"events": None}, {"events": [1]}])
async def test_events_that_are_none_are_malformed(body: Any) -> None:
    routes = {EXCHANGE: Reply(body={"token": "jwt"}), f"GET {API}/apps/shop/events?from=72": Reply(body=body)}
    with pytest.raises(MalformedError):
        await scalingo.ends(FakeApi(routes), replace(OPTIONS, events=True), [RUNNING])

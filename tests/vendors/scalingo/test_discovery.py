"""Which databases Scalingo's apps and its list of dedicated databases come to."""

from typing import Any

import pytest

from exporter.errors import ForbiddenError, NotFoundError
from exporter.model import Resource, Scope
from exporter.providers import scalingo
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors.scalingo.answers import API, EXCHANGE, OPTIONS

DEDICATED = {"id": "db1", "name": "reports", "technology": "postgresql-ng"}


def addons(*listed: dict[str, Any]) -> Reply:
    return Reply(body={"addons": list(listed)})


async def discover(routes: dict[str, Reply], scope: Scope = scalingo.DEDICATED_SCOPE) -> list[Resource]:
    api = FakeApi({EXCHANGE: Reply(body={"token": "jwt"}), **routes})
    return list(await scalingo.resources(api, OPTIONS, scope))


@pytest.mark.parametrize(
    "body",
    [[DEDICATED], [{"database": DEDICATED}], {"databases": [DEDICATED]}, {"databases": [{"database": DEDICATED}]}],
)
async def test_dedicated_databases_are_read_in_every_form_that_is_about(body: Any) -> None:
    ng = {"id": "ad-9", "status": "running", "addon_provider": {"id": "scalingo-postgresql-ng"}}
    redis = {"id": "ad-8", "status": "running", "addon_provider": {"id": "redis"}}
    found = await discover({f"GET {API}/databases": Reply(body=body), f"GET {API}/apps/db1/addons": addons(redis, ng)})

    assert [(each.id, each.kind, each.path) for each in found] == [("ad-9", "postgresql-ng", ("db1", "ad-9"))]


async def test_a_dedicated_database_found_twice_has_one_id() -> None:
    ng = {"id": "ad-9", "status": "running", "addon_provider": {"id": "postgresql-ng"}}
    routes = {f"GET {API}/databases": Reply(body=[DEDICATED]), f"GET {API}/apps/db1/addons": addons(ng)}

    assert await discover(routes) == await discover(routes, Scope(id="db1", name="reports"))


@pytest.mark.parametrize("listed", [None, addons(), addons({"id": "a", "addon_provider": {"id": "redis"}})])
async def test_a_dedicated_database_without_an_addon_stands_for_itself(listed: Reply | None) -> None:
    routes = {f"GET {API}/databases": Reply(body=[DEDICATED])}
    found = await discover({**routes, f"GET {API}/apps/db1/addons": listed} if listed else routes)

    assert found == [
        Resource(id="db1", name="reports/postgresql-ng", kind="postgresql-ng", path=("reports", "db1")),
    ]


async def test_a_region_without_dedicated_databases_has_none_but_a_refusal_is_passed_on() -> None:
    assert await discover({}) == []
    with pytest.raises(ForbiddenError):
        await discover({f"GET {API}/databases": Reply(status=403)})
    with pytest.raises(ForbiddenError):
        await discover(
            {f"GET {API}/databases": Reply(body=[DEDICATED]), f"GET {API}/apps/db1/addons": Reply(status=403)}
        )


async def test_an_app_unknown_by_its_id_is_asked_for_by_its_name() -> None:
    redis = {"id": "ad-1", "status": "running", "addon_provider": {"id": "redis"}}
    found = await discover({f"GET {API}/apps/shop/addons": addons(redis)}, Scope(id="5410", name="shop"))

    assert [each.path for each in found] == [("shop", "ad-1")]
    for gone in (Scope(id="5410", name="shop"), Scope(id="shop", name="shop")):
        with pytest.raises(NotFoundError):
            await discover({}, gone)


@pytest.mark.parametrize(
    ("status", "deprovisioned", "known"),
    [
        ("running", None, True),
        ("running", "2020-01-01T00:00:00Z", True),
        ("suspended", "2020-01-01T00:00:00Z", True),
        ("deprovisioned", "2020-01-01T00:00:00Z", False),
        (None, "2020-01-01T00:00:00Z", False),
        ("deprovisioning", "0001-01-01T00:00:00Z", True),
    ],
)
async def test_an_addon_is_gone_only_if_it_says_so_twice(status: object, deprovisioned: object, known: bool) -> None:
    addon = {"id": "a", "status": status, "deprovisioned_at": deprovisioned, "addon_provider": {"id": "mysql"}}
    found = await discover({f"GET {API}/apps/shop/addons": addons(addon)}, Scope(id="shop", name="shop"))

    assert bool(found) is known


def test_the_databases_scope_cannot_be_an_app() -> None:
    assert "/" in scalingo.DEDICATED_SCOPE.id


NG_ADDON = {"id": "ad-9", "status": "running", "addon_provider": {"id": "scalingo-postgresql-ng"}}
PG_ADDON = {"id": "ad-9", "status": "running", "addon_provider": {"id": "postgresql"}}
REDIS_ADDON = {"id": "ad-8", "status": "running", "addon_provider": {"id": "redis"}}
ITS_APP = {"id": "db1", "name": "reports"}


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"app": ITS_APP, "addon": NG_ADDON}, [("ad-9", "reports/postgresql-ng", ("db1", "ad-9"))]),
        (
            {"app": ITS_APP, "addon": PG_ADDON, "database": {"technology": "postgresql-ng"}},
            [("ad-9", "reports/postgresql-ng", ("db1", "ad-9"))],
        ),
        ({"app": {"name": "reports"}, "addon": NG_ADDON}, [("ad-9", "reports/postgresql-ng", ("reports", "ad-9"))]),
        ({"app": ITS_APP, "addon": REDIS_ADDON}, []),
        ({"app": ITS_APP, "addon": PG_ADDON}, []),
        ({"app": ITS_APP, "addon": REDIS_ADDON, "database": {"technology": "postgresql-ng"}}, []),
    ],
)
@pytest.mark.parametrize("wrapped", [True, False])
async def test_an_entry_may_hold_the_addon_itself(entry: Any, found: list[Any], wrapped: bool) -> None:
    body = {"databases": [entry]} if wrapped else [entry]
    listed = await discover({f"GET {API}/databases": Reply(body=body)})

    assert [(each.id, each.name, each.path) for each in listed] == found
    assert {each.kind for each in listed} <= {"postgresql-ng"}

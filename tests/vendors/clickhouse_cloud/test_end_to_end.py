"""What an exporter makes of a ClickHouse organization whose newer endpoints answer otherwise than one would wish."""

from typing import Any

import pytest

from exporter.demo.http import Request, Response, json_response
from tests.altered_account import FORBIDDEN_IN_HTML, HTML, Outcome, Tampering, always, poll, rewriting
from tests.virtual_time import START

pytestmark = pytest.mark.integration

ORGANIZATION = r"/v1/organizations/[^/]+"
LIST = f"{ORGANIZATION}/postgres"
BASE_BACKUPS = f"{ORGANIZATION}/postgres/[^/]+/backups"
SERVICES = f"{ORGANIZATION}/services"
SCOPE = "Simulated analytics/postgres"
DAY, HOUR = 86400.0, 3600.0


def analytics(tampering: dict[str, Tampering], **keys: Any) -> Outcome:
    return poll("clickhouse_cloud", "analytics", tampering, **keys)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (401, "unauthorized"), (FORBIDDEN_IN_HTML, "forbidden"), (402, "forbidden"), (429, "rate_limited"),
        (500, "server_error"), (HTML, "malformed"), (Response(status=204), "malformed"), ([], "malformed"),
        ({"result": None}, "malformed"), ({"result": {"0": {}}}, "malformed"), ({"result": [None]}, "malformed"),
    ],
)  # fmt: skip
def test_a_list_of_managed_postgres_that_cannot_be_read_is_a_scope_and_nothing_else(answer: Any, reason: str) -> None:
    seen = analytics({LIST: always(answer)})

    assert (seen.up, seen.scopes) == (True, {SCOPE: reason})
    assert seen.warnings == [("scope.unreadable", reason)]
    assert {one["backup_resource_up"] for one in seen.records.values()} == {1}
    assert not {"accounts", "sandbox"} & seen.records.keys()


@pytest.mark.parametrize("status", [404, 410])
def test_an_organization_without_managed_postgres_is_as_it_was_but_for_one_request_a_discovery(status: int) -> None:
    seen = analytics({LIST: always(status)}, polls=12)

    assert (seen.up, seen.scopes, seen.warnings) == (True, {}, [])
    assert seen.account.count(LIST) == 1
    assert seen.account.count(BASE_BACKUPS) == 0


def test_services_that_cannot_be_listed_are_a_scope_where_managed_postgres_is_watched() -> None:
    seen = analytics({SERVICES: always(FORBIDDEN_IN_HTML)})

    assert (seen.up, seen.scopes) == (True, {"Simulated analytics": "forbidden"})
    assert seen.records.keys() == {"accounts", "sandbox"}


def test_services_that_cannot_be_listed_close_an_account_that_has_nothing_else() -> None:
    assert analytics({SERVICES: always(403), LIST: always({"result": []})}).up is False


def test_a_managed_postgres_is_a_resource_of_its_own_kind() -> None:
    seen = analytics({}).records["accounts"]

    assert (seen["resource_kind"], seen["backup_resource_state"]) == ("postgresql", {"running": 1})
    assert (seen["backup_expected_interval_seconds"], seen["backup_max_age_seconds"]) == (DAY, 51 * HOUR)
    assert seen["backup_last_success_timestamp_seconds"] == START - 7200 + 4 * HOUR - DAY
    assert seen["backup_backups"]["completed"] == 7


@pytest.mark.parametrize("answer", [401, 403, 404, 410, 500, HTML, {"result": {}}, {"result": [7]}])
def test_base_backups_that_cannot_be_read_are_that_services_trouble(answer: Any) -> None:
    seen = analytics({BASE_BACKUPS: always(answer)})
    down = {name for name, one in seen.records.items() if one["backup_resource_up"] != 1}

    assert (seen.up, seen.scopes, down) == (True, {}, {"accounts", "sandbox"})


def the_same(_request: Request, _response: Response) -> Response:
    return json_response({"result": [{"id": "b"}], "nextCursor": "again"})


def test_a_cursor_that_leads_back_is_malformed() -> None:
    seen = analytics({BASE_BACKUPS: the_same}, include=["accounts", "orders"])

    assert (seen.up, seen.records["accounts"]["backup_resource_failure"]) == (True, {"malformed": 1})
    assert seen.account.count(BASE_BACKUPS) == 2


def endless(request: Request, _: Response) -> Response:
    number = int(request.query.get("cursor", "0")) + 1
    return json_response({"result": [{"id": f"b{number}"}], "nextCursor": str(number)})


@pytest.mark.slow
def test_an_endless_chain_of_cursors_ends_at_the_cap() -> None:
    seen = analytics({BASE_BACKUPS: endless}, include=["accounts"], polls=3, rate_limit={"requests": 1000, "per": "1s"})

    assert seen.records["accounts"]["backup_resource_failure"] == {"malformed": 1}
    assert seen.account.count(BASE_BACKUPS) == 3 * 300


def without_newer(named: bool) -> Tampering:
    """Leave out what was made in the last four days, of the backups in the bucket or of the vendor's own."""
    since = "2025-11-14"

    def change(body: Any) -> Any:
        kept = [one for one in body["result"] if ("bucket" in one) is not named or one["startedAt"] < since]
        old = [{**one, "startedAt": "2025-11-10T01:00:00Z", "id": f"old{one['id']}"} for one in body["result"]]
        return {**body, "result": [*kept, *(one for one in old if ("bucket" in one) is named)][:70]}

    return rewriting(change)


@pytest.mark.parametrize(("named", "kind"), [(True, "full_external"), (False, "full")])
def test_backups_of_one_sort_that_have_stopped_are_not_hidden_by_those_of_the_other(named: bool, kind: str) -> None:
    seen = analytics({f"{SERVICES}/[^/]+/backups": without_newer(named)}, include=["search"])

    assert {one for one in seen.problems("search") if one[1]} == {("too_old_by_kind", kind)}


@pytest.mark.parametrize("bucket", [None, {}, [], "s3://bucket", 7, False])
def test_an_odd_bucket_is_none(bucket: Any) -> None:
    def change(body: Any) -> Any:
        return {
            **body,
            "result": [{**one, **({"bucket": bucket} if "bucket" in one else {})} for one in body["result"]],
        }

    seen = analytics({f"{SERVICES}/[^/]+/backups": rewriting(change)}, include=["search"]).records["search"]

    assert seen["backup_last_success_by_kind_timestamp_seconds"].keys() == {"full"}
    assert "backup_max_age_by_kind_seconds" not in seen


@pytest.mark.parametrize(
    ("configuration", "interval", "retention"),
    [
        ({"backupPeriodInHours": 8, "backupStartTime": "23:00"}, DAY, None),
        ({"backupPeriodInHours": 48, "backupStartTime": "05:00"}, 2 * DAY, None),
        ({"backupPeriodInHours": 12, "backupStartTime": ""}, 12 * HOUR, None),
        ({"backupStartTime": None, "backupRetentionPeriodInHours": 1080}, DAY, 45 * DAY),
        ({"backupPeriodInHours": 12, "backupStartTime": 23}, 12 * HOUR, None),
        ({"backupPeriodInHours": "12", "backupStartTime": ["23:00"]}, DAY, None),
        ({"backupRetentionPeriodInHours": "48"}, DAY, None),
        ({"backupRetentionPeriodInHours": 0}, DAY, None),
        ({}, DAY, None),
        (None, DAY, None),
    ],
)  # fmt: skip
def test_a_start_time_means_a_day_and_retention_is_a_fact(
    configuration: Any, interval: float, retention: float | None
) -> None:
    path = f"{SERVICES}/[^/]+/backupConfiguration"
    seen = analytics({path: rewriting(lambda body: {**body, "result": configuration})}, include=["orders"])

    assert seen.records["orders"]["backup_expected_interval_seconds"] == interval
    assert seen.records["orders"].get("backup_configured_retention_seconds") == retention

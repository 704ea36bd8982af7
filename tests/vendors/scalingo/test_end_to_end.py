"""What an exporter makes of a Scalingo account whose newer endpoints answer otherwise than one would wish."""

from typing import Any

import pytest

from exporter.demo.http import Request, Response
from tests.altered_account import FORBIDDEN_IN_HTML, HTML, Outcome, Tampered, Tampering, always, poll, rewriting
from tests.virtual_time import START

pytestmark = pytest.mark.integration

DATABASES = "/v1/databases"
EVENTS = r"/v1/apps/[^/]+/events"
WINDOW = r"/api/databases/[^/]+/pitr/recovery_window"
STOREFRONT, WIKI, DEDICATED = "storefront/postgresql", "intranet/postgresql", "reports/postgresql-ng"
HOUR = 3600.0


def shop(tampering: dict[str, Tampering], *names: str, **keys: Any) -> Outcome:
    chosen: dict[str, Any] = {"include": list(names)} if names else {}
    return poll("scalingo", "shop", tampering, **chosen, **keys)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (401, "unauthorized"), (FORBIDDEN_IN_HTML, "forbidden"), (500, "server_error"), (HTML, "malformed"),
        (None, "malformed"), ({"database": []}, "malformed"), ({"databases": None}, "malformed"),
        ({"databases": "none"}, "malformed"), ([7], "malformed"),
    ],
)  # fmt: skip
def test_dedicated_databases_that_cannot_be_listed_are_a_scope(answer: Any, reason: str) -> None:
    seen = shop({DATABASES: always(answer)}, STOREFRONT, DEDICATED)

    assert (seen.up, seen.scopes) == (True, {"dedicated databases": reason})
    assert ("scope.unreadable", reason) in seen.warnings
    assert seen.records[DEDICATED]["backup_last_success_by_kind_timestamp_seconds"].keys() == {"pitr"}


@pytest.mark.parametrize("answer", [404, 410, [], {"databases": []}])
def test_a_region_without_dedicated_databases_is_quiet(answer: Any) -> None:
    seen = shop({DATABASES: always(answer)}, STOREFRONT)

    assert (seen.up, seen.scopes) == (True, {})


@pytest.mark.parametrize("answer", [FORBIDDEN_IN_HTML, 500, HTML])
def test_an_app_that_cannot_be_listed_is_a_scope(answer: Any) -> None:
    def change(request: Request, response: Response) -> Response:
        return always(answer)(request, response) if b"intranet_3083" in response.body else response

    seen = shop({r"/v1/apps/[^/]+/addons": change}, STOREFRONT)

    assert (seen.up, [*seen.scopes]) == (True, ["intranet"])
    assert [event for event, _ in seen.warnings] == ["scope.unreadable"]


def test_the_recovery_window_of_a_shared_postgresql_stands_beside_its_backups() -> None:
    seen = shop({}, WIKI, polls=2).records[WIKI]
    newest = seen["backup_last_success_by_kind_timestamp_seconds"]

    assert newest.keys() == {"periodic", "pitr"}
    assert seen["backup_last_success_timestamp_seconds"] == newest["pitr"] > START
    assert seen["backup_max_age_by_kind_seconds"] == {"periodic": pytest.approx(26.4 * HOUR), "pitr": 14 * HOUR}
    assert seen["backup_backups"]["completed"] > 7
    assert seen["backup_last_success_size_bytes"].keys() == {"periodic"}
    assert seen["backup_stored_bytes"] > 10**9


def test_continuous_backups_are_seen_from_the_next_discovery_on_although_the_list_is_as_it_was() -> None:
    enabled: list[bool] = []

    def database(body: Any) -> Any:
        return body if enabled else {"database": {**body["database"], "first_pitr_backup": None}}

    def window(_request: Request, response: Response) -> Response:
        return response if enabled else Response(status=404, body=b"{}")

    def enable(_account: Tampered, number: int) -> None:
        enabled[:] = [True] * (number >= 1)

    tampering = {r"/api/databases/[^/]+": rewriting(database), WINDOW: window}
    seen = shop(tampering, WIKI, polls=8, between=enable, discovery_interval="15m")

    assert seen.records[WIKI]["backup_last_success_by_kind_timestamp_seconds"].keys() == {"periodic", "pitr"}


def test_where_there_is_no_window_a_poll_costs_what_it_cost_before() -> None:
    seen = shop({}, STOREFRONT, "storefront/redis", polls=12)

    assert seen.records[STOREFRONT]["backup_last_success_by_kind_timestamp_seconds"].keys() == {"manual", "periodic"}
    assert seen.account.count(WINDOW) == 2  # with the first listing, and with the details that are read once an hour


def without_first_backup(body: Any) -> Any:
    return {"database": {key: value for key, value in body["database"].items() if key != "first_pitr_backup"}}


def test_a_database_that_does_not_speak_of_continuous_backups_has_its_window_all_the_same() -> None:
    seen = shop({r"/api/databases/[^/]+": rewriting(without_first_backup)}, WIKI, polls=3)

    assert seen.records[WIKI]["backup_last_success_by_kind_timestamp_seconds"].keys() == {"periodic", "pitr"}
    assert seen.account.count(WINDOW) == 4


@pytest.mark.parametrize("answer", [401, FORBIDDEN_IN_HTML, 500, HTML, None, {"recovery_window": None}])
def test_a_window_that_cannot_be_read_is_that_databases_trouble(answer: Any) -> None:
    seen = shop({WINDOW: always(answer)}, WIKI, "intranet/mongodb")

    assert (seen.up, seen.scopes) == (True, {})
    assert {name: one["backup_resource_up"] for name, one in seen.records.items()} == {WIKI: 0, "intranet/mongodb": 1}


@pytest.mark.parametrize("end", [None, "", 7, [], {}, "soon", "0001-01-01T00:00:00Z", "x" * 100_000])
def test_an_odd_end_of_the_window_costs_that_end(end: Any) -> None:
    def change(body: Any) -> Any:
        return {"recovery_window": {**body["recovery_window"], "earliest_recoverable_at": end}}

    seen = shop({WINDOW: rewriting(change)}, WIKI).records[WIKI]

    assert seen["backup_resource_up"] == 1
    assert seen["backup_last_success_by_kind_timestamp_seconds"].keys() == {"periodic", "pitr"}


def durations(tampering: dict[str, Tampering]) -> tuple[Outcome, dict[str, float]]:
    seen = shop(tampering, STOREFRONT, "intranet/mongodb")
    return seen, seen.records[STOREFRONT].get("backup_last_success_duration_seconds", {})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda events: events, id="as they are"),
        pytest.param(lambda events: events[::-1], id="in another order"),
        pytest.param(lambda events: events * 3, id="repeated"),
        pytest.param(lambda events: [{"type": 7}, {"type_data": []}, {}, *events], id="among others"),
        pytest.param(
            lambda events: [*events, *({**one, "type_data": {**one["type_data"], "ended_at": None}} for one in events)],
            id="once more without an end",
        ),
    ],
)
def test_events_tell_how_long_a_backup_took(change: Any) -> None:
    seen, found = durations({EVENTS: rewriting(lambda body: {"events": change(body["events"])})})

    assert found == {"periodic": pytest.approx(480, rel=0.11)}
    assert seen.account.count(EVENTS) == 2


@pytest.mark.parametrize(
    "events",
    [
        403, 404, 500, HTML, Response(status=204), None, {"events": None}, {"events": {}}, {"events": []},
        {"events": [7]},
        {"events": [{"type": "database_backup_succeeded", "type_data": {"backup_id": "x" * 100_000, "ended_at": 9}}]},
    ],
)  # fmt: skip
def test_without_events_nothing_but_durations_is_missing(events: Any) -> None:
    seen, found = durations({EVENTS: always(events)})

    assert (seen.up, seen.scopes, found) == (True, {}, {})
    assert {one["backup_resource_up"] for one in seen.records.values()} == {1}


def test_events_are_asked_for_only_where_that_is_wanted() -> None:
    assert shop({}, STOREFRONT, events=False, polls=3).account.count(EVENTS) == 0


@pytest.mark.parametrize("method", [None, "", 7, "weekly"])
def test_records_without_a_method_have_no_limit_by_kind(method: Any) -> None:
    def change(body: Any) -> Any:
        return {"database_backups": [{**one, "method": method} for one in body["database_backups"]]}

    seen = shop({r"/api/databases/[^/]+/backups": rewriting(change)}, "intranet/mongodb", polls=2)

    assert "backup_max_age_by_kind_seconds" not in seen.records["intranet/mongodb"]
    assert seen.problems("intranet/mongodb") == set()

"""The simulated Scalingo keeps to what the vendor documents, and plays its story."""

import json
from base64 import b64encode
from typing import Any

import pytest

from exporter.demo.http import Request, Response, Story
from exporter.demo.vendors.scalingo import accounts

pytestmark = pytest.mark.integration

START = 1_763_800_000.0  # 2025-11-22T08:26:40Z
STORY = Story(start=START)
BASE = "http://127.0.0.1:9999"
HOUR = 3600.0
NAMES = {
    "storefront/postgresql", "storefront/redis", "warehouse/mysql", "intranet/mongodb", "reports/postgresql-ng",
    "legacy/elasticsearch", "intranet/postgresql",
}  # fmt: skip


class Client:
    """Asks the simulated account as a client would, with the tokens it was given."""

    def __init__(self, account: Any = None) -> None:
        (only,) = accounts(STORY)
        self.account = account or only
        self.requests = 0

    def ask(self, method: str, path: str, authorization: str = "", now: float = START) -> Response:
        headers = {"authorization": authorization} if authorization else {}
        self.requests += 1
        return self.account.respond(Request(method=method, path=path, base=BASE, headers=headers), now)

    def exchange(self, now: float = START) -> str:
        basic = b64encode(b":" + self.account.configuration(BASE)["token"].encode()).decode()
        return f"Bearer {decode_jwt(self.ask('POST', '/v1/tokens/exchange', f'Basic {basic}', now))['token']}"

    def addons(self, token: str) -> dict[str, tuple[str, str]]:
        """Return app and addon id by `app/technology`, the apps asked by id and by name in turn."""
        apps = decode_jwt(self.ask("GET", "/v1/apps", token))["apps"]
        found = {}
        for number, app in enumerate(apps):
            key = app["id"] if number % 2 else app["name"]
            for addon in decode_jwt(self.ask("GET", f"/v1/apps/{key}/addons", token))["addons"]:
                found[f"{app['name']}/{addon['addon_provider']['id']}"] = (key, addon["id"])
        return found

    def database(self, name: str, rest: str = "", now: float = START) -> Response:
        token = self.exchange(now)
        app, addon = self.addons(self.exchange())[name]
        given = self.ask("POST", f"/v1/apps/{app}/addons/{addon}/token", token, now)
        if given.status != 200:
            return given
        return self.ask("GET", f"/api/databases/{addon}{rest}", f"Bearer {decode_jwt(given)['addon']['token']}", now)


def decode_jwt(response: Response) -> Any:
    assert response.status == 200, response.body
    assert response.headers["Content-Type"] == "application/json"
    return json.loads(response.body)


def backups(name: str, now: float) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = decode_jwt(Client().database(name, "/backups", now))["database_backups"]
    return listed


def test_the_configuration_points_all_three_hosts_to_the_simulator() -> None:
    (account,) = accounts(STORY)
    entry = account.configuration(BASE)

    assert (entry["name"], entry["provider"]) == ("shop", "scalingo")
    assert {entry[key] for key in ("auth_url", "api_url", "db_api_url")} == {BASE}
    assert "simulated" in entry["token"]


@pytest.mark.parametrize("credential", ["", "Basic ", "Basic dG9rZW46", "Bearer tk-us-simulated-shop"])
def test_the_exchange_wants_an_empty_user_and_the_token_as_password(credential: str) -> None:
    reversed_basic = b64encode(b"tk-us-simulated-shop:").decode()

    assert Client().ask("POST", "/v1/tokens/exchange", credential).status == 401
    assert Client().ask("POST", "/v1/tokens/exchange", f"Basic {reversed_basic}").status == 401
    assert Client().ask("GET", "/v1/tokens/exchange").status == 405


def test_each_token_opens_its_own_doors_for_an_hour() -> None:
    client = Client()
    token = client.exchange()
    app, addon = client.addons(token)["storefront/redis"]
    _, other = client.addons(token)["intranet/mongodb"]
    given = decode_jwt(client.ask("POST", f"/v1/apps/{app}/addons/{addon}/token", token))["addon"]
    own = f"Bearer {given['token']}"

    assert client.ask("GET", f"/api/databases/{addon}", own).status == 200
    assert client.ask("GET", f"/api/databases/{addon}", own, START + HOUR - 1).status == 200
    assert client.ask("GET", f"/api/databases/{addon}", own, START + HOUR).status == 401
    assert client.ask("GET", f"/api/databases/{other}", own, START + 100).status == 401
    assert client.ask("GET", f"/api/databases/{addon}", token, START + 100).status == 401
    assert client.ask("GET", "/v1/apps", own, START + 100).status == 401
    assert client.ask("GET", "/v1/apps", token, START + HOUR).status == 401


def test_what_is_not_there_is_404_and_other_methods_are_405() -> None:
    client = Client()
    token = client.exchange()

    assert client.ask("GET", "/v1/apps/nothing/addons", token).status == 404
    assert client.ask("POST", "/v1/apps/storefront/addons/ad-0/token", token).status == 404
    assert client.ask("GET", "/elsewhere", token).status == 404
    assert client.ask("DELETE", "/v1/apps", token).status == 405
    assert client.ask("POST", "/api/databases/ad-0/backups", token).status == 405
    assert Client().database("storefront/postgresql", "/pitr/recovery_window").status == 404


def test_sixty_requests_a_minute_and_then_plain_text() -> None:
    client = Client()
    token = client.exchange()
    answers = [client.ask("GET", "/v1/apps", token, START + number / 10) for number in range(61)]

    assert [answer.status for answer in answers] == [200] * 60 + [429]
    assert (answers[-1].body, dict(answers[-1].headers)) == (b"Retry later", {"Content-Type": "text/plain"})
    assert client.exchange(START + 10)
    assert client.ask("GET", "/v1/apps", token, START + 60).status == 200


def test_there_are_seven_databases_and_a_first_poll_costs_less_than_35_requests() -> None:
    client = Client()
    token = client.exchange()
    found = client.addons(token)
    (dedicated,) = decode_jwt(client.ask("GET", "/v1/databases", token))["databases"]
    client.ask("GET", f"/v1/apps/{dedicated['id']}/addons", token)

    assert set(found) == NAMES | {"intranet/tcp-gateway", "intranet/influxdb"}
    assert dedicated["technology"] == "postgresql-ng"
    assert client.requests + 3 * len(NAMES) < 35


def test_offsets_of_summer_and_winter_mix_in_one_list_newest_first() -> None:
    listed = backups("storefront/postgresql", START)

    assert {backup["created_at"][-6:] for backup in listed} == {"+01:00", "+02:00"}
    assert listed[0]["started_at"] == "2025-11-22T03:00:00.000+01:00"
    assert {backup["started_at"][11:19] for backup in listed if backup["method"] == "periodic"} == {
        "03:00:00",
        "04:00:00",
    }
    assert {(backup["status"], backup["size"] > 0) for backup in listed} == {("done", True), ("error", False)}
    assert {backup["method"] for backup in listed} == {"periodic", "manual"}


def test_schedules_are_on_off_and_suspended() -> None:
    reported = {}
    for name in NAMES - {"reports/postgresql-ng"}:
        database = decode_jwt(Client().database(name))["database"]
        hours = database["periodic_backups_scheduled_at"]
        reported[name] = (database["status"], database["periodic_backups_enabled"], hours)

    assert reported == {
        "storefront/postgresql": ("running", True, [2]),
        "storefront/redis": ("running", False, []),
        "warehouse/mysql": ("running", True, [23]),
        "intranet/mongodb": ("running", True, [3]),
        "intranet/postgresql": ("running", True, [22]),
        "legacy/elasticsearch": ("stopped", True, [1]),
    }


@pytest.mark.parametrize(
    ("seconds", "status", "size"),
    [(24, "done", True), (26, "scheduled", None), (31, "running", False), (99, "running", False), (101, "done", True)],
)
def test_a_backup_goes_its_way(seconds: float, status: str, size: bool | None) -> None:
    newest = backups("intranet/mongodb", STORY.at(seconds))[0]

    assert newest["status"] == status
    assert (newest["started_at"] is None) is (status == "scheduled")
    assert newest["size"] is None if size is None else bool(newest["size"]) is size


def test_an_addon_is_revoked_though_its_token_is_still_young() -> None:
    client = Client()
    token = client.exchange()
    app, addon = client.addons(token)["warehouse/mysql"]
    given = decode_jwt(client.ask("POST", f"/v1/apps/{app}/addons/{addon}/token", token))["addon"]
    own = f"Bearer {given['token']}"

    assert client.ask("GET", f"/api/databases/{addon}/backups", own, STORY.at(49)).status == 200
    revoked = client.ask("GET", f"/api/databases/{addon}/backups", own, STORY.at(50))
    refused = client.ask("POST", f"/v1/apps/{app}/addons/{addon}/token", token, STORY.at(50))

    assert (revoked.status, refused.status) == (401, 403)
    assert revoked.complaint == refused.complaint == ""


def test_the_recovery_window_moves() -> None:
    windows = [
        decode_jwt(Client().database("reports/postgresql-ng", "/pitr/recovery_window", START + seconds))[
            "recovery_window"
        ]
        for seconds in (0, 60)
    ]

    assert windows[0] == {
        "earliest_recoverable_at": "2025-11-15T08:26:25.000Z",
        "latest_recoverable_at": "2025-11-22T08:26:25.000Z",
    }
    assert windows[1]["latest_recoverable_at"] == "2025-11-22T08:27:25.000Z"


def test_events_come_sooner_when_the_story_is_told_faster() -> None:
    (account,) = accounts(Story(start=START, speed=10.0))
    client = Client(account)
    (newest, *_) = decode_jwt(client.database("intranet/mongodb", "/backups", START + 11))["database_backups"]

    assert (newest["status"], newest["method"]) == ("done", "manual")
    assert newest["started_at"] == "2025-11-22T09:26:43.000+01:00"


def test_a_postgresql_on_shared_resources_may_have_continuous_backups_beside_its_periodic_ones() -> None:
    window = decode_jwt(Client().database("intranet/postgresql", "/pitr/recovery_window"))["recovery_window"]

    assert window["latest_recoverable_at"] == "2025-11-22T08:26:25.000Z"
    assert {backup["method"] for backup in backups("intranet/postgresql", START)} == {"periodic"}
    assert "first_pitr_backup" in decode_jwt(Client().database("intranet/postgresql"))["database"]
    assert "first_pitr_backup" not in decode_jwt(Client().database("storefront/postgresql"))["database"]


def test_an_app_lists_the_events_of_so_many_hours_newest_first() -> None:
    client = Client()
    token = client.exchange()

    def events(**query: str) -> Response:
        headers = {"authorization": token}
        return client.account.respond(
            Request(method="GET", path="/v1/apps/storefront/events", base=BASE, query=query, headers=headers), START
        )

    listed = decode_jwt(events(**{"from": "72"}))["events"]

    assert [event["type"] for event in listed] == [
        "edit_variable",
        "database_backup_succeeded",
        "database_backup_succeeded",
        "database_backup_succeeded",
    ]
    assert listed[1]["type_data"]["backup_id"] == backups("storefront/postgresql", START)[0]["id"]
    assert len(decode_jwt(events())["events"]) == 20
    assert {events(**{"from": hours}).status for hours in ("0", "73", "long")} == {400}

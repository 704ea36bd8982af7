"""The simulated ClickHouse Cloud: its refusals, its limit, and the moments of its story."""

import base64
import json
from typing import Any

import pytest

from exporter.demo.http import Account, Request, Response, Story
from exporter.demo.stories.clickhouse_cloud import Service, frequent
from exporter.demo.vendors.clickhouse_cloud import ClickhouseAccount, accounts

pytestmark = pytest.mark.integration

START = 1_785_900_000.0
HOUR = 3600.0
STORY = Story(start=START)


class Client:
    """Asks one account with the key of its configuration."""

    def __init__(self, name: str, story: Story = STORY) -> None:
        self.account = next(account for account in accounts(story) if account.name == name)
        self.signature = signature(self.account)

    def ask(self, path: str, now: float, *, method: str = "GET", signed: str | None = None) -> Response:
        headers = {"authorization": self.signature if signed is None else signed}
        return self.account.respond(Request(method=method, path=path, base="http://here", headers=headers), now)

    def result(self, path: str, now: float) -> Any:
        response = self.ask(path, now)
        assert response.status == 200
        return json.loads(response.body)["result"]

    def services(self, now: float = START) -> dict[str, str]:
        """Return each service's path by its name, found out as a client has to."""
        (organization,) = self.result("/v1/organizations", now)
        path = f"/v1/organizations/{organization['id']}/services"
        return {service["name"]: f"{path}/{service['id']}" for service in self.result(path, now)}

    def backups(self, service: str, now: float) -> list[dict[str, Any]]:
        return list(self.result(f"{self.services()[service]}/backups", now))

    def statuses(self, service: str, now: float) -> list[str]:
        return [backup["status"] for backup in self.backups(service, now)]


def signature(account: Account) -> str:
    source = account.configuration("http://here")
    return "Basic " + base64.b64encode(f"{source['key_id']}:{source['key_secret']}".encode()).decode()


def test_the_configuration_is_a_whole_source_with_credentials_that_are_plainly_false() -> None:
    sources = [account.configuration("http://here") for account in accounts(STORY)]

    assert [source["name"] for source in sources] == ["analytics", "staging"]
    assert all("simulated" in source["key_id"] and "simulated" in source["key_secret"] for source in sources)
    assert {(source["provider"], source["base_url"]) for source in sources} == {("clickhouse_cloud", "http://here")}
    assert "organization_id" not in sources[0]
    assert sources[1]["organization_id"] in Client("staging").services()["playground"]


@pytest.mark.parametrize("signed", ["", "Basic bm9ib2R5Om5vdGhpbmc=", "Bearer simulated"])
def test_only_the_key_is_let_in(signed: str) -> None:
    response = Client("analytics").ask("/v1/organizations", START, signed=signed)

    assert (response.status, json.loads(response.body)["error"]) == (401, "Key is not found")


def test_a_key_reads_one_organization() -> None:
    foreign = Client("staging").services()["playground"]

    assert Client("analytics").ask(foreign, START).status == 403


def test_the_eleventh_request_in_ten_seconds_is_told_how_long_to_wait() -> None:
    client = Client("analytics")
    admitted = [client.ask("/v1/organizations", START + 0.5 * number).status for number in range(10)]
    refused = client.ask("/v1/organizations", START + 6.75)

    assert admitted == [200] * 10
    assert (refused.status, json.loads(refused.body)) == (429, {"status": 429, "error": "Rate limit exceeded"})
    assert refused.headers["X-RateLimit-Reset"] == "3.250"
    assert "Retry-After" not in refused.headers
    assert client.ask("/v1/organizations", START + 10).status == 200


def test_what_is_not_documented_is_refused() -> None:
    client = Client("analytics")
    orders = client.services()["orders"]

    assert client.ask(orders, START, method="PATCH").status == 405
    assert client.ask(f"{orders}/backups/unknown", START).status == 404
    assert client.ask("/v2/organizations", START).status == 404


def test_every_list_comes_newest_first_and_a_backup_is_found_by_its_id() -> None:
    for name in ("orders", "clickstream", "billing", "sessions", "archive", "search"):
        client = Client("analytics")
        path = client.services()[name]
        backups = client.backups(name, START)

        assert backups, name
        assert backups == sorted(backups, key=lambda backup: backup["startedAt"], reverse=True)
        assert client.result(f"{path}/backups/{backups[-1]['id']}", START) == backups[-1]


def test_a_run_of_orders_can_be_followed() -> None:
    client = Client("analytics")
    newest = client.backups("orders", STORY.at(50))[0]
    followed = client.result(f"{client.services()['orders']}/backups/{newest['id']}", STORY.at(81))

    assert Client("analytics").statuses("orders", STORY.at(19))[0] == "done"
    assert (newest["status"], newest["durationInSeconds"], newest["sizeInBytes"]) == ("in_progress", 30.0, 0)
    assert "finishedAt" not in newest
    assert (followed["status"], followed["durationInSeconds"]) == ("done", 60.0)
    assert followed["sizeInBytes"] > 0


def test_clickstream_fails_and_then_its_last_success_is_forgotten() -> None:
    moments = {second: Client("analytics").statuses("clickstream", STORY.at(second)) for second in (39, 41, 59, 60)}

    path = Client("analytics").services()["clickstream"]
    lost = Client("analytics").backups("clickstream", STORY.at(59))[-1]["id"]
    gone, never = (Client("analytics").ask(f"{path}/backups/{wanted}", STORY.at(60)) for wanted in (lost, "never"))

    assert (gone.status, never.status) == (404, 404)
    assert (gone.complaint, never.complaint) == ("", "no such backup")
    assert moments == {39: ["done"], 41: ["in_progress", "done"], 59: ["error", "done"], 60: ["error"]}


def test_the_other_services_are_in_trouble_as_told() -> None:
    statuses = {
        name: Client("analytics").statuses(name, START) for name in ("billing", "sessions", "archive", "search")
    }
    stuck = Client("analytics").backups("sessions", START)[0]

    assert statuses["billing"][:3] == ["error", "error", "done"]
    assert statuses["sessions"][:2] == ["in_progress", "done"]
    assert stuck["durationInSeconds"] == 9 * HOUR
    assert set(statuses["archive"]) == set(statuses["search"]) == {"done"}
    assert Client("analytics").backups("archive", START)[0]["startedAt"] < "2026-07-20"
    assert Client("analytics").backups("search", START)[0]["sizeInBytes"] > 1.5e12


def test_a_secondary_service_has_no_backups_of_its_own() -> None:
    client = Client("analytics")
    secondary = client.services()["orders readers"]

    assert client.result(secondary, START)["isPrimary"] is False
    assert client.ask(f"{secondary}/backups", START).status == 404
    assert client.ask(f"{secondary}/backupConfiguration", START).status == 404


def test_the_schedule_is_told_except_in_the_basic_tier() -> None:
    client, basic = Client("analytics"), Client("staging")
    search, playground = client.services()["search"], basic.services()["playground"]
    refused = basic.ask(f"{playground}/backupConfiguration", START)

    assert client.result(f"{search}/backupConfiguration", START) == {
        "backupPeriodInHours": 8,
        "backupRetentionPeriodInHours": 72,
    }
    assert refused.status == 403
    assert b"FORBIDDEN: Cannot use customized backup schedule in BASIC pricing package" in refused.body


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_staging_goes_down_for_a_minute_in_every_ten(speed: float) -> None:
    story = Story(start=START, speed=speed)
    seconds = (0, 59, 61, 119, 121, 659, 661, 719, 721)
    answers = [Client("staging", story).ask("/v1/organizations", story.at(second)) for second in seconds]

    assert [answer.status for answer in answers] == [200, 200, 503, 503, 200, 200, 503, 503, 200]
    assert answers[2].headers["Content-Type"] == "text/html"


def test_managed_postgres_is_listed_with_its_backups_by_cursor() -> None:
    ledger = Service(name="ledger", pattern=frequent(STORY), retention=168)
    account = ClickhouseAccount("pg", story=STORY, services=(), postgres=(ledger,), named=True, down=lambda _: False)
    path = f"/v1/organizations/{account.configuration('')['organization_id']}/postgres"

    def ask(rest: str = "", **query: str) -> Response:
        headers = {"authorization": signature(account)}
        request = Request(method="GET", path=path + rest, base="http://here", query=query, headers=headers)
        return account.respond(request, START)

    (listed,) = json.loads(ask().body)["result"]
    first = json.loads(ask(f"/{listed['id']}/backups", limit="5").body)
    second = json.loads(ask(f"/{listed['id']}/backups", limit="5", cursor=first["nextCursor"]).body)

    assert (listed["name"], len(first["result"]), first["totalCount"]) == ("ledger", 5, len(ledger.runs(START)))
    assert not {one["id"] for one in first["result"]} & {one["id"] for one in second["result"]}
    assert {ask(f"/{listed['id']}/backups", limit=limit).status for limit in ("many", "0", "101")} == {400}


def test_a_service_with_a_bucket_of_ones_own_lists_both_sorts() -> None:
    listed = Client("analytics").backups("search", START)
    own, external = ([one for one in listed if ("bucket" in one) is named] for named in (False, True))

    assert (len(own), len(external)) == (3, 63)
    assert {one["bucket"]["bucketProvider"] for one in external} == {"AWS"}
    assert len({one["id"] for one in listed}) == len(listed)

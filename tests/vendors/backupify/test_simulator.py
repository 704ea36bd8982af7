import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from exporter.demo.http import Account, Request, Response, Story
from exporter.demo.vendors.backupify import accounts

pytestmark = pytest.mark.integration

BASE = "http://127.0.0.1:9"
START = 1763467200.0
DAY = 86400.0
FORM = {
    "client_id": "simulated-client",
    "client_secret": "simulated-secret",
    "grant_type": "client_credentials",
    "scope": "write",
}


class Client:
    """Asks the account at given instants, a second apart where none is given, with a token got first."""

    def __init__(self, account: Account, now: float = START) -> None:
        self.account = account
        self.now = now
        self.token = json.loads(self.exchange(FORM).body)["access_token"]

    def exchange(self, form: Mapping[str, str]) -> Response:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self.send("POST", "/oauth/token", headers=headers, body=urlencode(form).encode())

    def get(self, target: str, now: float | None = None) -> Response:
        return self.send("GET", target, now, headers={"authorization": f"Bearer {self.token}"})

    def send(self, method: str, target: str, now: float | None = None, **rest: Any) -> Response:
        self.now = self.now + 1 if now is None else now
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        return self.account.respond(Request(method=method, path=parts.path, base=BASE, query=query, **rest), self.now)

    def read(self, target: str, now: float | None = None) -> Any:
        response = self.get(target, now)
        assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
        return json.loads(response.body)


@pytest.fixture
def account() -> Account:
    return accounts(Story(start=START))[0]


@pytest.fixture
def client(account: Account) -> Client:
    return Client(account)


def links(response: Response) -> dict[str, str]:
    found = {}
    for part in filter(None, response.headers.get("Link", "").split(", ")):
        target, _, rel = part.partition("; ")
        found[rel.removeprefix('rel="').removesuffix('"')] = target.strip("<>")
    return found


def test_the_configuration_is_that_of_the_account(account: Account) -> None:
    assert account.configuration(BASE) == {
        "name": "workspace",
        "provider": "backupify",
        "client_id": FORM["client_id"],
        "client_secret": FORM["client_secret"],
        "base_url": BASE,
        "resources": {"103": {"max_age": "1m"}},
    }


@pytest.mark.parametrize(
    ("change", "status"),
    [({"client_secret": "wrong"}, 401), ({"client_id": ""}, 401), ({"scope": "read"}, 400), ({"grant_type": "x"}, 400)],
)
def test_a_token_is_not_given_to_everybody(client: Client, change: Mapping[str, str], status: int) -> None:
    response = client.exchange({**FORM, **change})
    assert (response.status, response.body) == (status, b"")


def test_a_token_dies_after_899_seconds(client: Client) -> None:
    issued = client.now
    assert client.get("/v1/customers", issued + 898).status == 200
    refused = client.get("/v1/customers", issued + 899)
    assert (refused.status, refused.body) == (401, b"")
    client.token = "made-up"
    assert client.get("/v1/customers").status == 401


def test_a_third_request_within_a_second_is_refused_without_a_word(client: Client) -> None:
    statuses = [client.get("/v1/customers", START + 10 + tenth / 10).status for tenth in (0, 4, 9, 11)]
    assert statuses == [200, 200, 429, 200]
    refused = client.get("/v1/customers", client.now)
    assert (refused.status, refused.body, dict(refused.headers)) == (429, b"", {})


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("POST", "/v1/backup_instances/101/backups", 405),
        ("GET", "/oauth/token", 405),
        ("GET", "/v1/backup_instances", 400),
        ("GET", "/v1/backup_instances/999", 404),
        ("GET", "/v1/backup_instances/101/backups/1", 404),
        ("GET", "/v1/customers/99/backup_instances", 404),
        ("GET", "/v1/customers/9/backup_instances", 401),
        ("GET", "/v1/backup_instances/301/backups", 401),
        ("GET", "/v1/vendors/me", 404),
        ("GET", "/", 404),
    ],
)
def test_what_is_refused(client: Client, method: str, target: str, status: int) -> None:
    response = client.send(method, target, headers={"authorization": f"Bearer {client.token}"})
    assert (response.status, response.body) == (status, b"")


def test_instances_are_found_by_customer_and_by_definition(client: Client) -> None:
    assert [one["id"] for one in client.read("/v1/customers")] == [7, 8, 9]
    ours = [client.read(f"/v1/customers/{key}/backup_instances") for key in (7, 8)]
    assert [[one["id"] for one in part] for part in ours] == [[101, 102, 103], [201, 202]]
    assert [one["backup_frequency"] for part in ours for one in part] == ["daily", "daily", "daily", "off", "weekly"]
    defined = client.read("/v1/backup_instances?backup_definition_id=3")
    assert [one["id"] for one in defined] == [101, 102, 201]
    assert client.read("/v1/backup_instances/202")["last_backup_state"] == "in progress"


def test_pages_are_linked_both_ways_and_ascend(client: Client) -> None:
    first = client.get("/v1/backup_instances/101/backups")
    assert links(first).keys() == {"next", "last"}
    last = client.get(links(first)["last"])
    assert links(last).keys() == {"first", "prev"}
    middle = client.get(links(last)["prev"])
    assert links(middle)["prev"] == links(middle)["first"]
    assert links(middle)["next"] == links(first)["last"]

    parts = [json.loads(part.body) for part in (first, middle, last)]
    assert [len(part) for part in parts] == [20, 20, 10]
    ids = [one["id"] for part in parts for one in part]
    assert ids == sorted(set(ids))
    starts = [one["started_at"] for part in parts for one in part]
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("seconds", "speed", "status"),
    [(10, 1, "successful"), (20, 1, "queued"), (30, 1, "in_progress"), (80, 1, "successful"), (5, 10, "in_progress")],
)
def test_a_backup_runs_as_the_story_tells(seconds: float, speed: float, status: str) -> None:
    now = START + seconds
    client = Client(accounts(Story(start=START, speed=speed))[0], now - 2)
    newest = client.read("/v1/backup_instances/102/backups", now)[-1]
    assert newest["status"] == status
    assert (newest["started_at"] is None) == (status == "queued")
    assert (newest["ended_at"] is None) == (status != "successful")

    active = client.get("/v1/backup_instances/102/backups/active", now)
    assert active.status == (200 if status == "in_progress" else 204)
    assert active.body == (json.dumps(newest).encode() if active.status == 200 else b"")


def test_the_other_instances_are_idle_stuck_or_never_backed_up(client: Client) -> None:
    assert client.read("/v1/backup_instances/103/backups") == []
    assert "last_backup_state" not in client.read("/v1/backup_instances/103")
    retired = client.read("/v1/backup_instances/201/backups")
    assert [one["status"] for one in retired] == ["successful"] * 5
    stuck = client.read("/v1/backup_instances/202/backups")[-1]
    assert (stuck["status"], stuck["started_at"]) == ("in_progress", "2025-11-18T01:00:00.000Z")
    assert client.read("/v1/backup_instances/202/backups/active") == stuck
    assert client.read(f"/v1/backup_instances/202/backups/{stuck['id']}") == stuck

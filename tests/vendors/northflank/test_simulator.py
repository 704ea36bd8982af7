"""The simulated Northflank behaves as its documents say, and its story happens on time."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from exporter.demo.http import Account, Request, Response, Story
from exporter.demo.vendors.northflank import accounts

pytestmark = pytest.mark.integration

START = 1_760_000_000.0
STORY = Story(start=START)
PAYMENTS = "/v1/projects/payments/addons"
MEDIA = "/v1/projects/media/addons"


def account(story: Story = STORY) -> Account:
    [only] = accounts(story)
    return only


def ask(
    vendor: Account, path: str, *, now: float = START, method: str = "GET", token: str = "", **query: str
) -> Response:
    token = token or vendor.configuration("http://here")["token"]
    headers = {"authorization": f"Bearer {token}"}
    return vendor.respond(Request(method=method, path=path, base="http://here", query=query, headers=headers), now)


def body(response: Response) -> Any:
    assert response.headers["Content-Type"] == "application/json"
    return json.loads(response.body)


def list_all(vendor: Account, path: str, *, now: float = START, per_page: str = "100") -> list[dict[str, Any]]:
    """Follow the cursors to the end."""
    found: list[dict[str, Any]] = []
    further: Mapping[str, str] = {}
    while True:
        page = body(ask(vendor, path, now=now, per_page=per_page, **further))
        [part] = page["data"].values()
        found += part
        pagination = page.get("pagination", {"hasNextPage": False})
        assert pagination.get("count", len(part)) == len(part)
        if not pagination["hasNextPage"]:
            return found
        further = {"cursor": pagination["cursor"]}


def test_a_wrong_token_is_refused_in_the_documented_envelope() -> None:
    response = ask(account(), "/v1/projects", token="another")

    assert response.status == 401
    assert body(response)["error"].keys() == {"status", "message", "id", "details"}
    assert body(response)["error"]["status"] == 401


def test_the_account_holds_six_addons_one_that_goes_and_a_closed_project() -> None:
    vendor = account()
    projects = [project["id"] for project in list_all(vendor, "/v1/projects")]
    addons = [
        (addon["id"], addon["spec"]["type"], addon["status"])
        for project in projects
        if project != "secret-lab"
        for addon in list_all(vendor, f"/v1/projects/{project}/addons")
    ]

    assert sorted(projects) == ["media", "payments", "secret-lab"]
    assert sorted(addons) == [
        ("catalog", "mongodb", "running"),
        ("ledger-db", "postgresql", "running"),
        ("old-blog", "mysql", "deleting"),
        ("queue", "redis", "paused"),
        ("risk-db", "mysql", "running"),
        ("thumbnails", "minio", "running"),
        ("uploads", "postgresql", "running"),
    ]
    assert ask(vendor, "/v1/projects/secret-lab/addons").status == 403


def test_cursors_and_page_numbers_lead_through_the_same_unordered_list() -> None:
    vendor = account()
    path = f"{PAYMENTS}/ledger-db/backups"
    by_cursor = [backup["id"] for backup in list_all(vendor, path)]
    pages = [body(ask(vendor, path, page=page))["data"]["backups"] for page in ("1", "2", "3", "4")]
    by_number = [backup["id"] for page in pages for backup in page]
    instants = [backup["createdAt"] for backup in list_all(vendor, path)]

    assert [len(page) for page in pages] == [50, 50, 10, 0]
    assert by_cursor == by_number
    assert len(set(by_cursor)) == 110
    assert instants not in (sorted(instants), sorted(instants, reverse=True))
    assert len(body(ask(vendor, path, per_page="500"))["data"]["backups"]) == 100
    assert ask(vendor, path, per_page="many").status == 400


def test_a_cursor_misses_nothing_when_a_backup_is_made_in_between() -> None:
    vendor = account()
    path = f"{PAYMENTS}/ledger-db/backups"
    first = body(ask(vendor, path, now=START + 40, per_page="100"))
    cursor = first["pagination"]["cursor"]
    second = body(ask(vendor, path, now=START + 50, per_page="100", cursor=cursor))
    seen = [backup["id"] for page in (first, second) for backup in page["data"]["backups"]]

    assert len(seen) == len(set(seen))
    assert {backup["id"] for backup in list_all(vendor, path, now=START + 40)} <= {*seen, _oldest(vendor, path)}


def _oldest(vendor: Account, path: str) -> str:
    """Return the dump that expires when the new one comes."""
    dumps = [backup for backup in list_all(vendor, path, now=START + 40) if backup["id"].startswith("dump")]
    return str(min(dumps, key=lambda backup: backup["createdAt"])["id"])


def test_the_thousand_and_first_request_of_an_hour_is_refused_until_the_hour_ends() -> None:
    vendor = account()
    answers = [ask(vendor, "/v1/projects", now=START + 0.1 * number) for number in range(1001)]
    refused = answers[-1]

    assert {answer.status for answer in answers[:-1]} == {200}
    assert answers[0].headers["x-ratelimit-remaining"] == "999"
    assert refused.status == 429
    assert body(refused)["error"]["status"] == 429
    assert refused.headers["x-ratelimit-limit"] == "1000"
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert refused.headers["x-ratelimit-reset"] == "3500"
    assert ask(vendor, "/v1/projects", now=START + 3599.9).status == 429
    assert ask(vendor, "/v1/projects", now=START + 3600).status == 200


def test_only_what_is_documented_is_answered() -> None:
    vendor = account()

    assert ask(vendor, f"{PAYMENTS}/ledger-db/backups", method="POST").status == 405
    assert ask(vendor, f"{PAYMENTS}/ledger-db/backups/none").status == 404
    assert ask(vendor, f"{PAYMENTS}/unknown/backups").status == 404
    assert ask(vendor, "/v2/projects").status == 404
    assert ask(vendor, "/v1/teams/simulated-team/projects").status == 200
    assert ask(vendor, "/v1/teams/another-team/projects").status == 403


def test_a_dump_runs_from_half_a_minute_to_a_minute_and_a_half() -> None:
    for speed in (1.0, 10.0):
        story = Story(start=START, speed=speed)
        vendor = account(story)
        path = f"{MEDIA}/uploads/backups"
        before, after = (list_all(vendor, path, now=story.at(seconds)) for seconds in (29, 31))
        [new] = [backup for backup in after if backup not in before]
        last = body(ask(vendor, f"{path}/{new['id']}", now=story.at(90)))["data"]

        assert (new["status"], new["config"]["size"], "completedAt" in new) == ("in-progress", "", False)
        del new["config"]["compressionType"]  # which only the list has
        assert body(ask(vendor, f"{path}/{new['id']}", now=story.at(89)))["data"] == new
        assert (last["status"], int(last["config"]["size"]) > 2**36, "completedAt" in last) == ("completed", True, True)


def test_the_ledgers_dump_shrinks_to_a_tenth() -> None:
    vendor = account()
    dumps = [
        backup
        for backup in list_all(vendor, f"{PAYMENTS}/ledger-db/backups", now=STORY.at(60))
        if backup["config"]["source"]["type"] == "sameAddon"
    ]
    newest, *others = sorted(dumps, key=lambda backup: str(backup["createdAt"]), reverse=True)

    assert 8 < int(others[0]["config"]["size"]) / int(newest["config"]["size"]) < 12
    assert {backup["status"] for backup in dumps} == {"completed"}


def test_the_risk_databases_dumps_have_ended_and_its_snapshots_go_on() -> None:
    newest: dict[str, str] = {}
    for backup in list_all(account(), f"{PAYMENTS}/risk-db/backups"):
        source = backup["config"]["source"]["type"]
        newest[source] = max(newest.get(source, ""), backup["createdAt"])

    assert newest["sameAddon"].startswith("2025-10-05T07")  # START is 2025-10-09T08:53:20Z
    assert newest["snapshot"].startswith("2025-10-09T02")


def test_schedules_and_restores_are_told_apart_from_backups() -> None:
    vendor = account()
    [dump, snapshot] = list_all(vendor, f"{PAYMENTS}/ledger-db/backup-schedules")
    restores = list_all(vendor, f"{MEDIA}/catalog/restores")

    assert dump["scheduling"] == {"interval": "hourly", "minute": [54], "hour": [], "day": []}
    assert snapshot["scheduling"] == {"interval": "daily", "minute": [53], "hour": [13], "day": []}
    assert list_all(vendor, f"{MEDIA}/thumbnails/backup-schedules") == []
    assert len(list_all(vendor, f"{MEDIA}/thumbnails/backups")) == 1
    assert max(restores, key=lambda restore: str(restore["restoreTimestamp"]))["status"] == "failed"
    assert "pagination" not in body(ask(vendor, f"{MEDIA}/catalog/backup-schedules"))

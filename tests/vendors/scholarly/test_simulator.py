import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from exporter.demo.http import Account, Request, Response, Story
from exporter.demo.vendors.scholarly import accounts

pytestmark = pytest.mark.integration

BASE = "http://127.0.0.1:9"
START = 1763467200.0
DAY = 86400.0
NEWEST_FIRST = "/api/v1/backups?sort=-created_at&page[size]=100"
TYPE = "application/vnd.api+json"


@pytest.fixture
def campus() -> Account:
    return accounts(Story(start=START))[0]


@pytest.fixture
def faculty() -> Account:
    return accounts(Story(start=START))[1]


def ask(account: Account, target: str, now: float, *, method: str = "GET", token: str | None = None) -> Response:
    parts = urlsplit(target)
    token = account.configuration(BASE)["token"] if token is None else token
    headers = {"authorization": f"Bearer {token}"}
    query = dict(parse_qsl(parts.query))
    return account.respond(Request(method=method, path=parts.path, base=BASE, query=query, headers=headers), now)


def read(account: Account, target: str, now: float) -> Any:
    response = ask(account, target, now)
    assert (response.status, response.headers["Content-Type"]) == (200, TYPE)
    return json.loads(response.body)


def newest(account: Account, now: float, count: int = 3) -> list[tuple[str, int]]:
    found = read(account, NEWEST_FIRST, now)["data"][:count]
    return [(each["attributes"]["status"], each["attributes"]["progress"]["percentage"]) for each in found]


@pytest.mark.parametrize(
    ("target", "options", "status"),
    [
        (NEWEST_FIRST, {"token": ""}, 401),
        ("/api/v1/institutions", {"token": "sch_simulated_faculty"}, 401),
        ("/api/v1/backups/none", {}, 404),
        ("/api/v2/backups", {}, 404),
        (NEWEST_FIRST, {"method": "POST"}, 405),
        ("/api/v1/backups?sort=-file_size", {}, 400),
        ("/api/v1/backups?page[size]=0", {}, 400),
        ("/api/v1/backups?page[after]=none", {}, 400),
    ],
)
def test_a_refusal_is_a_json_api_error(campus: Account, target: str, options: dict[str, str], status: int) -> None:
    response = ask(campus, target, START, **options)

    assert (status, TYPE) == (response.status, response.headers["Content-Type"])
    assert [str(status)] == [each["status"] for each in json.loads(response.body)["errors"]]


def test_a_second_request_within_a_second_is_one_too_many_and_hints_at_nothing(campus: Account) -> None:
    answers = [ask(campus, NEWEST_FIRST, START + after) for after in (0.0, 0.9, 1.0)]

    assert [answer.status for answer in answers] == [200, 429, 200]
    assert answers[1].headers == {"Content-Type": TYPE}


def test_the_links_lead_once_through_all_backups_of_60_days(campus: Account) -> None:
    target, now, seen, forms = NEWEST_FIRST, START, [], []
    while target:
        body = read(campus, target, now)
        seen += body["data"]
        target, now = body["links"]["next"], now + 1
        forms.append(target and target.startswith(BASE))
    starts = [each["attributes"]["created_at"] for each in seen]
    statuses = [each["attributes"]["status"] for each in seen]

    assert 131 == body["meta"]["total"] == len({each["id"] for each in seen}) == len(seen)
    assert sorted(starts, reverse=True) == starts
    assert forms == [False, None]
    assert (statuses.count("completed"), statuses.count("failed")) == (127, 4)


def test_next_links_are_absolute_on_even_pages_and_25_is_the_default(campus: Account) -> None:
    first = read(campus, "/api/v1/backups", START)
    second = read(campus, first["links"]["next"], START + 1)
    third = read(campus, second["links"]["next"], START + 2)
    back = read(campus, third["links"]["prev"], START + 3)

    assert tuple(len(body["data"]) for body in (first, second, third)) == (25, 25, 25)
    assert tuple(body["links"]["next"].startswith(BASE) for body in (first, second)) == (False, True)
    assert second["data"] == back["data"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (9, [("completed", 100)]),
        (10, [("processing", 0), ("completed", 100)]),
        (55, [("processing", 50), ("completed", 100)]),
        (100, [("completed", 100), ("completed", 100)]),
        (400, [("processing", 0), ("completed", 100)]),
        (520, [("processing", 45), ("completed", 100)]),
        (760, [("processing", 45), ("processing", 45), ("completed", 100)]),
        (999, [("completed", 100), ("processing", 45), ("completed", 100)]),
        (1000, [("processing", 0), ("completed", 100), ("failed", 45)]),
    ],
)
@pytest.mark.parametrize("speed", [1.0, 20.0])
def test_the_story_is_told_at_any_speed(seconds: float, expected: list[tuple[str, int]], speed: float) -> None:
    story = Story(start=START, speed=speed)
    found = newest(accounts(story)[0], story.at(seconds), len(expected))

    assert [status for status, _ in expected] == [status for status, _ in found]
    assert [percentage for _, percentage in expected] == pytest.approx([percentage for _, percentage in found], abs=7)


def test_every_third_listing_is_some_seconds_behind_but_a_single_backup_is_not(campus: Account) -> None:
    found = [newest(campus, START + 11 + second, 1)[0][0] for second in range(3)]
    running = read(campus, NEWEST_FIRST, START + 20)["data"][0]["id"]
    single = read(campus, f"/api/v1/backups/{running}", START + 30)["data"]

    assert found == ["processing", "processing", "completed"]
    assert (running, 22) == (single["id"], single["attributes"]["progress"]["percentage"])


def test_only_a_completed_backup_has_a_size_and_a_download(campus: Account) -> None:
    running, done = read(campus, NEWEST_FIRST, START + 50)["data"][:2]
    absent = ("file_size", "download_url", "download_checksum_md5")

    assert [running["attributes"][key] for key in absent] == [None] * 3
    assert None not in [done["attributes"][key] for key in absent]
    assert "simulated-download-token" in done["attributes"]["download_url"]


def test_only_the_campus_may_list_its_institution(campus: Account, faculty: Account) -> None:
    listed = read(campus, "/api/v1/institutions", START)

    assert [each["attributes"]["name"] for each in listed["data"]] == ["Northfield College"]
    assert listed["links"]["next"] is None
    assert ask(faculty, "/api/v1/institutions", START).status == 403


def test_the_faculty_has_one_backup_that_is_too_old(faculty: Account) -> None:
    (backup,) = read(faculty, NEWEST_FIRST, START)["data"]

    assert (
        backup["attributes"]["status"],
        backup["attributes"]["created_at"],
    ) == ("completed", "2025-11-09T12:00:00.000Z")
    assert faculty.configuration(BASE)["max_age"] == "7d"

"""What an exporter makes of a Northflank account whose newer endpoints answer otherwise than one would wish."""

from collections.abc import Callable
from typing import Any

import pytest

from exporter.demo.http import Request, Response, json_response
from tests.altered_account import FORBIDDEN_IN_HTML, HTML, Outcome, Tampered, Tampering, always, poll, rewriting

pytestmark = pytest.mark.integration

VOLUMES = "/v1/projects/media/volumes"
ORIGINALS = f"{VOLUMES}/originals"
CATALOG, LEDGER, RISK = "Catalog", "Ledger Db", "Risk Db"
CLOSED = {"Secret Lab": "forbidden", "Secret Lab/volumes": "forbidden"}
DAY, HOUR = 86400.0, 3600.0
LAST = "backup_last_success_timestamp_seconds"


def platform(tampering: dict[str, Tampering], *names: str, **keys: Any) -> Outcome:
    chosen: dict[str, Any] = {"include": list(names)} if names else {}
    return poll("northflank", "platform", tampering, **chosen, **keys)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (401, "unauthorized"), (FORBIDDEN_IN_HTML, "forbidden"), (429, "rate_limited"), (503, "server_error"),
        (HTML, "malformed"), (None, "malformed"), ({"data": None}, "malformed"),
        ({"data": {"volumes": 7}}, "malformed"),
    ],
)  # fmt: skip
def test_volumes_that_cannot_be_listed_are_a_scope_and_nothing_else(answer: Any, reason: str) -> None:
    seen = platform({VOLUMES: always(answer)})

    assert (seen.up, seen.scopes) == (True, {**CLOSED, "Media/volumes": reason})
    assert {one["backup_resource_up"] for one in seen.records.values()} == {1}


@pytest.mark.parametrize("status", [404, 410])
def test_a_project_without_volumes_is_quiet(status: int) -> None:
    assert platform({VOLUMES: always(status)}).scopes == CLOSED


def test_volumes_are_not_asked_for_unless_that_is_wanted() -> None:
    seen = platform({}, volumes=False, polls=2)

    assert seen.scopes == {"Secret Lab": "forbidden"}
    assert seen.account.count(".*/volumes.*") == 0


def test_a_volume_is_a_resource_of_its_own_kind() -> None:
    seen = platform({}).records["Originals"]

    assert (seen["resource"], seen["resource_kind"]) == ("media/volumes/originals", "volume")
    assert (seen["backup_schedule_enabled"], seen["backup_expected_interval_seconds"]) == (1, DAY)
    assert seen["backup_configured_retention_seconds"] == 21 * DAY
    assert seen["backup_backups"]["completed"] == 21
    assert "backup_max_age_by_kind_seconds" not in seen
    assert "backup_last_success_size_bytes" not in seen


def endless(request: Request, _: Response) -> Response:
    number = int(request.query.get("cursor", "0")) + 1
    pagination = {"hasNextPage": True, "cursor": str(number)}
    return json_response({"data": [{"id": f"b{number}", "status": "completed"}], "pagination": pagination})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (403, "forbidden"), (410, "not_found"), (500, "server_error"), (HTML, "malformed"), ({"data": 7}, "malformed"),
        (endless, "malformed"),
    ],
)  # fmt: skip
def test_backups_of_a_volume_that_cannot_be_read_are_its_own_trouble(answer: Any, reason: str) -> None:
    tampering: Tampering = answer if callable(answer) else always(answer)
    seen = platform({f"{ORIGINALS}/backups": tampering}, "media/*")

    assert seen.up is True
    assert seen.records["Originals"]["backup_resource_failure"] == {reason: 1}
    assert seen.records["Thumbnail Cache"]["backup_resource_up"] == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_volume_without_a_list_of_schedules_has_no_limit_and_is_up(status: int) -> None:
    seen = platform({f"{ORIGINALS}/backup-schedules": always(status)}).records["Originals"]

    assert seen["backup_resource_up"] == 1
    assert not {"backup_schedule_enabled", "backup_max_age_seconds"} & seen.keys()


@pytest.mark.parametrize("data", [{}, {"schedules": None}, []])
def test_an_addon_whose_schedules_are_left_out_has_none(data: Any) -> None:
    seen = platform({".*/catalog/backup-schedules": always({"data": data})}, "media/catalog")

    assert seen.records[CATALOG]["backup_resource_up"] == 1
    assert seen.records[CATALOG]["backup_schedule_enabled"] == 0
    assert "backup_max_age_seconds" not in seen.records[CATALOG]


def with_sources(source_of: Callable[[int], Any]) -> Tampering:
    def change(body: Any) -> Any:
        listed = body["data"]["backups"]
        for number, one in enumerate(listed):
            one["config"] = {**one["config"], "source": source_of(number)}
        return body

    return rewriting(change)


@pytest.mark.parametrize("source", [None, {}, {"type": None}, {"type": "clone"}, "dump", []])
def test_backups_that_do_not_say_how_they_were_made_have_no_limit_by_kind(source: Any) -> None:
    seen = platform({".*/risk-db/backups": with_sources(lambda _: source)}, "payments/risk-db", polls=3)

    assert "backup_max_age_by_kind_seconds" not in seen.records[RISK]
    assert {problem for problem, kind in seen.problems(RISK) if kind} == set()


def test_one_backup_that_says_it_on_another_page_is_enough() -> None:
    def sources(request: Request, response: Response) -> Response:
        second = "cursor" in request.query
        return with_sources(lambda number: {"type": "snapshot"} if second and number == 0 else None)(request, response)

    seen = platform({".*/ledger-db/backups": sources}, "payments/ledger-db")

    assert seen.records[LEDGER]["backup_max_age_by_kind_seconds"].keys() == {"dump", "snapshot"}


class Replaced:
    """Gives an addon another `uid` on demand, and an empty list of backups from then on."""

    def __init__(self) -> None:
        self.uid: Any = "first"
        self.emptied = False

    def overview(self, body: Any) -> Any:
        for one in body["data"]["addons"]:
            one["uid"] = self.uid
        return body

    def backups(self, request: Request, response: Response) -> Response:
        return json_response({"data": {"backups": []}}) if self.emptied else response


@pytest.mark.parametrize(
    ("uids", "kept"),
    [
        (("first", "first"), True),
        (("second", "second"), False),
        (("second", "first"), False),
        ((None, "first"), True),
        ((None, "second"), False),
        (("", 7), True),
    ],
)
def test_a_name_that_is_used_again_does_not_inherit_the_success_of_the_older(uids: tuple[Any, Any], kept: bool) -> None:
    addon = Replaced()

    def change(_account: Tampered, number: int) -> None:
        if number < len(uids):
            addon.uid, addon.emptied = uids[number], True

    tampering = {"/v1/projects/media/addons": rewriting(addon.overview), ".*/catalog/backups": addon.backups}
    seen = platform(tampering, "media/catalog", discovery_interval="5m", polls=4, between=change)

    assert (LAST in seen.records[CATALOG]) is kept

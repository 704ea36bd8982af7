"""What an exporter makes of a Backupify account whose answers contradict each other."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from exporter.demo.http import Request, Response, json_response
from tests.altered_account import FORBIDDEN_IN_HTML, HTML, Outcome, Tampered, Tampering, always, poll, rewriting
from tests.virtual_time import START

pytestmark = pytest.mark.integration

CUSTOMER = "/v1/customers/7/backup_instances"
INSTANCE, BACKUPS = "Harbour School/101", "/v1/backup_instances/101/backups"
DAY, HOUR = 86400.0, 3600.0
LAST = "backup_last_success_timestamp_seconds"


def workspace(tampering: dict[str, Tampering], **keys: Any) -> Outcome:
    return poll("backupify", "workspace", tampering, **keys)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Response(status=401), "unauthorized"), (FORBIDDEN_IN_HTML, "forbidden"), (500, "server_error"),
        (HTML, "malformed"), ({"backup_instances": []}, "malformed"), (Response(status=204), "malformed"),
    ],
)  # fmt: skip
def test_a_customer_that_cannot_be_listed_is_a_scope(answer: Any, reason: str) -> None:
    seen = workspace({CUSTOMER: always(answer)})

    assert seen.up is True
    assert seen.scopes["Harbour School"] == reason
    assert ("scope.unreadable", reason) in seen.warnings
    assert not any(name.startswith("Harbour School") for name in seen.records)


def at(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat()


def record(number: int, **other: Any) -> dict[str, Any]:
    """Return a backup that began so many hours after the first; the 20th is 20 hours old."""
    began = START - 40 * HOUR + number * HOUR
    times = {"started_at": at(began), "ended_at": at(began + 600)}
    return {"id": 1000 + number, "backup_instance_id": 101, "status": "successful", "failures": [], **times, **other}


class Growing:
    """A list whose first page and its mark stay as they are while further pages come, with the `Link` on a 304 too."""

    def __init__(self, *, linked: bool = True) -> None:
        self.records = [record(number) for number in range(1, 21)]
        self.linked = linked
        self.not_modified = 0

    def __call__(self, request: Request, response: Response) -> Response:
        page = int(request.query.get("page", "1"))
        shown = self.records[20 * (page - 1) : 20 * page]
        last = -(-len(self.records) // 20)
        rels = {"last": last, "next": page + 1} if page < last else {}
        links = ", ".join(f'<{request.base}{BACKUPS}?page={to}>; rel="{rel}"' for rel, to in rels.items())
        headers = {"ETag": f'"{page}-{len(shown)}"', **({"Link": links} if links and self.linked else {})}
        if request.headers.get("if-none-match") == headers["ETag"]:
            self.not_modified += 1
            return Response(status=304, headers=headers)
        answer = json_response(shown)
        return replace(answer, headers={**answer.headers, **headers})


def instance(**reported: Any) -> Tampering:
    def change(listed: Any) -> Any:
        return [{**one, **reported} if one["id"] == 101 else one for one in listed]

    return rewriting(change)


def test_a_link_that_changes_alone_brings_the_backups_behind_it() -> None:
    listing = Growing()

    def grow(_account: Tampered, number: int) -> None:
        if number == 2:
            listing.records += [record(21), record(22)]

    tampering: dict[str, Tampering] = {BACKUPS: listing, CUSTOMER: instance(last_successful_backup=None)}
    seen = workspace(tampering, polls=5, between=grow, include=["101"])

    assert listing.not_modified > 0
    assert seen.records[INSTANCE]["backup_backups"]["completed"] == 22
    assert seen.records[INSTANCE][LAST] == START - 18 * HOUR


def full_page(last_success: Any, records: Sequence[Any] = ()) -> Outcome:
    listing = Growing(linked=False)
    listing.records = list(records) or listing.records
    return workspace(
        {BACKUPS: listing, CUSTOMER: instance(last_successful_backup=last_success)}, include=["101"], polls=2
    )


def test_a_full_page_without_links_is_not_the_whole_where_a_success_is_newer() -> None:
    seen = full_page(at(START - 2 * HOUR))

    assert seen.records[INSTANCE]["backup_resource_failure"] == {"malformed": 1}


@pytest.mark.parametrize("ended", [600, 0, 659, -59])
def test_a_success_within_a_listed_backup_is_that_backup(ended: float) -> None:
    seen = full_page(at(START - 20 * HOUR + ended)).records[INSTANCE]

    assert seen["backup_backups"]["completed"] == 20
    assert seen[LAST] == START - 20 * HOUR


@pytest.mark.parametrize(
    "reported", [None, "", 7, {}, "soon", "0001-01-01T00:00:00Z", "x" * 100_000, "2999-01-01T00:00:00Z"]
)
def test_an_odd_last_success_adds_nothing(reported: Any) -> None:
    seen = full_page(reported, [record(number) for number in range(1, 20)]).records[INSTANCE]

    assert (seen["backup_resource_up"], seen[LAST]) == (1, START - 21 * HOUR)


def test_a_later_success_than_those_listed_counts_by_its_time_alone() -> None:
    seen = full_page(at(START - 2 * HOUR), [record(number) for number in range(1, 20)]).records[INSTANCE]

    assert seen[LAST] == START - 2 * HOUR
    assert seen["backup_backups"]["completed"] == 19


@pytest.mark.parametrize(
    ("failures", "count"),
    [
        ([], 0),
        (["a", {"b": 1}], 2),
        (["x"] * 10_000, 10_000),
        (None, None),
        ("three", None),
        ({"a": 1}, None),
        (3, None),
    ],
)
def test_failures_within_the_newest_success_are_counted(failures: Any, count: int | None) -> None:
    records = [
        record(1, failures=["old"]),
        record(2, failures=failures),
        record(3, status="failed", failures=["x"] * 9),
    ]
    seen = full_page(None, records)

    assert seen.records[INSTANCE].get("backup_last_success_failures") == count
    assert ("partly_failed" in {problem for problem, _ in seen.problems(INSTANCE)}) is bool(count)

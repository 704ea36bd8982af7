import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from exporter.history.page import write_html
from exporter.history.report import COLUMNS, BackupReport, make_report
from exporter.history.tables import format_share, make_table, write_csv, write_json
from exporter.model import Backup, Details, RecoveryWindow, Resource, Restore, Status
from exporter.settings import Override
from exporter.state.history import History
from exporter.state.problem import CRITICAL, WARNING, Problem
from exporter.state.recent_backups import CompletedBackup, RecentBackups
from tests.history.cases import DAY, NOW, PERIOD, PROVIDER, backup, platform, reading, resource_status

DAILY = [backup(days, size=100.0 + days) for days in range(40)]


def record(*resources: Any, **fields: Any) -> dict[str, Any]:
    made = make_report([reading(*resources, **fields)], PERIOD)
    return dict(made.entries[0].record)


def test_a_resource_within_its_limit_is_told_in_full() -> None:
    restore = Restore(started=NOW - 3 * DAY, status=Status.FAILED)
    details = Details(interval=DAY, restore=restore)
    failed = backup(2.5, Status.FAILED)
    cancelled = backup(1.5, Status.CANCELLED)
    found = record(
        resource_status(*DAILY, failed, cancelled, backup(45), details=details),
        source=platform(labels=(("team", "a"),)),
    )

    assert found == {
        "provider": PROVIDER,
        "source": "platform",
        "resource": "payments/ledger",
        "name": "Ledger",
        "kind": "postgresql",
        "labels": {"team": "a"},
        "limit_seconds": 95040,
        "limit_from": "derived",
        "known_since": "2025-10-26T00:00:00Z",
        "attainment": 1.0,
        "longest_gap_seconds": 90000,
        "longest_gap_end": "2025-10-26T01:00:00Z",
        "completed": 31,
        "failed": 1,
        "cancelled": 1,
        "first_success": "2025-10-26T00:00:00Z",
        "last_success": "2025-11-25T00:00:00Z",
        "first_size_bytes": 130,
        "last_size_bytes": 100,
        "longest_duration_seconds": 3600,
        "last_restore": "2025-11-22T00:00:00Z",
        "last_restore_status": "failed",
        "oldest_success": "2025-10-11T00:00:00Z",
        "paused": False,
        "problems": ["restore_failed"],
        "unknown": [],
    }
    assert list(found) == list(COLUMNS)


def test_failures_of_a_vendor_that_lists_none_are_not_known() -> None:
    source = platform()
    provider = replace(source.provider, statuses=frozenset({Status.COMPLETED}))
    of = reading(resource_status(*DAILY, details=Details(interval=DAY)), source=replace(source, provider=provider))
    made = make_report([of], PERIOD)
    found = dict(made.entries[0].record)

    assert b"<dd>31 completed</dd>" in write_html(made, write_json(made))
    assert (found["completed"], found["failed"], found["cancelled"]) == (31, None, None)
    assert found["unknown"] == [
        "The vendor lists no failed backups, so failures are not known; only the age shows them."
    ]


def test_attainment_is_the_share_of_what_is_known() -> None:
    found = record(
        resource_status(backup(10), backup(1))
    )  # for the 10 days from the first one's finish, 9 - 1.1 are too old

    late = 9 * DAY + 3600 - 95040
    assert found["attainment"] == (10 * DAY - 3600 - late) / (10 * DAY - 3600)
    assert found["known_since"] == "2025-11-15T01:00:00Z"
    assert (found["longest_gap_seconds"], found["longest_gap_end"]) == (9 * DAY + 3600, "2025-11-24T01:00:00Z")
    assert "The vendor lists 10 d; history before 2025-11-15T01:00:00Z is not known." in found["unknown"]
    assert (
        "A backup that the vendor has deleted is not seen, so a gap may be one that deletion left." in found["unknown"]
    )


def test_a_vendor_that_lists_a_day_is_known_for_a_day_and_by_what_is_remembered() -> None:
    listed = [backup(0.25), backup(1)]
    alone = record(resource_status(*listed))
    assert alone["known_since"] == "2025-11-24T01:00:00Z"
    assert alone["unknown"] == ["The vendor lists 24 h; history before 2025-11-24T01:00:00Z is not known."]

    kept = [CompletedBackup(id=f"old {days}", started=NOW - days * DAY, duration=60) for days in (2, 3)]
    remembering = record(resource_status(*listed, history=History(successes={"": RecentBackups(kept)})))
    assert remembering["known_since"] == "2025-11-22T00:01:00Z"
    assert (remembering["completed"], remembering["attainment"]) == (4, 1.0)
    assert remembering["oldest_success"] == "2025-11-24T00:00:00Z"  # what is not listed cannot be restored


def test_without_a_limit_nothing_is_judged() -> None:
    found = record(resource_status(*DAILY, details=None))

    assert (found["limit_seconds"], found["limit_from"], found["attainment"]) == (None, None, None)
    assert found["longest_gap_seconds"] == 90000
    assert found["unknown"] == ["No age limit is configured or can be derived, so the age cannot be judged."]


def test_never_a_success_is_said_and_not_judged() -> None:
    found = record(resource_status(backup(3, Status.FAILED)))

    nothing = ("known_since", "attainment", "longest_gap_seconds", "first_success", "last_success", "oldest_success")
    assert [found[key] for key in nothing] == [None] * 6
    assert (found["completed"], found["failed"]) == (0, 1)
    assert found["unknown"] == ["No completed backup is known, so the age is not known at any time."]


def test_a_period_before_all_knowledge_is_said_and_not_judged() -> None:
    early = type(PERIOD)(since=NOW - 90 * DAY, until=NOW - 60 * DAY, now=NOW)
    found = make_report([reading(resource_status(*DAILY))], early).entries[0].record

    assert (found["known_since"], found["attainment"], found["completed"]) == (None, None, 0)
    assert found["unknown"] == [
        "The period ends before the first completed backup that is known, which finished at 2025-10-17T01:00:00Z."
    ]


def test_runs_are_counted_by_their_start_and_both_ends_count() -> None:
    edges = [backup(30), backup(0), backup(30.001), backup(-0.001, id="future")]
    found = record(resource_status(*edges))

    assert (found["completed"], found["first_success"]) == (2, "2025-10-26T00:00:00Z")
    assert "The vendor lists 1 backup with a start in the future; not counted before that time." in found["unknown"]


def test_times_out_of_order_change_nothing() -> None:
    assert record(resource_status(*reversed(DAILY))) == record(resource_status(*DAILY))
    odd = Backup(id="odd", status=Status.COMPLETED, started=NOW - DAY / 2, finished=NOW - 5 * DAY)
    assert record(resource_status(*DAILY, odd))["longest_duration_seconds"] == 3600


def test_a_listing_that_grows_while_it_is_read_counts_each_backup_once() -> None:
    twice = [*DAILY, DAILY[3], backup(0.5)]

    assert record(resource_status(*twice))["completed"] == 32


def test_what_has_no_start_or_no_known_status_is_said() -> None:
    found = record(
        resource_status(*DAILY, backup(3, id="a", started=None), backup(4, Status.UNKNOWN, id="b", unmapped="exploded"))
    )

    assert found["completed"] == 31
    assert found["unknown"] == [
        "The vendor lists 1 backup without a usable start; counted nowhere.",
        "The vendor lists 1 backup with a status that is not understood; counted nowhere.",
    ]


def test_point_in_time_recovery_is_not_judged_but_its_ends_are_told() -> None:
    window = RecoveryWindow(kind="pitr", earliest=NOW - 7 * DAY, latest=NOW - 20)
    found = record(resource_status(recovery=window))

    assert (found["last_success"], found["oldest_success"]) == ("2025-11-24T23:59:40Z", "2025-11-18T00:00:00Z")
    assert (found["attainment"], found["known_since"], found["completed"], found["failed"]) == (None, None, None, None)
    assert found["unknown"] == [
        "The vendor keeps a window for point-in-time recovery, so the age at a past instant is not known."
    ]


def test_a_resource_that_could_not_be_read_is_not_judged_by_what_is_remembered() -> None:
    unread = replace(resource_status(*DAILY), listing=None, up=False, failure="timeout")
    made = make_report([reading(unread)], PERIOD)
    found = made.entries[0].record

    nothing = ("attainment", "completed", "known_since", "longest_gap_seconds", "longest_gap_end", "oldest_success")
    assert [found[key] for key in nothing] == [None] * 6
    assert found["last_success"] == "2025-11-25T00:00:00Z"  # remembered
    assert found["unknown"][0] == "The resource could not be read (timeout); what is not listed here is not known."
    assert not made.complete
    assert made.summary == {"resources": 1, "within": 0, "outside": 0, "unjudged": 1}


def test_what_stands_through_an_outage_is_a_problem_in_the_report() -> None:
    stood = (
        Problem("nothing_to_restore", CRITICAL, "as it was", since=NOW - DAY),
        Problem("last_run_failed", WARNING, "as it was", since=NOW - DAY),
    )
    unread = replace(resource_status(*DAILY), listing=None, up=False, failure="timeout", restored=stood)

    assert record(unread, up=False, failure="timeout")["problems"] == ["nothing_to_restore", "last_run_failed"]
    assert record(replace(resource_status(*DAILY), restored=stood))["problems"] == []


def test_the_summary_counts_the_paused_as_unjudged() -> None:
    within = resource_status(*DAILY)
    paused = resource_status(*DAILY, resource=Resource(id="p", name="p", kind="redis", paused=True))
    outside = resource_status(backup(10), resource=Resource(id="o", name="o", kind="redis"))
    overridden = resource_status(*DAILY, resource=Resource(id="q", name="q", kind="redis"))
    resting = platform(overrides=(Override(pattern="q", paused=True),))
    made = make_report([reading(within, paused, outside, overridden, source=resting)], PERIOD)

    assert made.summary == {"resources": 4, "within": 1, "outside": 1, "unjudged": 2}


def test_a_source_that_could_not_be_read_stands_in_the_report() -> None:
    made = make_report([reading(up=False, failure="unauthorized")], PERIOD)

    assert made.document()["sources"] == [
        {"source": "platform", "provider": PROVIDER, "up": False, "failure": "unauthorized"}
    ]
    assert not made.complete
    assert b"could not be read: unauthorized" in write_html(made, write_json(made))


def test_the_json_has_its_fixed_form() -> None:
    document = json.loads(write_json(make_report([reading(resource_status(*DAILY))], PERIOD)))

    assert list(document) == ["report", "version", "created", "from", "until", "sources", "resources", "summary"]
    assert (document["report"], document["from"], document["until"]) == (
        1,
        "2025-10-26T00:00:00Z",
        "2025-11-25T00:00:00Z",
    )


def of_name(name: str) -> BackupReport:
    return make_report([reading(resource_status(*DAILY, resource=Resource(id="a", name=name, kind="redis")))], PERIOD)


def test_the_csv_has_the_same_columns_and_nothing_for_null() -> None:
    [titles, row] = csv.reader(
        io.StringIO(write_csv(make_report([reading(resource_status(backup(3)))], PERIOD)).decode())
    )
    found = dict(zip(titles, row, strict=True))

    assert tuple(titles) == COLUMNS
    assert (found["labels"], found["last_restore"], found["paused"], found["completed"]) == ("", "", "false", "1")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_no_text_of_a_vendor_is_a_formula_in_a_spreadsheet(name: str) -> None:
    [_, row] = csv.reader(io.StringIO(write_csv(of_name(name)).decode()))
    assert row[COLUMNS.index("name")] == f"'{name}"


def test_control_characters_are_written_out_in_the_csv() -> None:
    [_, row] = csv.reader(io.StringIO(write_csv(of_name("\tx\r\ny\u202ez")).decode()))
    assert row[COLUMNS.index("name")] == r"\tx\r\ny\u202ez"


HOSTILE = "<script>alert(1)</script>\"'{{7*7}}\x1b[31m\u202e"


def test_a_hostile_name_is_text_everywhere() -> None:
    made = of_name(HOSTILE)
    page = write_html(made, write_json(made)).decode()

    assert "<script" not in page
    assert "\\x1b[31m\\u202e" in page
    assert not {"\x1b", "\u202e"} & set(page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{7*7}}" in page
    [_, table] = make_table(made)
    cell = next(iter(table.columns[2].cells))  # type: ignore[union-attr]
    assert cell.plain == "<script>alert(1)</script>\"'{{7*7}}\\x1b[31m\\u202e"  # type: ignore[union-attr]


def test_the_page_stands_alone_and_names_the_hash_of_its_json() -> None:
    made = make_report(
        [reading(resource_status(*DAILY), resource_status(backup(9), resource=Resource(id="b", name="b", kind="x")))],
        PERIOD,
    )
    content = write_json(made)
    page = write_html(made, content).decode()

    assert hashlib.sha256(content).hexdigest() in page
    assert not re.search(r"<(script|link|img|iframe)|https?://|url\(|@import", page)
    assert page.count("<svg ") == 2
    assert "Within the limit the whole time: 1 of 2 resources. Outside at times: 1. Not judged: 0." in page


@pytest.mark.parametrize(
    ("attainment", "shown"),
    [(None, ""), (1.0, "100 %"), (0.0, "0 %"), (0.999999, "99.99 %"), (1e-9, "0.01 %"), (0.5, "50.00 %")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(attainment: float | None, shown: str) -> None:
    assert format_share(attainment) == shown

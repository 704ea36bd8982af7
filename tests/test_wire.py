"""Single values out of a vendor's JSON: strict about the frame, forgiving about one odd field."""

from typing import Any

import pytest

from exporter import wire
from exporter.errors import MalformedError
from exporter.model import Backup, Status

NO_TEXTS: tuple[Any, ...] = (None, 0, 1, 1.5, True, [], {}, ["x"])
BODY = {"data": {"items": [{"id": 1}, {"id": 2}], "one": {"id": 3}, "odd": [{"id": 1}, None]}}


def test_a_record_is_found_by_its_keys() -> None:
    assert wire.record(BODY, "data", "one") == {"id": 3}
    assert wire.record({"a": 1}) == {"a": 1}


def test_records_are_found_by_their_keys() -> None:
    assert wire.records(BODY, "data", "items") == [{"id": 1}, {"id": 2}]
    assert wire.records([{"a": 1}]) == [{"a": 1}]
    assert wire.records([]) == []


@pytest.mark.parametrize(
    ("body", "keys", "complaint"),
    [
        (None, (), "expected an object at the top"),
        ([], (), "expected an object at the top"),
        (BODY, ("data", "items"), "expected an object at data.items"),
        (BODY, ("planted",), "nothing at planted"),
        (BODY, ("data", "one", "id", "more"), "nothing at data.one.id.more"),
        ({"a": None}, ("a",), "expected an object at a"),
        ("planted", ("a",), "nothing at a"),
    ],
)
def test_a_record_that_is_none_is_malformed(body: Any, keys: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(MalformedError) as caught:
        wire.record(body, *keys)

    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("body", "keys", "complaint"),
    [
        ({}, (), "expected a list at the top"),
        (BODY, ("data", "one"), "expected a list at data.one"),
        (BODY, ("data", "odd"), "expected an object at data.odd[1]"),
        ([[]], (), "expected an object at the top[0]"),
        ({"a": "planted"}, ("a",), "expected a list at a"),
        (BODY, ("data", "none"), "nothing at data.none"),
    ],
)
def test_records_that_are_none_are_malformed(body: Any, keys: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(MalformedError) as caught:
        wire.records(body, *keys)

    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("body", "keys", "found"),
    [
        (BODY, ("data", "one"), {"id": 3}),
        (BODY, ("data", "none"), {}),
        (BODY, ("data", "items"), {}),
        (BODY, ("data", "one", "id", "more"), {}),
        (None, ("a",), {}),
        ([], (), {}),
        ({"a": 1}, (), {"a": 1}),
    ],
)
def test_what_a_record_may_lack_is_empty(body: Any, keys: tuple[str, ...], found: Any) -> None:
    assert wire.optional_object(body, *keys) == found


@pytest.mark.parametrize(
    ("value", "found"), [("a-1", "a-1"), (7, "7"), (0, "0"), (-3, "-3"), (10**30, "1" + "0" * 30), (" a ", " a ")]
)
def test_an_id_is_a_text_or_a_whole_number(value: Any, found: str) -> None:
    assert wire.record_id({"id": value}) == found
    assert wire.record_id({"uuid": value}, "uuid") == found


@pytest.mark.parametrize("value", [None, "", "  ", "\n", True, False, 1.5, [], {}, ["a"]])
def test_without_an_id_a_record_is_malformed(value: Any) -> None:
    with pytest.raises(MalformedError, match="no usable id"):
        wire.record_id({"id": value})
    with pytest.raises(MalformedError, match="no usable uuid"):
        wire.record_id({"id": "a"}, "uuid")


@pytest.mark.parametrize("value", ["", *NO_TEXTS])
def test_what_is_no_text_is_none(value: Any) -> None:
    assert wire.text(value) is None


def test_a_text_is_cut_to_a_sane_length() -> None:
    assert wire.text("x" * 1024) == "x" * 1024
    assert wire.text("x" * 1025) == "x" * 1024
    assert wire.text(" x ") == " x "


@pytest.mark.parametrize(
    ("value", "found"), [(True, True), (False, False), (None, None), (0, None), (1, None), ("true", None), ("", None)]
)
def test_a_flag_is_a_boolean_and_nothing_else(value: Any, found: bool | None) -> None:
    assert wire.boolean(value) is found


@pytest.mark.parametrize("value", [0, 1, 0.5, 2**63 - 1, 1e18])
def test_an_amount_is_a_number(value: float) -> None:
    assert wire.number(value) == value


@pytest.mark.parametrize(
    "value", [-1, -0.001, 2**63, 10**400, 1e300, float("inf"), float("-inf"), float("nan"), True, False, "5", None, []]
)
def test_what_is_no_amount_is_none(value: Any) -> None:
    assert wire.number(value) is None


NEW_YEAR = 1704067200.0  # 2024-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2024-01-01T00:00:00Z", NEW_YEAR),
        ("2024-01-01T00:00:00", NEW_YEAR),
        ("2024-01-01 00:00:00", NEW_YEAR),
        ("2024-01-01", NEW_YEAR),
        ("2024-01-01T00:00:00.5Z", NEW_YEAR + 0.5),
        ("2024-01-01T00:00:00.000Z", NEW_YEAR),
        ("2024-01-01T00:00:00.250000000Z", NEW_YEAR + 0.25),
        ("2024-01-01T02:00:00+02:00", NEW_YEAR),
        ("2023-12-31T19:00:00-0500", NEW_YEAR),
        ("1971-01-01T00:00:00Z", 31536000.0),
    ],
)
def test_a_moment_is_iso_8601_and_naive_is_utc(written: str, instant: float) -> None:
    assert wire.timestamp(written) == instant


@pytest.mark.parametrize(
    "value",
    [
        *NO_TEXTS,
        "",
        "planted",
        "1704067200",
        1704067200,
        "0001-01-01T00:00:00Z",
        "0000-00-00T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1970-01-01T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "2024-01-01T25:00:00Z",
        "10000-01-01T00:00:00Z",
        "Mon, 01 Jan 2024 00:00:00 GMT",
    ],
)
def test_what_is_no_moment_is_none(value: Any) -> None:
    assert wire.timestamp(value) is None


@pytest.mark.parametrize(
    ("value", "per_second", "instant"),
    [
        (1704067200, 1, 1704067200.0),
        (1704067200.5, 1, 1704067200.5),
        (1704067200500, 1000, 1704067200.5),
        (1704067200000000, 1000000, 1704067200.0),
        (253402300799, 1, 253402300799.0),
    ],
)
def test_a_count_since_1970_is_a_moment(value: float, per_second: int, instant: float) -> None:
    assert wire.epoch(value, per_second=per_second) == instant


@pytest.mark.parametrize(
    "value", [*NO_TEXTS, "1704067200", "", 0, 0.0, -1, 31535999, 253402300800, 1704067200000, float("inf"), 2**80]
)
def test_what_counts_no_seconds_since_1970_is_none(value: Any) -> None:
    assert wire.epoch(value) is None


@pytest.mark.parametrize(
    ("said", "spelled"),
    [
        ("Completed", "completed"),
        ("IN-PROGRESS", "in_progress"),
        ("in progress", "in_progress"),
        (" done\n", "done"),
        ("canceled", "cancelled"),
        ("Canceled ", "cancelled"),
        ("cancelled", "cancelled"),
        ("", ""),
        *((value, "") for value in NO_TEXTS),
    ],
)
def test_a_word_in_one_spelling(said: Any, spelled: str) -> None:
    assert wire.status_word(said) == spelled


WORDS = {
    "done": Status.COMPLETED,
    "error": Status.FAILED,
    "in_progress": Status.IN_PROGRESS,
    "queued": Status.PENDING,
    "cancelled": Status.CANCELLED,
    "not_supported": Status.UNSUPPORTED,
}


@pytest.mark.parametrize(
    ("said", "status", "stands"),
    [
        ("Done", Status.COMPLETED, {"size", "finished"}),
        ("error", Status.FAILED, {"finished"}),
        ("in-progress", Status.IN_PROGRESS, {"progress"}),
        ("queued", Status.PENDING, set()),
        ("canceled", Status.CANCELLED, {"finished"}),
        ("not supported", Status.UNSUPPORTED, {"finished"}),
        ("odd", Status.UNKNOWN, {"finished"}),
    ],
)
def test_what_stands_on_a_backup_depends_on_its_status(said: str, status: Status, stands: set[str]) -> None:
    told = {"size": 5.0, "finished": 9.0, "progress": 40.0}
    found = wire.backup(WORDS, said, id="a", started=1.0, kind="full", size=5.0, finished=9.0, progress=40.0)

    assert (found.id, found.started, found.kind, found.status) == ("a", 1.0, "full", status)
    assert {name: getattr(found, name) for name in told} == {
        name: value if name in stands else None for name, value in told.items()
    }


@pytest.mark.parametrize(
    ("said", "unmapped"),
    [
        ("done", None),
        ("Queued Again", "queued_again"),
        ("", "(none)"),
        (None, "(none)"),
        (5, "(none)"),
        ("x" * 99, "x" * 64),
    ],
)
def test_a_word_that_nobody_knows_is_kept(said: Any, unmapped: str | None) -> None:
    assert wire.backup(WORDS, said, id="a") == Backup(
        id="a", status=Status.UNKNOWN if unmapped else Status.COMPLETED, unmapped=unmapped
    )


@pytest.mark.parametrize(
    ("status", "started", "finished", "duration"),
    [
        (Status.COMPLETED, 1, 5, 4),
        (Status.COMPLETED, 5, 5, 0),
        (Status.FAILED, 1, 5, 4),
        (Status.CANCELLED, 1, 5, 4),
        (Status.COMPLETED, 5, 1, None),
        (Status.COMPLETED, None, 5, None),
        (Status.COMPLETED, 1, None, None),
        (Status.IN_PROGRESS, 1, 5, None),
        (Status.PENDING, 1, 5, None),
    ],
)
def test_a_duration_is_that_of_what_has_ended(
    status: Status, started: float | None, finished: float | None, duration: float | None
) -> None:
    assert Backup(id="a", status=status, started=started, finished=finished).duration == duration


READABLE_ALL_THE_SAME = 1795860000.0  # 2026-11-28T10:00:00Z


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-28t10:00:00z",
        "2026-11-28T10:00:00z",
        "2026-11-28t10:00:00Z",
        "2026-11-28 10:00:00Z",
        "2026-11-28 10:00:00z",
        "2026-11-28T09:59:60Z",
        "2026-11-28T11:59:60+02:00",
        "2026-11-28 09:59:60",
        "20261128T095960Z",
        "20261128T100000Z",
        "20261128t100000z",
        "20261128T1000Z",
        "20261128100000",
        "20261128T120000+0200",
        "20261128T100000.000Z",
        "2026-11-28 10:00:00 UTC",
        "2026-11-28T10:00:00 UTC",
        "2026-11-28 10:00:00 utc",
        "2026-11-28 10:00:00 GMT",
        "2026-11-28 10:00:00 +0000 UTC",
        "2026-11-28 12:00:00 +0200",
        "2026-11-28 10:00 UTC",
        "2026-11-28T10:00:00.0Z",
        "2026-11-28T10:00:00,000z",
        "2026-11-28t10:00:00.0000000000000000000000z",
        "2026-11-28t10:00:00-00:00",
        "2026-11-28t23:30:00+13:30",
        "2026-11-28T09:30:00-00:30",
        " 2026-11-28T10:00:00Z\n",
    ],
)
def test_a_moment_is_rfc_3339_in_all_its_forms(written: str) -> None:
    assert wire.timestamp(written) == READABLE_ALL_THE_SAME
    assert not wire.is_absent(written)


@pytest.mark.parametrize(("written", "fraction"), [("2026-11-28t10:00:00.25z", 0.25), ("2026-11-28T09:59:60.5Z", 0.5)])
def test_a_fraction_stays(written: str, fraction: float) -> None:
    assert wire.timestamp(written) == READABLE_ALL_THE_SAME + fraction


@pytest.mark.parametrize(
    ("value", "absent"),
    [
        *(
            (value, True)
            for value in (None, "", " ", "0001-01-01T00:00:00Z", "0001-01-01t00:00:00z", "00010101T000000Z")
        ),
        *((value, True) for value in ("0000-00-00 00:00:00", "0000-00-00T00:00:00Z", "0001-01-01T00:00:00+14:00")),
        *((value, True) for value in ("1970-01-01T00:00:00Z", "1970-01-01 00:00:00 UTC")),
        *(
            (value, False)
            for value in list[Any]((0, 1795860000, True, [], {}, "soon", "20 Nov 2026", "2026-13-01T00:00:00Z"))
        ),
        *((value, False) for value in ("2026-11-28T25:00:00Z", "2026-11-28T10:00:61Z", "10000-01-01T00:00:00Z")),
        *((value, False) for value in ("Sat, 28 Nov 2026 10:00:00 GMT", "2026-1128T100000", "2026-11-28T1000:00Z")),
    ],
)
def test_a_time_that_is_absent_is_not_one_that_cannot_be_read(value: Any, absent: bool) -> None:
    assert wire.timestamp(value) is None
    assert wire.is_absent(value) is absent


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("20 Nov 2026", "00 Aaa 0000"),
        ("2026-13-01T00:00:00Z", "0000-00-00T00:00:00Z"),
        (" ٣ \x1b[31m é", "0 ?[00a a"),
        ("x" * 41, "a" * 40 + "..."),
        (1795860000, "a number"),
        (-1, "a negative number"),
        (True, "true or false"),
        ([], "a list"),
        ({}, "an object"),
    ],
)
def test_the_form_of_a_value_says_nothing_of_it(value: Any, form: str) -> None:
    assert wire.form(value) == form


@pytest.mark.parametrize(
    ("said", "given", "unread"),
    [
        ("done", {"started": "soon"}, {"started"}),
        ("error", {"started": 5}, {"started"}),
        ("done", {"started": None}, set()),
        ("done", {"started": "0001-01-01T00:00:00Z"}, set()),
        ("done", {"finished": "soon", "size": "12 GB"}, {"finished", "size"}),
        ("done", {"finished": "", "size": ""}, set()),
        ("done", {"size": -1}, {"size"}),
        ("done", {}, set()),
        ("error", {"finished": "soon", "size": "12 GB"}, set()),
        ("in_progress", {"finished": "soon", "size": "12 GB"}, set()),
    ],
)
def test_what_is_given_and_not_understood_is_noted(said: str, given: dict[str, Any], unread: set[str]) -> None:
    found = wire.backup(WORDS, said, id="a", given=given, started=None, finished=None, size=None)

    assert {name for name, _ in found.unread} == unread
    assert wire.backup(WORDS, said, id="a", given=given, started=1.0, finished=2.0, size=0.0).unread == ()


@pytest.mark.parametrize("value", [".", ".."])
def test_an_id_that_no_path_can_hold_is_none(value: str) -> None:
    with pytest.raises(MalformedError, match="no usable id"):
        wire.record_id({"id": value})


LARGEST = 1.7976931348623157e308


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'{"name": "orders \ud83d"}', {"name": "orders \ufffd"}),
        (rb'{"name": "orders \ud83d."}', {"name": "orders \ufffd."}),
        (rb'{"name": "\uDE00 orders"}', {"name": "\ufffd orders"}),
        (rb'{"name": "\ude00\ud83d"}', {"name": "\ufffd\ufffd"}),
        (rb'{"name": "\ud83d\ud83d\ude00"}', {"name": "\ufffd\U0001f600"}),
        (rb'{"name": "\ud83d\n"}', {"name": "\ufffd\n"}),
        (rb'{"name": "a\\ud83d \ud83d"}', {"name": "a\\ud83d \ufffd"}),
        (b'{"name": "orders \xff"}', {"name": "orders \ufffd"}),
        (b'{"name": "orders \xc3"}', {"name": "orders \ufffd"}),
        (b'{"na\xffme": 1}', {"na\ufffdme": 1}),
        (b'{"name": "\xed\xa0\xbd"}', {"name": "\ufffd\ufffd\ufffd"}),
        (b'{"name": "\xc0\xaf 1e400"}', {"name": "\ufffd\ufffd 1e400"}),
        (b'{"name": "a", "odd": "\xff\\ud83d", "size": 1e400}', {"name": "a", "odd": "\ufffd\ufffd", "size": LARGEST}),
        (b'[-1e400, 1E+999, 1e99999999999999999999, 1]', [-LARGEST, LARGEST, LARGEST, 1]),
        (b"[" + b"9" * 5000 + b"]", [LARGEST]),
        (b"[" + b"9" * 400 + b".5]", [LARGEST]),
        (rb'["\"1e400", "\\", 1e400, "x"]', ['"1e400', "\\", LARGEST, "x"]),
        (b"[1e-400, 0.1]", [0.0, 0.1]),
    ],
)  # fmt: skip
def test_one_odd_value_costs_its_field_and_not_the_answer(body: bytes, value: Any) -> None:
    assert wire.decode(body) == value
    assert wire.number(LARGEST) is None


class Listed(wire.Envelope):
    rows: wire.Records
    more: bool = False


def test_an_odd_value_in_a_frame_costs_its_field_too() -> None:
    body = (
        rb'{"rows": [{"id": 1, "x": "\ud83d"}, {"id": 2, "size": 1e400}], "more": true, "odd": "'
        + b'\xff", "n": 1e400}'
    )
    found = wire.decode(body, Listed)

    assert found.more is True
    assert [wire.decode(bytes(one))["id"] for one in found.rows] == [1, 2]


@pytest.mark.parametrize(
    "body", [b'{"a": "\xff"', rb'["\ud83d]', b"[1.1e400.5]", b"[1e400e5]", b"{\xff}", b"[" * 100_000, b"[1e400,]"]
)
def test_what_is_broken_beside_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError, match="not valid JSON"):
        wire.decode(body)


@pytest.mark.parametrize(
    "body", [b'["' + b'\\"' * 2_000_000, b"1" * 4_000_000 + b"x", b"[" + b"1" * 299 + b"," * 2_000_000]
)
def test_a_hostile_answer_is_looked_through_in_one_pass(body: bytes) -> None:
    with pytest.raises(MalformedError):
        wire.decode(body)

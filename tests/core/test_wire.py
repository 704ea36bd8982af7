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
    given = {"size": 5.0, "finished": 9.0, "progress": 40.0}
    found = wire.backup(WORDS, said, id="a", started=1.0, kind="full", size=5.0, finished=9.0, progress=40.0)

    assert (found.id, found.started, found.kind, found.status) == ("a", 1.0, "full", status)
    assert {name: getattr(found, name) for name in given} == {
        name: value if name in stands else None for name, value in given.items()
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

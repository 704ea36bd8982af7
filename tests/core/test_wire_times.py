"""Instants in an answer: RFC 3339 in all its forms, counts since 1970, and what is none."""

from typing import Any

import pytest

from exporter import wire

NO_TEXTS: tuple[Any, ...] = (None, 0, 1, 1.5, True, [], {}, ["x"])
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
    assert wire.describe_shape(value) == form

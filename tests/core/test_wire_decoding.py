"""Answers are decoded so that one odd value costs its field alone."""

from typing import Any

import pytest

from exporter import wire
from exporter.errors import MalformedError

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
    "body",
    [b'{"a": "\xff"', rb'["\ud83d]', b"[1.2.3]", b"[1.1e400.5]", b"[1e400e5]", b"{\xff}", b"[" * 100_000, b"[1e400,]"],
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

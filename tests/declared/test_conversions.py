"""What an expression finds becomes an instant, a size or a span, or is none."""

from collections.abc import Callable
from typing import Any

import pytest

from exporter.declared.conversions import to_interval, to_size, to_span, to_text, to_time
from exporter.declared.demand import find_demand, mask, prune
from exporter.declared.expressions import compile_expression


@pytest.mark.parametrize(
    ("value", "written", "instant"),
    [
        ("2026-11-20T01:00:00Z", "iso8601", 1795136400),
        ("2026-11-20T02:00:00+01:00", "iso8601", 1795136400),
        ("2026-11-20 01:00:00", "iso8601", 1795136400),
        (1795136400, "iso8601", None),
        (1795136400, "epoch", 1795136400),
        ("1795136400", "epoch", 1795136400),
        (1795136400000, "epoch", None),
        (1795136400000, "epoch_ms", 1795136400),
        (0, "epoch", None),
        ("20/11/2026 01:00", "%d/%m/%Y %H:%M", 1795136400),
        ("20/11/2026 02:00 +0100", "%d/%m/%Y %H:%M %z", 1795136400),
        ("2026-11-20T01:00:00Z", "%d/%m/%Y %H:%M", None),
        (True, "epoch", None),
    ],
)
def test_times(value: Any, written: str, instant: float | None) -> None:
    assert to_time(value, written) == instant


@pytest.mark.parametrize("number", [0, 7, -7, 10**18, 1379661944630234067, 2**64 - 1, -(2**63), 2**128 - 1])
def test_a_whole_number_is_a_text(number: int) -> None:
    """Ids of 64 bits, as some vendors draw them, are read like others."""
    assert to_text(number) == str(number)


def test_a_number_that_no_id_can_be_is_none() -> None:
    assert to_text(2**128) is None
    assert to_text(10**5000) is None


@pytest.mark.parametrize(
    ("value", "unit", "size"),
    [
        (1.1, "GB", 1_100_000_000),
        (2.3, "GB", 2_300_000_000),
        (1, "GiB", 2**30),
        ("1.5 GiB", "B", 1.5 * 2**30),
        ("10MB", "GB", 10_000_000),
        ("12", "kB", 12_000),
        (12, "B", 12),
        ("12 Gb", "B", None),
        (-1, "GB", None),
        (True, "GB", None),
        (None, "GB", None),
    ],
)
def test_sizes(value: Any, unit: str, size: float | None) -> None:
    assert to_size(value, unit) == size


@pytest.mark.parametrize(
    ("value", "unit", "seconds"),
    [
        (24, "h", 86400),
        ("24", "h", 86400),
        ("1h30m", "h", 5400),
        ([24, 6], "h", 21600),
        (["1d", "x", None], "s", 86400),
        ([], "h", None),
        (0, "h", 0),
        (1500, "ms", 1.5),
    ],
)
def test_spans(value: Any, unit: str, seconds: float | None) -> None:
    assert to_span(value, unit) == seconds
    assert to_interval(value, unit) == (seconds or None)


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("entries(@)[].key", {"a": 1, "b": 2}, ["a", "b"]),
        ("entries(x)", {}, None),
        ("split('/', x)[-1]", {"x": "a/b"}, "b"),
        ("split('/', x)", {}, None),
        ("lower(x)", {"x": "ABC"}, "abc"),
    ],
)
def test_added_functions(text: str, value: Any, found: Any) -> None:
    assert compile_expression(text, "x").search(value) == found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a.b", {"a": {"b": 1, "c": "***"}, "d": "***", "e": "***"}),
        ("e[].f", {"a": "***", "d": "***", "e": [{"f": 1, "g": "***"}]}),
        ("e[?f > `0`].h", {"a": "***", "d": "***", "e": [{"f": 1, "g": "***"}]}),
        ("length(a)", {"a": {"b": 1, "c": 2}, "d": "***", "e": "***"}),
        ("{x: a.b}.x", {"a": {"b": 1, "c": "***"}, "d": "***", "e": "***"}),
        ("@", {"a": {"b": 1, "c": 2}, "d": 3, "e": [{"f": 1, "g": 2}]}),
        ("entries(a)[].*", {"a": {"b": 1, "c": 2}, "d": "***", "e": "***"}),
        ("entries(@)[].*.b", {"a": {"b": 1, "c": "***"}, "d": "***", "e": [{"f": "***", "g": "***"}]}),
    ],
)
def test_what_is_not_read_is_masked(text: str, shown: Any) -> None:
    value = {"a": {"b": 1, "c": 2}, "d": 3, "e": [{"f": 1, "g": 2}]}
    demand = find_demand([compile_expression(text, "x")])

    assert mask(value, demand) == shown
    assert compile_expression(text, "x").search(prune(value, demand)) == compile_expression(text, "x").search(value)


@pytest.mark.parametrize("secret", ["postgres://u:hunter2@h", 4711, 1e300, True, False, ""])
@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("a.b", lambda secret: {"a": secret}, {"a": "***"}),
        ("*.b", lambda secret: {"a": {"b": 1}, "c": secret}, {"a": {"b": 1}, "c": "***"}),
        ("a[].b", lambda secret: {"a": [secret, {"b": 1}, None, [secret]]}, {"a": ["***", {"b": 1}, None, ["***"]]}),
        ("a[0].b", lambda secret: {"a": [{"b": 1}, secret]}, {"a": [{"b": 1}, "***"]}),
        ("a[?b == `1`].c", lambda secret: {"a": [secret, {"b": 1, "c": 2}]}, {"a": ["***", {"b": 1, "c": 2}]}),
        ("(a || c).b", lambda secret: {"a": None, "c": secret}, {"a": None, "c": "***"}),
        ("(a && c).b", lambda secret: {"a": 1, "c": secret}, {"a": 1, "c": "***"}),
        ("{x: a}.x.b", lambda secret: {"a": secret}, {"a": "***"}),
        ("[a.b, a.c]", lambda secret: {"a": secret}, {"a": "***"}),
        ("a.*.b", lambda secret: {"a": secret}, {"a": "***"}),
        ("a[].b.c", lambda secret: {"a": {"b": secret}}, {"a": {"b": "***"}}),
        ("b", lambda secret: secret, "***"),
    ],
)
def test_a_single_value_of_which_an_expression_reads_a_part_is_masked(
    text: str, value: Callable[[Any], Any], shown: Any, secret: Any
) -> None:
    expression, sent = compile_expression(text, "x"), value(secret)

    masked = mask(sent, find_demand([expression]))

    assert masked == shown
    assert expression.search(masked) == expression.search(sent)

"""Durations as Prometheus writes them."""

import pytest

from exporter.config import durations

WRITTEN = [
    ("0s", 0),
    ("500ms", 0.5),
    ("1s", 1),
    ("1m30s", 90),
    ("5m", 300),
    ("1h30m", 5400),
    ("1d2h", 93600),
    ("1w", 604800),
    ("8d", 691200),
    ("1y", 31536000),
    ("366d", 31622400),
    ("1h1ms", 3600.001),
]


@pytest.mark.parametrize(("text", "seconds"), WRITTEN)
def test_is_read_and_written(text: str, seconds: float) -> None:
    assert durations.parse(text) == seconds
    assert durations.format_duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90s", 90), ("26h", 93600), ("7d", 604800), ("1y1w1d1h1m1s1ms", 32230861.001), ("007m", 420)],
)
def test_is_read(text: str, seconds: float) -> None:
    assert durations.parse(text) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    ["", " ", "5", "1", "5 m", " 5m", "5m\n", "-5m", "+5m", "1.5h", "1m1h", "1h1h", "5M", "m", "5min", "1e3s", "٥m"],  # noqa: RUF001
)
def test_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration such as 90s"):
        durations.parse(text)


def test_is_bounded_as_in_prometheus() -> None:
    assert durations.parse("292y") == 292 * 365 * 86400
    for text in ("293y", "999999999999999y"):
        with pytest.raises(ValueError, match="beyond 292 years"):
            durations.parse(text)
    with pytest.raises(ValueError, match="not a duration"):
        durations.parse("9" * 5000 + "s")


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_what_is_no_span_cannot_be_written(seconds: float) -> None:
    with pytest.raises(ValueError, match="from 0 up"):
        durations.format_duration(seconds)

"""Numbers as people read them."""

import pytest

from exporter.human import size, span


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0s"),
        (0.4, "0s"),
        (0.6, "1s"),
        (5, "5s"),
        (59.4, "59s"),
        (59.6, "1m"),
        (61, "1m 1s"),
        (725, "12m 5s"),
        (3600, "1h"),
        (3599.9, "1h"),
        (5400, "1h 30m"),
        (3661, "1h 1m"),
        (86400, "1d"),
        (3 * 86400 + 4 * 3600 + 59 * 60, "3d 4h"),
        (400 * 86400, "400d"),
        (86400 + 13, "1d"),
        (3600 + 13, "1h"),
    ],
)
def test_a_span_in_its_largest_unit_and_the_one_below(seconds: float, written: str) -> None:
    assert span(seconds) == written


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (999_999, "1 MB"),
        (10**18, "1000 PB"),
        (1000, "1 kB"),
        (1234, "1.23 kB"),
        (12_345, "12.3 kB"),
        (123_456, "123 kB"),
        (5_000_000, "5 MB"),
        (17_500_000_000, "17.5 GB"),
        (2.5e12, "2.5 TB"),
        (3e15, "3 PB"),
    ],
)
def test_a_size_with_three_digits_and_its_unit(amount: float, written: str) -> None:
    assert size(amount) == written

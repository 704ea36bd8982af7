"""How numbers and label values are written, and which format and encoding a scraper gets."""

import pytest

from exporter.metrics.render import MAX_LABEL_LENGTH, accepts_openmetrics, escape_label, format_number
from exporter.web.routes import accepts_gzip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (True, "1"),
        (0.5, "0.5"),
        (1_800_000_000.25, "1800000000.25"),
        (999_999_999_999_999, "999999999999999"),
        (9_007_199_254_740_993, "9007199254740993"),
        (1e22, "1e+22"),
        (1e-7, "1e-07"),
    ],
)
def test_a_number(value: float, text: str) -> None:
    assert format_number(value) == text
    assert float(text) == float(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ('"', r"\""),
        ("\\", r"\\"),
        ("\n", r"\n"),
        ("\\n", r"\\n"),
        ('\\"', r"\\\""),
        ("ü", "ü"),
        ("x" * (MAX_LABEL_LENGTH + 1), "x" * MAX_LABEL_LENGTH),
        ("x" * (MAX_LABEL_LENGTH - 1) + "\n\n", "x" * (MAX_LABEL_LENGTH - 1) + r"\n"),
    ],
)
def test_a_label_value_is_escaped(value: str, text: str) -> None:
    assert escape_label(value) == text


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("application/openmetrics-text", True),
        ("Application/OpenMetrics-Text; version=1.0.0", True),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=0.000", False),
        ("application/openmetrics-text; q=0.5, text/plain; q=0.6", False),
        ("application/openmetrics-text; q=0.6, text/plain; q=0.5", True),
        ("text/plain, application/openmetrics-text", True),
        ("text/plain;q=0.5, application/openmetrics-text;q=nonsense", False),
        ("text/plain;q=\u00b2", False),
        ("text/plain;q=0.\u2460, application/openmetrics-text;q=0.5", True),
        ("text/plain;q=\u0661, application/openmetrics-text;q=0.5", True),
        ("text/plain;q=., application/openmetrics-text;q=0.5", True),
        ("application/openmetrics-text-2", False),
        ("application/vnd.google.protobuf;q=1", False),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
            "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            True,
        ),
        (
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,"
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            True,
        ),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", False),
    ],
)
def test_the_format_is_negotiated(accept: str, openmetrics: bool) -> None:
    assert accepts_openmetrics(accept) is openmetrics


@pytest.mark.parametrize(
    ("accepted", "gzip"),
    [
        ("", False),
        ("gzip", True),
        ("GZip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip ; q=0.5", True),
        ("deflate,gzip;q=0.001", True),
        ("x-gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("gzip ;Q=0.000, br", False),
        ("identity", False),
        ("deflate, br", False),
        ("gzipped", False),
    ],
)
def test_gzip_is_used_where_it_is_accepted(accepted: str, gzip: bool) -> None:
    assert accepts_gzip(accepted) is gzip

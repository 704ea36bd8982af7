"""How much is tried: always the same examples, so that a failure is one for everybody."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st


def fuzz(examples: int) -> Callable[[Any], Any]:
    """Return the decorator of a test that tries so many examples."""
    return settings(
        derandomize=True,
        deadline=None,
        database=None,
        max_examples=examples,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )


NUMBERS = st.one_of(
    st.integers(-3, 130),
    st.integers(),
    st.integers(10**300, 10**301),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -1, -0.0, 1e308, 5e-324, 2**53 + 1, 2**63, 2**63 - 1, 1_763_467_200, 1e15, 1e16]),
)
TIMES = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    st.sampled_from([
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-23:59", "1970-01-01T00:00:00Z", "2025-11-18", "2025-W47-2",
        "2025-11-18T12:00:00+00:00:00.000001", "20251118T120000Z", "2025-11-18T24:00:00Z", "2025-11-18 12:00:00 UTC",
    ]),
)  # fmt: skip
WORDS = st.sampled_from([
    "completed", "done", "COMPLETED", "in-progress", "In Progress", "running", "canceled", "error", "failed", "pending",
    "full", "incremental", "snapshot", "dump", "periodic", "manual", "daily", "weekly", "off", "hourly",
    "postgresql-ng",
    "on", "../..", "a/b", "?x=1#y", "%2e%2e", "..", ".", "", " ", "\x00", "\n", '"', "\\", "\u2028", "é" * 300,
    "\U0001f512",
])  # fmt: skip
TEXTS = st.one_of(WORDS, TIMES, st.text(max_size=40))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)

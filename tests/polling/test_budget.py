"""How often a source can be polled with the requests that its vendor allows."""

import pytest

from exporter.polling.budget import sustainable_interval
from exporter.provider import RateLimit

MINUTE, HOUR = 60.0, 3600.0
TEN_IN_TEN = RateLimit(requests=10, per=10)


def interval(configured: float, limit: RateLimit, *, poll: int, discovery: int = 0) -> float:
    return sustainable_interval(configured, limit, poll=poll, discovery=discovery, discovery_interval=HOUR)


@pytest.mark.parametrize(
    ("configured", "limit", "poll", "discovery", "in_force"),
    [
        pytest.param(5 * MINUTE, TEN_IN_TEN, 0, 0, 300, id="nothing to ask for"),
        pytest.param(5 * MINUTE, TEN_IN_TEN, 30, 32, 300, id="well within the budget"),
        pytest.param(30, TEN_IN_TEN, 27, 0, 30, id="just within nine tenths of the budget"),
        pytest.param(30, TEN_IN_TEN, 36, 0, 40, id="beyond nine tenths of it"),
        pytest.param(5 * MINUTE, RateLimit(requests=1, per=1), 540, 0, 600, id="one a second"),
        pytest.param(5 * MINUTE, RateLimit(requests=1000, per=HOUR), 200, 0, 800, id="a thousand an hour"),
        pytest.param(5 * MINUTE, RateLimit(requests=1000, per=HOUR), 200, 400, 1440, id="discovery takes its part"),
        pytest.param(5 * MINUTE, RateLimit(requests=1000, per=HOUR), 10, 900, 400, id="a tenth is left for polls"),
        pytest.param(5 * MINUTE, RateLimit(requests=1000, per=HOUR), 10, 90_000, 400, id="always"),
        pytest.param(HOUR, RateLimit(requests=1000, per=HOUR), 10, 90_000, HOUR, id="which may be enough"),
        pytest.param(MINUTE, RateLimit(requests=60, per=60, share=0.5), 54, 0, 120, id="half of it is another's"),
        pytest.param(MINUTE, RateLimit(requests=1, per=1, share=0.25), 27, 0, 120, id="one in four seconds"),
        pytest.param(MINUTE, RateLimit(requests=10, per=10, share=0.25), 18, 0, 100, id="two whole ones, no half"),
    ],
)
def test_the_interval_in_force(configured: float, limit: RateLimit, poll: int, discovery: int, in_force: float) -> None:
    assert interval(configured, limit, poll=poll, discovery=discovery) == pytest.approx(in_force)


def test_an_interval_that_is_enough_is_left_exactly_as_configured() -> None:
    """So that the two metrics differ only where the budget demands it, and not by a rounding."""
    for poll in (1, 7, 20, 27):
        assert interval(30.0, TEN_IN_TEN, poll=poll) == 30.0

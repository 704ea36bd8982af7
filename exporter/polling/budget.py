"""Says how often a source can be polled with the requests that its vendor allows: arithmetic, no clock."""

from exporter.provider import RateLimit
from exporter.transport.limiter import granted

USABLE = 0.9
"""The part of the budget that polls and discovery plan with; the rest is for retries and for what runs."""


def sustainable_interval(
    configured: float, limit: RateLimit, *, poll: int, discovery: int, discovery_interval: float
) -> float:
    """Return the poll interval in force: the configured one, or a longer one that the budget can carry.

    `poll` and `discovery` are the requests that one poll and one discovery cost. Where discovery alone eats the
    budget, polls get a tenth of it.
    """
    requests, window = granted(limit)
    rate = requests / window * USABLE
    left = max(rate / 10, rate - discovery / discovery_interval)
    needed = poll / left
    return needed if needed > configured * 1.001 else configured

"""Counts the requests of a source: numbers that only grow."""

from bisect import bisect_left
from collections import Counter

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Counters:
    """One source's counters; written by the transport and the poller, read at a scrape."""

    def __init__(self) -> None:
        """Start at zero."""
        self.requests: Counter[str] = Counter()
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self.throttled = 0.0
        self.remaining: float | None = None
        self.polls = 0
        self.poll_failures: Counter[str] = Counter()
        self.resource_failures: Counter[str] = Counter()

    def count_request(self, code: str, seconds: float) -> None:
        """Count one request by its status code (`none` without an answer) and its duration."""
        self.requests[code] += 1
        self.buckets[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds

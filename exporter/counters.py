"""Counts the requests and polls of a source: numbers that only grow."""

from bisect import bisect_left
from collections import Counter

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Counters:
    """One source's counters; changed by their methods alone, which the client and the store call."""

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

    def count_throttled(self, seconds: float) -> None:
        """Count the time for which a request waited for the rate limit."""
        self.throttled += seconds

    def record_remaining(self, requests: float) -> None:
        """Record how many requests the vendor still allows in its window."""
        self.remaining = requests

    def count_poll(self, failure: str | None) -> None:
        """Count a poll that has ended, and the reason if it failed."""
        self.polls += 1
        if failure is not None:
            self.poll_failures[failure] += 1

    def count_resource_failure(self, reason: str) -> None:
        """Count a resource that could not be read."""
        self.resource_failures[reason] += 1

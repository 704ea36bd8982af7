"""Computes how often a source can be polled within its vendor's rate limit: arithmetic, no clock."""

from collections.abc import Collection, Container
from dataclasses import dataclass, field

from exporter.client.rate_limiter import effective_budget
from exporter.polling.result import PollResult
from exporter.provider import RateLimit
from exporter.settings import Source

USABLE = 0.9
"""The part of the budget that polls and discovery plan with; the rest is for retries and for what runs."""


@dataclass(slots=True, eq=False)
class SharedBudget:
    """What one credential may spend, and what each source that spends from it needs."""

    limit: RateLimit
    needs: dict[str, float] = field(default_factory=dict)
    """By source, the requests a second of its polls and discoveries at the configured intervals."""

    def part(self, source: str, need: float) -> float:
        """Record what a source needs, and return which part of the budget is its own: all get the same part of it."""
        self.needs[source] = need
        return need / sum(self.needs.values()) if need else 1.0

    def keep(self, limit: RateLimit, sources: Container[str]) -> None:
        """Go on with another limit, and with these sources alone."""
        self.limit = limit
        self.needs = {name: need for name, need in self.needs.items() if name in sources}


def sustainable_interval(
    configured: float,
    limit: RateLimit,
    *,
    poll: int,
    discovery: float,
    discovery_interval: float,
    part: float = 1.0,
) -> float:
    """Return the poll interval in force: the configured one, or a longer one that `part` of the budget allows.

    `poll` and `discovery` are the requests that one poll and one discovery cost. Where discovery alone uses up
    the budget, polls get a tenth of it.
    """
    requests, window = effective_budget(limit)
    rate = requests / window * USABLE * part
    left = max(rate / 10, rate - discovery / discovery_interval)
    needed = poll / left
    return needed if needed > configured * 1.001 else configured


@dataclass(slots=True)
class RequestCosts:
    """How many requests one source's polls and discoveries have been seen to cost."""

    poll: int = 0
    """The last poll that went well, or one that failed since and cost more; 0: there has been none."""
    discovery: int = 0
    details: dict[str, int] = field(default_factory=dict)
    """By resource, what is read as seldom as discovery is done."""
    links: dict[str, int] = field(default_factory=dict)
    """By resource, the request for the link with which its download was checked last."""

    def forget(self, resource: str) -> None:
        """Forget a resource that is gone."""
        self.details.pop(resource, None)
        self.links.pop(resource, None)

    def record(self, result: PollResult, resources: Collection[str], *, failed: bool) -> None:
        """Record what a poll cost; one that follows a poll that failed discovers again, whatever the interval."""
        discovery = 0 if result.discovery is None else result.discovery.requests
        if result.discovery is not None:
            self.discovery = discovery
        if failed:
            self.poll = max(self.poll_cost(resources), result.reading.requests + discovery)
        else:
            self.poll = result.reading.requests

    def poll_cost(self, resources: Collection[str]) -> int:
        """Return what a poll costs; before one has shown it, no less than a request for each resource."""
        return self.poll or len(resources)

    def interval(self, source: Source, budget: SharedBudget, resources: Collection[str]) -> float:
        """Return the poll interval that the source's part of the budget allows."""
        discovery: float = self.discovery + sum(self.details.get(key, 0) for key in resources)
        if source.verify_downloads is not None:
            links = sum(self.links.get(key, 0) for key in resources)
            discovery += links * source.discovery_interval / source.verify_downloads.interval
        poll = self.poll_cost(resources)
        need = poll / source.poll_interval + discovery / source.discovery_interval
        return sustainable_interval(
            source.poll_interval,
            budget.limit,
            poll=poll,
            discovery=discovery,
            discovery_interval=source.discovery_interval,
            part=budget.part(source.name, need),
        )

"""Works out the tables of docs/scaling.md: how many resources a credential carries, by the profiles of the vendors."""

from collections.abc import Callable, Iterator
from math import ceil

from exporter import registry
from exporter.client.rate_limiter import effective_budget
from exporter.config.durations import format_duration
from exporter.polling.budget import USABLE, sustainable_interval
from exporter.provider import RateLimit
from exporter.schedule import DAY, HOUR, MINUTE
from tests.vendors import find_profiles
from tests.vendors.profile import Cost

INTERVALS = (5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR)
PAIRS = ((5 * MINUTE, HOUR), (HOUR, DAY), (6 * HOUR, DAY))
"""A poll interval and a discovery interval."""
MILLION = 1_000_000


def with_scaling_tables(text: str) -> str:
    """Return docs/scaling.md with what is between its marks made anew."""
    for mark, lines in (("capacity", capacity_table()), ("credentials", credentials_table())):
        before, rest = text.split(f"<!-- {mark} -->\n", 1)
        _, after = rest.split(f"<!-- end of {mark} -->\n", 1)
        made = "".join(f"{line}\n" for line in lines)
        text = f"{before}<!-- {mark} -->\n{made}<!-- end of {mark} -->\n{after}"
    return text


def capacity_table() -> Iterator[str]:
    """Yield the lines that say how many resources a credential carries, and what is assumed."""
    costs = {name: profile.cost for name, profile in find_profiles().items()}
    yield f"| provider | discovery | {' | '.join(format_duration(interval) for interval in INTERVALS)} |"
    yield "|---|---|" + "---|" * len(INTERVALS)
    for name, cost in costs.items():
        for discovery_interval in (HOUR, DAY) if cost else ():
            cells = [capacity(name, interval, discovery_interval) for interval in INTERVALS]
            yield write_row(f"`{name}`", format_duration(discovery_interval), *cells)
    yield ""
    alone = [f"`{name}`" for name, cost in costs.items() if cost is None]
    yield f"One resource a credential: {', '.join(alone)}. The table assumes, for"
    yield ""
    yield from (f"- `{name}`: {cost.assumed}." for name, cost in costs.items() if cost and cost.assumed)


def credentials_table() -> Iterator[str]:
    """Yield the lines that say how many credentials a million resources need."""
    columns = (f"{format_duration(poll)}, discovery {format_duration(found)}" for poll, found in PAIRS)
    yield f"| provider | {' | '.join(columns)} |"
    yield "|---|" + "---|" * len(PAIRS)
    for name in (name for name, profile in find_profiles().items() if profile.cost):
        yield write_row(f"`{name}`", *(ceil(MILLION / capacity(name, *pair)) for pair in PAIRS))


def capacity(name: str, interval: float, discovery_interval: float) -> int:
    """Return how many resources a credential carries at an interval."""
    limit, cost = registry.provider(name).rate_limit, find_profiles()[name].cost
    if cost is None:
        return 1
    return find_largest(lambda n: carries(limit, cost, n, interval, discovery_interval))


def carries(limit: RateLimit, cost: Cost, n: int, interval: float, discovery_interval: float) -> bool:
    """Return whether both intervals are kept; discovery may take nine tenths of what is usable."""
    poll, discovery = cost.poll(n), cost.discovery(n)
    kept = sustainable_interval(interval, limit, poll=poll, discovery=discovery, discovery_interval=discovery_interval)
    requests, window = effective_budget(limit)
    return kept == interval and discovery / discovery_interval <= requests / window * USABLE * 0.9


def find_largest(passes: Callable[[int], bool]) -> int:
    """Return the largest number that passes."""
    low, high = 0, 1
    while passes(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low


def write_row(*cells: object) -> str:
    """Return a row of a table, its numbers with separators."""
    return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells) + " |"

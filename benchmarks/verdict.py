"""What the verdict costs of a scrape: taking anew what is due, and writing the metrics that show it."""

import time
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.figures import Figure, in_turns
from benchmarks.population import HOUR, NOW, resources, source
from benchmarks.size import Size
from exporter.metrics.exposition import Exposition
from exporter.metrics.render import FamilyTable
from exporter.metrics.resource_families import RESOURCE_FAMILIES
from exporter.state.resource import ResourceStatus
from exporter.state.store import Store
from exporter.state.summary import Summary

SHARE = 0.1
"""The verdict may cost so much of a scrape."""
SHOWN = frozenset(("backup_resource_problem", "backup_resource_worst_severity"))
A_MINUTES = 7
"""So many of 10,000 resources are due between two scrapes a minute apart, where each is once a day."""


class Clock:
    """Goes on when it is set."""

    def __init__(self) -> None:
        """Begin where the resources were read."""
        self.now = NOW

    def __call__(self) -> float:
        """Return Unix seconds."""
        return self.now


def verdict(size: Size) -> Iterator[Figure]:
    """Compare with the whole scrape that it is a part of."""
    count = size.resources
    for what, troubled, due in (
        (f"{count // 100} with problems", count // 100, 0),
        ("all with problems", count, 0),
        (f"{count // 100} with problems, {A_MINUTES} due", count // 100, A_MINUTES),
        (f"{count // 100} with problems, {count // 100} due", count // 100, count // 100),
    ):
        ours, theirs = _measure(count, troubled, due, size.many)
        yield Figure(
            benchmark="verdict",
            what=f"at a scrape of {count} resources, {what}",
            reference="the whole scrape",
            unit="s",
            ours=ours,
            theirs=theirs,
            goal=SHARE if due <= A_MINUTES else None,
        )


def _measure(count: int, troubled: int, due: int, turns: int) -> list[list[float]]:
    clock = Clock()
    store = Store(clock, clock)
    exposition, shown = Exposition.follow(store), Exposition.follow(store)
    shown._table = FamilyTable(frozenset(family.name for family in RESOURCE_FAMILIES) - SHOWN)
    whole = replace(source(), max_age=9 * HOUR, min_backups=None, min_retention=None, max_duration=1e9)
    store.add_source(whole)
    for number, status in enumerate(resources(count)):
        summary = _summary(status)
        if number >= troubled:
            summary = replace(summary, last_success=NOW + 1e6, failures=0, last_finished=None)
        store.put(whole.name, replace(status, summary=summary))
    keys = list(store.entries[whole.name].resources)[-due:] if due else []

    def part() -> float:
        _make_due(store, whole.name, keys, clock)
        began = time.thread_time()
        store.refresh_verdicts()
        b"".join(shown.render_resource_families(openmetrics=False))
        store.count_states()
        return time.thread_time() - began

    def scrape() -> float:
        _make_due(store, whole.name, keys, clock)
        began = time.thread_time()
        b"".join(exposition.render(openmetrics=False))
        return time.thread_time() - began

    return in_turns(turns, part, scrape)


def _make_due(store: Store, name: str, keys: list[str], clock: Clock) -> None:
    """Let some resources become too old in a second's time, and a second pass."""
    for key in keys:
        status = store.entries[name].resources[key]
        store.put(name, replace(status, summary=replace(_summary(status), last_success=clock.now - 9 * HOUR)))
    clock.now += 1


def _summary(status: ResourceStatus) -> Summary:
    if status.summary is None:
        raise ValueError("the benchmark's resources have been listed")
    return status.summary

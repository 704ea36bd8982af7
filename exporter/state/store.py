"""Holds the application's state and is its only writer: callers use its methods, read its entries, or subscribe."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

from exporter.counters import Counters
from exporter.settings import Source
from exporter.state.problems import STATES, Verdict
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.steady_clock import Jump, SteadyClock, elapsed_time
from exporter.state.verdict_inputs import is_stale
from exporter.state.verdicts import RestoredSource, SourceVerdicts, exposed_verdict
from exporter.state.view import ResourceView


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One source with its counters, its status and its resources."""

    source: Source
    counters: Counters
    status: SourceStatus
    resources: Mapping[str, ResourceStatus]
    """By id; a view that follows what the store puts and removes."""
    verdicts: SourceVerdicts
    """What is wrong with the source and its resources; as of now after `refresh_verdicts`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterStatus:
    """The status of the exporter itself."""

    reload_succeeded: bool
    reload_succeeded_at: float
    state_written: bool | None = None
    """None without a state file, and before the first write."""
    resources: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """How many there are by overall state, at a scrape."""
    time: float | None = None
    """The clock, at a scrape."""
    log_lines_dropped: int = 0
    task_restarts: int = 0


class Subscriber(Protocol):
    """Called before the store changes; if it raises, the store stays as it is."""

    def add_source(self, source: Source) -> None:
        """Start a source afresh, with no resource."""
        ...

    def put(self, source: Source, before: ResourceView | None, after: ResourceView) -> None:
        """Replace one resource, or its verdict, or add it if there is none `before`."""
        ...

    def remove(self, source: str, ids: Iterable[str]) -> None:
        """Remove resources of a source."""
        ...

    def remove_source(self, source: str) -> None:
        """Remove a source with its resources."""
        ...


class Store:
    """All sources and their resources."""

    def __init__(self, clock: Callable[[], float], ticks: Callable[[], float] = elapsed_time) -> None:
        """Start empty; `clock` returns Unix seconds, `ticks` seconds from any start that never jump."""
        self.clock = clock
        self._steady = SteadyClock(clock, ticks)
        self._entries: dict[str, SourceEntry] = {}
        self.entries: Mapping[str, SourceEntry] = MappingProxyType(self._entries)
        """The sources by name, to be read."""
        self._resources: dict[str, dict[str, ResourceStatus]] = {}
        self._subscribers: list[Subscriber] = []
        self._exporter = ExporterStatus(reload_succeeded=True, reload_succeeded_at=clock())

    @property
    def exporter(self) -> ExporterStatus:
        """The status of the exporter itself."""
        return self._exporter

    @property
    def ready(self) -> bool:
        """Whether every source has finished its first poll."""
        return all(entry.status.polled for entry in self._entries.values())

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber` with what is there, and from now on before each change."""
        for entry in self._entries.values():
            subscriber.add_source(entry.source)
            for view in entry.verdicts.views.values():
                subscriber.put(entry.source, None, view)
        self._subscribers.append(subscriber)

    def add_source(
        self,
        source: Source,
        counters: Counters,
        restored: Iterable[ResourceStatus] = (),
        stored: RestoredSource | None = None,
    ) -> None:
        """Add a source with the resources that a state file held, or replace the one of that name.

        A replaced source keeps its status and the resources that it still watches, unless its provider is another one.
        Where the provider is described otherwise, or has other options, all of them are read anew.
        """
        now = self.now()
        before = self._entries.get(source.name)
        interval = source.poll_interval
        status = SourceStatus(configured_interval=interval, interval=interval, started_at=now)
        kept: Iterable[ResourceStatus] = ()
        verdicts = SourceVerdicts(source)
        if before is not None and before.source.provider_name == source.provider_name:
            status = replace(before.status, configured_interval=interval)
            kept = [
                before.verdicts.views[key].snapshot()
                for key, one in before.resources.items()
                if source.watches(key, one.resource.name)
            ]
            if (before.source.provider, before.source.options) != (source.provider, source.options):
                kept = [one.invalidate() for one in kept]  # what was read may mean something else now
            verdicts.restore(before.verdicts.verdict, before.verdicts.disappeared)
        elif stored is not None:
            status = replace(status, observed=stored.observed)
            verdicts.restore(Verdict(problems=stored.problems), stored.disappeared)
        for subscriber in self._subscribers:
            subscriber.add_source(source)
        resources: dict[str, ResourceStatus] = {}
        self._resources[source.name] = resources
        self._entries[source.name] = SourceEntry(source, counters, status, MappingProxyType(resources), verdicts)
        for resource_status in (*kept, *restored):
            self.put(source.name, resource_status)
        self.set_status(source.name, replace(status, resources=len(resources)) if resources else status)

    def remove_source(self, name: str) -> None:
        """Remove a source; its series are gone at the next scrape."""
        for subscriber in self._subscribers:
            subscriber.remove_source(name)
        self._entries.pop(name, None)
        self._resources.pop(name, None)

    def put(self, name: str, resource_status: ResourceStatus) -> None:
        """Replace the state of one resource; if a subscriber fails, nothing is replaced."""
        now = self.now()
        entry, key = self._entries[name], resource_status.resource.id
        view = entry.verdicts.judge(resource_status, entry.status, now)
        for subscriber in self._subscribers:
            subscriber.put(entry.source, entry.verdicts.views.get(key), view)
        entry.verdicts.set(view)
        self._resources[name][key] = view.status

    def retain(self, name: str, ids: Iterable[str], disappeared: Collection[str] = ()) -> None:
        """Remove the resources that are not among `ids`; those that `disappeared` are reported for a day."""
        resources = self._resources[name]
        gone = resources.keys() - set(ids)
        for subscriber in self._subscribers:
            subscriber.remove(name, gone)
        for key in gone:
            del resources[key]
            self._entries[name].verdicts.remove(key, self.now() if key in disappeared else None)

    def set_status(self, name: str, status: SourceStatus) -> None:
        """Replace the status of a source."""
        now, jump = self._read_clock()
        status = status.shift(jump) if jump else status
        before = self._entries[name]
        entry = self._entries[name] = replace(before, status=status)
        entry.verdicts.judge_source(status, now)
        if is_stale(before.status, now) and not is_stale(status, now):
            self._replace(entry, entry.verdicts.judge_all(status, now))
        elif (before.status.up, before.status.interval) != (status.up, status.interval):
            self._replace(entry, entry.verdicts.judge_unsettled(status, now))

    def now(self) -> float:
        """Return the time in Unix seconds by which verdicts are taken: `clock`, but for jumps that have not lasted."""
        return self._read_clock()[0]

    def _read_clock(self) -> tuple[float, Jump]:
        """Return the time, and how all that was timed has just been moved because a jump has lasted."""
        now, jump = self._steady.read()
        if jump:
            for name, entry in self._entries.items():
                entry.verdicts.shift(jump)
                self._resources[name].update((key, view.status) for key, view in entry.verdicts.views.items())
                self._entries[name] = replace(entry, status=entry.status.shift(jump))
        return now, jump

    def refresh_verdicts(self) -> None:
        """Take the verdicts anew that time alone may have changed; others follow from what is put."""
        now = self.now()
        for entry in list(self._entries.values()):
            self._replace(entry, entry.verdicts.judge_due(entry.status, now))

    def count_states(self) -> Mapping[str, int]:
        """Return how many resources are critical, warning, info, fine and paused, each of them counted."""
        states = Counter(
            view.verdict.state for entry in self._entries.values() for view in entry.verdicts.views.values()
        )
        return {state: states[state] for state in STATES}

    def view(self, name: str, key: str) -> ResourceView | None:
        """Return a resource with its verdict as of now, None if there is none of that source and id."""
        entry = self._entries.get(name)
        view = None if entry is None else entry.verdicts.views.get(key)
        return None if entry is None or view is None else entry.verdicts.view_at(view, entry.status, self.now())

    def views(self, name: str) -> list[ResourceView]:
        """Return all resources of a source with their verdicts as of now."""
        entry, now = self._entries[name], self.now()
        self._replace(entry, entry.verdicts.judge_due(entry.status, now))
        return entry.verdicts.views_at(entry.status, now)

    def source_verdict(self, name: str) -> Verdict:
        """Return the verdict on a source as of now."""
        entry = self._entries[name]
        return entry.verdicts.source_at(entry.status, self.now())

    def _replace(self, entry: SourceEntry, judged: Iterable[tuple[ResourceView, ResourceView]]) -> None:
        for before, after in judged:
            if exposed_verdict(before) != exposed_verdict(after):
                for subscriber in self._subscribers:
                    subscriber.put(entry.source, before, after)

    def record_reload(self, *, succeeded: bool) -> None:
        """Record whether the configuration could be read again."""
        at = self.clock() if succeeded else self._exporter.reload_succeeded_at
        self._exporter = replace(self._exporter, reload_succeeded=succeeded, reload_succeeded_at=at)

    def record_state_write(self, *, succeeded: bool | None) -> None:
        """Record whether the state file could be written; None where there is no file, or no attempt yet."""
        self._exporter = replace(self._exporter, state_written=succeeded)

    def record_losses(self, *, log_lines_dropped: int, task_restarts: int) -> None:
        """Record how many log lines were lost and how many tasks were restarted so far."""
        self._exporter = replace(self._exporter, log_lines_dropped=log_lines_dropped, task_restarts=task_restarts)

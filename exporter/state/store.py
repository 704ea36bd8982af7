"""Holds the application's state and is its only writer: callers use its methods, read its entries, or subscribe.

The client also counts requests, in the `Counters` of its source.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

from exporter.counters import Counters
from exporter.model import Resource
from exporter.settings import Source
from exporter.state.archive import Archive, ArchivedResource
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.resource_verdict import Verdict, count_states
from exporter.state.steady_clock import Jump, SteadyClock, elapsed_time
from exporter.state.verdict_inputs import is_stale
from exporter.state.verdicts import DisappearedResource, RestoredSource, SourceVerdicts, exposed_verdict, refresh_view
from exporter.state.view import ResourceView


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One source with its counters, its status and its resources."""

    source: Source
    counters: Counters
    status: SourceStatus
    resources: Mapping[str, ResourceStatus]
    """By id; a view that follows what the store puts and removes."""
    views: Mapping[str, ResourceView]
    """The same with their verdicts, as of now after `refresh_verdicts`."""
    disappeared: Mapping[str, DisappearedResource]
    """The resources that are reported as gone, by id."""
    verdict: Verdict
    """What is wrong with the source itself, as of now after `refresh_verdicts`."""


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

    def add_source(self, source: Source, views: Iterable[ResourceView]) -> None:
        """Add a source with its resources, or replace the one of that name."""
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
        self.wall_clock = clock
        """The time that is exported, for Prometheus to subtract; verdicts, pages and JSON use `now`."""
        self._steady = SteadyClock(clock, ticks)
        self._entries: dict[str, SourceEntry] = {}
        self.entries: Mapping[str, SourceEntry] = MappingProxyType(self._entries)
        """The sources by name, to be read."""
        self._resources: dict[str, dict[str, ResourceStatus]] = {}
        self._verdicts: dict[str, SourceVerdicts] = {}
        self._archive = Archive()
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
            subscriber.add_source(entry.source, entry.views.values())
        self._subscribers.append(subscriber)

    def load(
        self,
        gone: Mapping[tuple[str, str], ArchivedResource],
        live: Mapping[str, Sequence[ResourceStatus]],
        sources: Mapping[str, RestoredSource],
    ) -> None:
        """Take what a state file kept: of resources that are gone, and by source of those that were there."""
        self._archive.load(gone, live, sources)

    def archived(self) -> Iterator[tuple[tuple[str, str], ArchivedResource]]:
        """Yield what is remembered of resources that are gone, each with its source and its id."""
        return self._archive.entries(self.now())

    def add_source(self, source: Source) -> None:
        """Add a source with the resources that a state file held, or replace the one of that name.

        A replaced source keeps its counters, its status and the resources that it still watches, unless its provider is
        another one; those that it no longer watches are archived. Where the provider is described
        otherwise, or has other options, all of them are read again.
        """
        now = self._advance_clock()[0]
        name, before = source.name, self._entries.get(source.name)
        verdicts, status, resources = self._prepare_source(source, now)
        for one in resources:
            verdicts.set(verdicts.judge(one, status, now))
        if verdicts.views:
            status = replace(status, resources=len(verdicts.views))
        verdicts.judge_source(status, now)
        for subscriber in self._subscribers:
            subscriber.add_source(source, verdicts.views.values())
        counters = Counters()
        if before is not None and before.source.provider_name == source.provider_name:
            counters = before.counters
            self._archive_resources(name, before.views.keys() - verdicts.views.keys(), now)
        self._archive.drop_live(name)
        self._verdicts[name] = verdicts
        self._resources[name] = {key: view.status for key, view in verdicts.views.items()}
        self._entries[name] = SourceEntry(
            source=source,
            counters=counters,
            status=status,
            resources=MappingProxyType(self._resources[name]),
            views=MappingProxyType(verdicts.views),
            disappeared=MappingProxyType(verdicts.disappeared),
            verdict=verdicts.verdict,
        )

    def _prepare_source(
        self, source: Source, now: float
    ) -> tuple[SourceVerdicts, SourceStatus, Iterable[ResourceStatus]]:
        """Return what a source that is added continues from: its verdicts, its status and its resources."""
        before, stored = self._entries.get(source.name), self._archive.find_source(source.name)
        restored = self._archive.find_live(source.name)
        verdicts, interval = SourceVerdicts(source), source.poll_interval
        if before is not None and before.source.provider_name == source.provider_name:
            verdicts.restore(before.verdict, before.disappeared)
            views = [view for key, view in before.views.items() if source.watches(key, view.status.resource.name)]
            resources = [view.snapshot() for view in views]
            if (before.source.provider, before.source.options) != (source.provider, source.options):
                resources = [one.invalidate() for one in resources]  # what was read may mean something else now
            changed = before.status.options_changed or (
                before.source.options != source.options
                and before.source.options_digest != source.options_digest  # a rotated secret watches the same
            )
            status = replace(before.status, configured_interval=interval, options_changed=changed)
            return verdicts, status, (*resources, *restored)
        status = SourceStatus(configured_interval=interval, interval=interval, started_at=now)
        if stored is not None:
            verdicts.restore(Verdict(problems=stored.problems), stored.disappeared)
            changed = stored.options is not None and stored.options != source.options_digest
            status = replace(status, observed=stored.observed, options_changed=changed)
        return verdicts, status, restored

    def remove_source(self, name: str) -> None:
        """Remove a source and archive its resources; its series are gone at the next scrape."""
        for subscriber in self._subscribers:
            subscriber.remove_source(name)
        self._archive_resources(name, self._entries[name].views.keys(), self.now())
        del self._entries[name], self._resources[name], self._verdicts[name]

    def discover(self, name: str, resource: Resource) -> None:
        """Add a resource that discovery found, with what is archived of it, or update the one of its id."""
        now, sizes = self._advance_clock()[0], self._entries[name].source.provider.sizes
        known = self._resources[name].get(resource.id)
        if known is None:
            self.put(name, self._archive.restore(name, resource, now, sizes=sizes))
        elif known.resource != resource:
            self.put(name, known.update_resource(resource, now).with_reported_success(sizes=sizes, now=now))

    def put(self, name: str, resource_status: ResourceStatus) -> None:
        """Replace the state of one resource; if a subscriber fails, nothing is replaced."""
        now = self._advance_clock()[0]
        entry, verdicts, key = self._entries[name], self._verdicts[name], resource_status.resource.id
        view = verdicts.judge(resource_status, entry.status, now)
        for subscriber in self._subscribers:
            subscriber.put(entry.source, verdicts.views.get(key), view)
        verdicts.set(view)
        self._resources[name][key] = view.status

    def retain(self, name: str, ids: Iterable[str], disappeared: Collection[str] = ()) -> None:
        """Archive the resources that are not among `ids`; those that `disappeared` are reported for a day."""
        now = self._advance_clock()[0]
        resources, verdicts = self._resources[name], self._verdicts[name]
        gone = resources.keys() - set(ids)
        for subscriber in self._subscribers:
            subscriber.remove(name, gone)
        self._archive_resources(name, gone, now)
        for key in gone:
            del resources[key]
            verdicts.remove(key, now if key in disappeared else None)

    def _archive_resources(self, name: str, ids: Iterable[str], now: float) -> None:
        self._archive.expire(now)
        for key in ids:
            self._archive.add(name, self._verdicts[name].views[key].snapshot(), now)

    def set_status(self, name: str, status: SourceStatus) -> None:
        """Replace the status of a source."""
        now, jump = self._advance_clock()
        status = status.shift(jump) if jump else status
        before, verdicts = self._entries[name], self._verdicts[name]
        verdicts.judge_source(status, now)
        self._entries[name] = replace(before, status=status, verdict=verdicts.verdict)
        if is_stale(before.status, now) and not is_stale(status, now):
            self._replace(before.source, verdicts.judge_all(status, now))
        elif (before.status.up, before.status.interval) != (status.up, status.interval):
            self._replace(before.source, verdicts.judge_unsettled(status, now))

    def count_poll(self, name: str, failure: str | None) -> None:
        """Count a poll of a source that has ended, and the reason if it failed."""
        self._entries[name].counters.count_poll(failure)

    def count_resource_failure(self, name: str, reason: str) -> None:
        """Count a resource of a source that could not be read."""
        self._entries[name].counters.count_resource_failure(reason)

    def now(self) -> float:
        """Return the Unix seconds by which verdicts are made: the wall clock, without jumps that do not last."""
        return self._steady.now()

    def _advance_clock(self) -> tuple[float, Jump]:
        """Return the time, and the shift of all that was timed, if this accepts a jump of the wall clock."""
        now, jump = self._steady.advance()
        if jump:
            for name, entry in self._entries.items():
                verdicts = self._verdicts[name]
                verdicts.shift(jump)
                self._resources[name].update((key, view.status) for key, view in verdicts.views.items())
                self._entries[name] = replace(entry, status=entry.status.shift(jump))
        return now, jump

    def refresh_verdicts(self) -> None:
        """Judge again what time alone may have changed; whatever is put is judged by that."""
        now = self._advance_clock()[0]
        for name, entry in list(self._entries.items()):
            verdicts = self._verdicts[name]
            self._replace(entry.source, verdicts.judge_due(entry.status, now))
            if verdicts.verdict is not entry.verdict:
                self._entries[name] = replace(entry, verdict=verdicts.verdict)

    def count_states(self) -> Mapping[str, int]:
        """Return how many resources are critical, warning, info, fine and paused, each of them counted."""
        return count_states(view.verdict for entry in self._entries.values() for view in entry.views.values())

    def find_view(self, name: str, key: str) -> ResourceView | None:
        """Return a resource with its verdict as of now, None if there is none of that source and id."""
        entry = self._entries.get(name)
        view = None if entry is None else entry.views.get(key)
        return None if entry is None or view is None else refresh_view(view, entry.status, self.now())

    def list_views(self, name: str) -> list[ResourceView]:
        """Return all resources of a source with their verdicts as of now."""
        entry, now = self._entries[name], self.now()
        return [refresh_view(view, entry.status, now) for view in entry.views.values()]

    def judge_source(self, name: str) -> Verdict:
        """Return the verdict on a source as of now."""
        return self._verdicts[name].source_at(self._entries[name].status, self.now())

    def _replace(self, source: Source, judged: Iterable[tuple[ResourceView, ResourceView]]) -> None:
        for before, after in judged:
            if exposed_verdict(before) != exposed_verdict(after):
                for subscriber in self._subscribers:
                    subscriber.put(source, before, after)

    def record_reload(self, *, succeeded: bool) -> None:
        """Record whether the configuration could be read again."""
        at = self.wall_clock() if succeeded else self._exporter.reload_succeeded_at
        self._exporter = replace(self._exporter, reload_succeeded=succeeded, reload_succeeded_at=at)

    def record_state_write(self, *, succeeded: bool | None) -> None:
        """Record whether the state file could be written; None where there is no file, or no attempt yet."""
        self._exporter = replace(self._exporter, state_written=succeeded)

    def record_losses(self, *, log_lines_dropped: int, task_restarts: int) -> None:
        """Record how many log lines were lost and how many tasks were restarted so far."""
        self._exporter = replace(self._exporter, log_lines_dropped=log_lines_dropped, task_restarts=task_restarts)

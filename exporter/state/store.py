"""Holds the application's state and is its only writer: others call its verbs, read its entries, or subscribe."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from exporter.counters import Counters
from exporter.settings import Source
from exporter.state.resource import ResourceStatus, SourceStatus


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One source with its counters, its status and its resources."""

    source: Source
    counters: Counters
    status: SourceStatus
    resources: Mapping[str, ResourceStatus]
    """By id; a view that follows what the store puts and removes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterStatus:
    """How the exporter itself fares."""

    reload_succeeded: bool
    reload_succeeded_at: float
    state_written: bool | None = None
    """None without a state file, and before the first write."""


class Subscriber(Protocol):
    """Is called before the store changes; an exception of its leaves the store as it is."""

    def add_source(self, source: Source) -> None:
        """Start a source afresh, with no resource."""
        ...

    def put(self, source: Source, before: ResourceStatus | None, after: ResourceStatus) -> None:
        """Replace one resource, or add it if there is none `before`."""
        ...

    def remove(self, source: str, ids: Iterable[str]) -> None:
        """Remove resources of a source."""
        ...

    def remove_source(self, source: str) -> None:
        """Remove a source with its resources."""
        ...


class Store:
    """All sources and their resources."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start empty; `clock` returns Unix seconds."""
        self.clock = clock
        self._entries: dict[str, SourceEntry] = {}
        self.entries: Mapping[str, SourceEntry] = MappingProxyType(self._entries)
        """The sources by name, to be read."""
        self._resources: dict[str, dict[str, ResourceStatus]] = {}
        self._subscribers: list[Subscriber] = []
        self._exporter = ExporterStatus(reload_succeeded=True, reload_succeeded_at=clock())

    @property
    def exporter(self) -> ExporterStatus:
        """How the exporter itself fares."""
        return self._exporter

    @property
    def ready(self) -> bool:
        """Whether every source has finished its first poll."""
        return all(entry.status.polled for entry in self._entries.values())

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber` with what is there, and from now on before each change."""
        for entry in self._entries.values():
            subscriber.add_source(entry.source)
            for resource_status in entry.resources.values():
                subscriber.put(entry.source, None, resource_status)
        self._subscribers.append(subscriber)

    def add_source(self, source: Source, counters: Counters, restored: Iterable[ResourceStatus] = ()) -> None:
        """Add a source with the resources that a state file held, or replace the one of that name.

        A replaced source keeps its status and the resources that it still watches, unless its provider changed.
        """
        before = self._entries.get(source.name)
        status = SourceStatus(configured_interval=source.poll_interval, interval=source.poll_interval)
        kept: Iterable[ResourceStatus] = ()
        if before is not None and before.source.provider_name == source.provider_name:
            status = replace(before.status, configured_interval=source.poll_interval)
            kept = [one for one in before.resources.values() if source.watches(one.resource.id, one.resource.name)]
        for subscriber in self._subscribers:
            subscriber.add_source(source)
        resources: dict[str, ResourceStatus] = {}
        self._resources[source.name] = resources
        self._entries[source.name] = SourceEntry(source, counters, status, MappingProxyType(resources))
        for resource_status in (*kept, *restored):
            self.put(source.name, resource_status)
        if resources:
            self.set_status(source.name, replace(status, resources=len(resources)))

    def remove_source(self, name: str) -> None:
        """Remove a source; its series are gone at the next scrape."""
        for subscriber in self._subscribers:
            subscriber.remove_source(name)
        self._entries.pop(name, None)
        self._resources.pop(name, None)

    def put(self, name: str, resource_status: ResourceStatus) -> None:
        """Replace the state of one resource; if a subscriber fails, nothing is replaced."""
        resources, key = self._resources[name], resource_status.resource.id
        for subscriber in self._subscribers:
            subscriber.put(self._entries[name].source, resources.get(key), resource_status)
        resources[key] = resource_status

    def retain(self, name: str, ids: Iterable[str]) -> None:
        """Remove the resources that are not among `ids`."""
        resources = self._resources[name]
        gone = resources.keys() - set(ids)
        for subscriber in self._subscribers:
            subscriber.remove(name, gone)
        for key in gone:
            del resources[key]

    def set_status(self, name: str, status: SourceStatus) -> None:
        """Replace the status of a source."""
        self._entries[name] = replace(self._entries[name], status=status)

    def record_reload(self, *, succeeded: bool) -> None:
        """Record whether the configuration could be read again."""
        at = self.clock() if succeeded else self._exporter.reload_succeeded_at
        self._exporter = replace(self._exporter, reload_succeeded=succeeded, reload_succeeded_at=at)

    def record_state_write(self, *, succeeded: bool | None) -> None:
        """Record whether the state file could be written; None where there is no file, or no attempt yet."""
        self._exporter = replace(self._exporter, state_written=succeeded)

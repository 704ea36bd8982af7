"""Holds what is known now: the one place where state is replaced, and what a scrape reads."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from exporter.knowledge.state import SourceStatus, Watched
from exporter.metrics.exposition import Labels, Prepared, part, prepare, resource_part
from exporter.metrics.resource_families import View
from exporter.metrics.source_families import EXPORTER_FAMILIES, SOURCE_FAMILIES, ExporterView, SourceView
from exporter.settings import Source
from exporter.transport.meter import Meter


@dataclass(slots=True)
class Entry:
    """One source's place on the board."""

    source: Source
    meter: Meter
    status: SourceStatus
    watched: dict[str, Watched] = field(default_factory=dict)
    prepared: dict[str, Prepared] = field(default_factory=dict)


class Board:
    """All sources and resources, with each resource's lines ready for the next scrape."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start empty; `clock` tells Unix seconds."""
        self.clock = clock
        self.entries: dict[str, Entry] = {}
        self.exporter = ExporterView(reload_succeeded=True, reload_succeeded_at=clock())

    def open(self, source: Source, meter: Meter) -> None:
        """Give a source its place; one that had it already keeps what is known of it."""
        before = self.entries.get(source.name)
        status = SourceStatus(configured_interval=source.poll_interval, interval=source.poll_interval)
        if before is None or before.source.provider_name != source.provider_name:
            self.entries[source.name] = Entry(source, meter, status)
            return
        status = replace(before.status, configured_interval=source.poll_interval)
        self.entries[source.name] = Entry(source, meter, status)
        for watched in before.watched.values():
            if source.watches(watched.resource.id, watched.resource.name):
                self.put(source.name, watched)

    def close(self, name: str) -> None:
        """Take a source away; its series are gone at the next scrape."""
        self.entries.pop(name, None)

    def put(self, name: str, watched: Watched) -> None:
        """Replace what is known of one resource; if it cannot be written, nothing is replaced."""
        entry = self.entries[name]
        source, resource = entry.source, watched.resource
        policy = source.policy(resource.id, resource.name)
        labels = (
            ("provider", source.provider_name),
            ("source", source.name),
            ("resource", resource.id),
            *policy.labels,
        )
        view = View(watched=watched, policy=policy, derived=source.provider.max_age)
        before, lines = entry.watched.get(resource.id), entry.prepared.get(resource.id)
        # the policy follows from the source, which stays, and from the name, with which all is written anew
        same = None if before is None or lines is None or before.resource != resource else (before, lines)
        entry.prepared[resource.id] = prepare(view, labels, same)
        entry.watched[resource.id] = watched

    def keep(self, name: str, ids: Iterable[str]) -> None:
        """Drop the resources that are not among `ids`."""
        entry = self.entries[name]
        for gone in entry.watched.keys() - set(ids):
            del entry.watched[gone], entry.prepared[gone]

    def note(self, name: str, status: SourceStatus) -> None:
        """Replace how a source's polling goes."""
        self.entries[name].status = status

    @property
    def ready(self) -> bool:
        """Whether every source has finished its first poll."""
        return all(entry.status.polled for entry in self.entries.values())

    def parts(self, *, openmetrics: bool) -> Iterator[bytes]:
        """Write the exposition, in pieces to be joined."""
        entries = list(self.entries.values())
        prepared = [one for entry in entries for one in entry.prepared.values()]
        yield from resource_part(prepared, self.clock(), openmetrics=openmetrics)
        views = [
            (
                SourceView(status=entry.status, meter=entry.meter),
                _source_labels(entry.source),
            )
            for entry in entries
        ]
        for family in SOURCE_FAMILIES:
            yield part(family, views, openmetrics=openmetrics)
        for about in EXPORTER_FAMILIES:
            yield part(about, [(self.exporter, ())], openmetrics=openmetrics)


def _source_labels(source: Source) -> Labels:
    """Return the labels of a source's own series; instances that divide it each tell of their part."""
    shard = () if source.shard is None else (("shard", str(source.shard.index)),)
    return (("provider", source.provider_name), ("source", source.name), *shard, *source.labels)

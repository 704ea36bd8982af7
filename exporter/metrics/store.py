"""Holds what is known now: the one place where state is replaced, and what a scrape reads."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from exporter.client.counters import Counters
from exporter.metrics.render import Labels, RenderedResource, render_family, render_resource, render_resources
from exporter.metrics.resource_families import ResourceView
from exporter.metrics.source_families import EXPORTER_FAMILIES, SOURCE_FAMILIES, ExporterView, SourceView
from exporter.settings import Source
from exporter.state.resource import ResourceStatus, SourceStatus


@dataclass(slots=True)
class SourceEntry:
    """One source's place on the board."""

    source: Source
    counters: Counters
    status: SourceStatus
    resources: dict[str, ResourceStatus] = field(default_factory=dict)
    rendered: dict[str, RenderedResource] = field(default_factory=dict)


class Store:
    """All sources and resources, with each resource's lines ready for the next scrape."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start empty; `clock` tells Unix seconds."""
        self.clock = clock
        self.entries: dict[str, SourceEntry] = {}
        self.exporter = ExporterView(reload_succeeded=True, reload_succeeded_at=clock())

    def add_source(self, source: Source, counters: Counters) -> None:
        """Give a source its place; one that had it already keeps what is known of it."""
        before = self.entries.get(source.name)
        status = SourceStatus(configured_interval=source.poll_interval, interval=source.poll_interval)
        if before is None or before.source.provider_name != source.provider_name:
            self.entries[source.name] = SourceEntry(source, counters, status)
            return
        status = replace(before.status, configured_interval=source.poll_interval)
        self.entries[source.name] = SourceEntry(source, counters, status)
        for resource_status in before.resources.values():
            if source.watches(resource_status.resource.id, resource_status.resource.name):
                self.put(source.name, resource_status)

    def remove_source(self, name: str) -> None:
        """Take a source away; its series are gone at the next scrape."""
        self.entries.pop(name, None)

    def put(self, name: str, resource_status: ResourceStatus) -> None:
        """Replace what is known of one resource; if it cannot be written, nothing is replaced."""
        entry = self.entries[name]
        source, resource = entry.source, resource_status.resource
        policy = source.policy(resource.id, resource.name)
        labels = (
            ("provider", source.provider_name),
            ("source", source.name),
            ("resource", resource.id),
            *policy.labels,
        )
        view = ResourceView(status=resource_status, policy=policy, derived=source.provider.max_age)
        before, lines = entry.resources.get(resource.id), entry.rendered.get(resource.id)
        # the policy follows from the source, which stays, and from the name, with which all is written anew
        same = None if before is None or lines is None or before.resource != resource else (before, lines)
        entry.rendered[resource.id] = render_resource(view, labels, same)
        entry.resources[resource.id] = resource_status

    def retain(self, name: str, ids: Iterable[str]) -> None:
        """Drop the resources that are not among `ids`."""
        entry = self.entries[name]
        for gone in entry.resources.keys() - set(ids):
            del entry.resources[gone], entry.rendered[gone]

    def set_status(self, name: str, status: SourceStatus) -> None:
        """Replace how a source's polling goes."""
        self.entries[name].status = status

    @property
    def ready(self) -> bool:
        """Whether every source has finished its first poll."""
        return all(entry.status.polled for entry in self.entries.values())

    def render(self, *, openmetrics: bool) -> Iterator[bytes]:
        """Write the exposition, in pieces to be joined."""
        entries = list(self.entries.values())
        rendered = [one for entry in entries for one in entry.rendered.values()]
        yield from render_resources(rendered, self.clock(), openmetrics=openmetrics)
        views = [
            (
                SourceView(status=entry.status, counters=entry.counters),
                _source_labels(entry.source),
            )
            for entry in entries
        ]
        for family in SOURCE_FAMILIES:
            yield render_family(family, views, openmetrics=openmetrics)
        for about in EXPORTER_FAMILIES:
            yield render_family(about, [(self.exporter, ())], openmetrics=openmetrics)


def _source_labels(source: Source) -> Labels:
    """Return the labels of a source's own series; instances that divide it each tell of their part."""
    shard = () if source.shard is None else (("shard", str(source.shard.index)),)
    return (("provider", source.provider_name), ("source", source.name), *shard, *source.labels)

"""Keeps each resource's lines as the store changes, and joins them at a scrape."""

from collections.abc import Iterable, Iterator

from exporter.metrics.render import Labels, RenderedResource, render_family, render_resource, render_resources
from exporter.metrics.resource_families import ResourceView
from exporter.metrics.source_families import EXPORTER_FAMILIES, SOURCE_FAMILIES
from exporter.settings import Source
from exporter.state.resource import ResourceStatus
from exporter.state.store import Store


class Exposition:
    """Renders a resource when the store changes it, so that a scrape only joins lines."""

    def __init__(self, store: Store) -> None:
        """Start without lines; see `follow`."""
        self._store = store
        self._rendered: dict[str, dict[str, RenderedResource]] = {}

    @classmethod
    def follow(cls, store: Store) -> "Exposition":
        """Return an exposition that subscribes to a store."""
        exposition = cls(store)
        store.subscribe(exposition)
        return exposition

    def add_source(self, source: Source) -> None:
        """Start a source afresh: other labels make other lines."""
        self._rendered[source.name] = {}

    def put(self, source: Source, before: ResourceStatus | None, after: ResourceStatus) -> None:
        """Render what differs of one resource."""
        resource, rendered = after.resource, self._rendered[source.name]
        policy = source.policy(resource.id, resource.name)
        labels = (
            ("provider", source.provider_name),
            ("source", source.name),
            ("resource", resource.id),
            *policy.labels,
        )
        lines = rendered.get(resource.id)
        # the policy follows from the source, which stays, and from the name, with which all is rendered again
        same = None if before is None or lines is None or before.resource != resource else (before, lines)
        view = ResourceView(status=after, policy=policy, derived=source.provider.max_age)
        rendered[resource.id] = render_resource(view, labels, same)

    def remove(self, source: str, ids: Iterable[str]) -> None:
        """Drop the lines of resources."""
        for key in ids:
            self._rendered[source].pop(key, None)

    def remove_source(self, source: str) -> None:
        """Drop the lines of a source."""
        self._rendered.pop(source, None)

    def render(self, *, openmetrics: bool) -> Iterator[bytes]:
        """Yield the exposition in pieces to be joined."""
        rendered = [one for lines in self._rendered.values() for one in lines.values()]
        yield from render_resources(rendered, self._store.clock(), openmetrics=openmetrics)
        views = [(entry, _source_labels(entry.source)) for entry in self._store.entries.values()]
        for family in SOURCE_FAMILIES:
            yield render_family(family, views, openmetrics=openmetrics)
        for about in EXPORTER_FAMILIES:
            yield render_family(about, [(self._store.exporter, ())], openmetrics=openmetrics)


def _source_labels(source: Source) -> Labels:
    """Return the labels of a source's own series; each shard exports its part."""
    shard = () if source.shard is None else (("shard", str(source.shard.index)),)
    return (("provider", source.provider_name), ("source", source.name), *shard, *source.labels)

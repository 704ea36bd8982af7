"""Keeps each resource's lines as the store changes, and joins them at a scrape."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace

from exporter.metrics.render import (
    ALL_FAMILIES,
    FamilyTable,
    Labels,
    RenderedResource,
    render_family,
    render_resource,
    render_resources,
    render_samples,
)
from exporter.metrics.resource_families import PROBLEM, RESOURCE_FAMILIES
from exporter.metrics.source_families import EXPORTER_FAMILIES, SOURCE_FAMILIES
from exporter.settings import Policy, Source
from exporter.state.store import SourceEntry, Store
from exporter.state.view import ResourceView

_PROBLEM_FAMILY = next(family for family in RESOURCE_FAMILIES if family.name == PROBLEM)
SLICE = 50
"""How many resources are rendered without a break when all of them are."""


class Exposition:
    """Renders a resource when the store changes it, so that a scrape only joins lines."""

    def __init__(self, store: Store) -> None:
        """Start without lines; see `follow`."""
        self._store = store
        self._rendered: dict[str, dict[str, RenderedResource]] = {}
        self._table = ALL_FAMILIES
        self.excluded: frozenset[str] = frozenset()
        """The names of the families that are not exposed."""

    @classmethod
    def follow(cls, store: Store) -> "Exposition":
        """Return an exposition that subscribes to a store."""
        exposition = cls(store)
        store.subscribe(exposition)
        return exposition

    def add_source(self, source: Source, views: Iterable[ResourceView]) -> None:
        """Render all resources of a source again, since its labels may have changed."""
        self._rendered[source.name] = {view.status.resource.id: _render(source, view, self._table) for view in views}

    def put(self, source: Source, before: ResourceView | None, after: ResourceView) -> None:
        """Render what differs of one resource."""
        key, rendered = after.status.resource.id, self._rendered[source.name]
        lines = rendered.get(key)
        # the policy follows from the source, which stays, and from the name, with which all is rendered again
        same = None
        if before is not None and lines is not None and before.status.resource == after.status.resource:
            same = before, lines
        rendered[key] = render_resource(after, _labels(source, key, after.policy), same, self._table)

    async def exclude(self, names: frozenset[str]) -> None:
        """Expose all families but these from now on; until every resource is rendered, what was exposed still is.

        Other tasks run between slices, and may change the store. No source may be replaced meanwhile.
        """
        if names == self.excluded:
            return
        table, done = FamilyTable(names), dict[str, dict[str, tuple[ResourceView, RenderedResource]]]()
        for name, entry in list(self._store.entries.items()):
            own = done[name] = {}
            for number, (key, view) in enumerate(list(entry.views.items()), 1):
                own[key] = view, _render(entry.source, view, table)
                if number % SLICE == 0:
                    await asyncio.sleep(0)
        self.excluded, self._table = names, table
        for name, entry in self._store.entries.items():
            own = done.get(name, {})
            self._rendered[name] = {
                key: own[key][1] if key in own and own[key][0] is view else _render(entry.source, view, table)
                for key, view in entry.views.items()
            }

    def remove(self, source: str, ids: Iterable[str]) -> None:
        """Drop the lines of resources."""
        for key in ids:
            self._rendered[source].pop(key, None)

    def remove_source(self, source: str) -> None:
        """Drop the lines of a source."""
        self._rendered.pop(source, None)

    def render(self, *, openmetrics: bool) -> Iterator[bytes]:
        """Yield the exposition in pieces to be joined."""
        self._store.refresh_verdicts()
        yield from self.render_resource_families(openmetrics=openmetrics)
        views = [(entry, _source_labels(entry.source)) for entry in self._store.entries.values()]
        for family in SOURCE_FAMILIES:
            if family.name not in self.excluded:
                yield render_family(family, views, openmetrics=openmetrics)
        exporter = replace(self._store.exporter, resources=self._store.count_states(), time=self._store.wall_clock())
        for about in EXPORTER_FAMILIES:
            yield render_family(about, [(exporter, ())], openmetrics=openmetrics)

    def render_resource_families(self, *, openmetrics: bool) -> Iterator[bytes]:
        """Yield the families about resources as the last verdicts have them."""
        now = self._store.wall_clock()
        rendered = [one for lines in self._rendered.values() for one in lines.values()]
        gone = b"".join(_render_disappeared(entry, now) for entry in self._store.entries.values())
        yield from render_resources(rendered, now, openmetrics=openmetrics, table=self._table, disappeared=gone)


def _render(source: Source, view: ResourceView, table: FamilyTable) -> RenderedResource:
    """Write all lines of one resource."""
    return render_resource(view, _labels(source, view.status.resource.id, view.policy), None, table)


def _render_disappeared(entry: SourceEntry, now: float) -> bytes:
    """Write the problem of each resource that is gone; it has no other series."""
    source, lines = entry.source, []
    for key, one in entry.disappeared.items():
        lines.append(render_samples(_PROBLEM_FAMILY, one.view(key, now), _labels(source, key, one.policy)))
    return b"".join(lines)


def _labels(source: Source, resource: str, policy: Policy) -> Labels:
    """Return the labels of all series of a resource."""
    return (
        ("provider", source.provider_name),
        ("source", source.name),
        ("resource", resource),
        *policy.labels,
    )


def _source_labels(source: Source) -> Labels:
    """Return the labels of a source's own series; each shard exports its part."""
    shard = () if source.shard is None else (("shard", str(source.shard.index)),)
    return (("provider", source.provider_name), ("source", source.name), *shard, *source.labels)

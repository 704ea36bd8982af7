"""Sorts and counts the verdicts on all resources, for the page, the terminal and the API."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from exporter.settings import Source
from exporter.state.resource_verdict import STATES, count_states
from exporter.state.store import SourceEntry, Store
from exporter.state.view import ResourceView

ATTENTION = ("critical", "warning")
"""The states that need action."""


@dataclass(frozen=True, slots=True)
class ResourceItem:
    """One resource with its source and its verdict."""

    source: Source
    view: ResourceView
    gone: bool = False
    """Whether the vendor no longer lists it; then nothing but its problem is known."""

    @property
    def id(self) -> str:
        """The value of the label `resource`."""
        return self.view.status.resource.id

    @property
    def name(self) -> str:
        """The changing name."""
        return self.view.status.resource.name

    @property
    def state(self) -> str:
        """critical, warning, info, fine or paused."""
        return self.view.verdict.state

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the configuration."""
        return dict(self.view.policy.labels)


def list_items(store: Store) -> list[ResourceItem]:
    """Return every resource, worst first, then those whose problems began first; texts are as old as the verdicts."""
    store.refresh_verdicts()
    found = [ResourceItem(one.source, view) for one in store.entries.values() for view in one.views.values()]
    gone = [item for one in store.entries.values() for item in _list_disappeared(one, store.now())]
    return sorted([*found, *gone], key=_urgency)


def find_item(store: Store, source: str, resource: str) -> ResourceItem | None:
    """Return a resource with its verdict as of now, also one that disappeared; None if there is none."""
    entry, view = store.entries.get(source), store.find_view(source, resource)
    if entry is None:
        return None
    if view is not None:
        return ResourceItem(entry.source, view)
    gone = _list_disappeared(entry, store.now())
    return next((item for item in gone if item.id == resource and store.now() < item.view.verdict.due), None)


def _list_disappeared(entry: SourceEntry, now: float) -> Iterator[ResourceItem]:
    """Yield the resources that a complete discovery no longer has, for as long as that is a problem."""
    for key, one in entry.disappeared.items():
        yield ResourceItem(entry.source, one.view(key, now), gone=True)


def _urgency(item: ResourceItem) -> tuple[int, float, str, str]:
    verdict = item.view.verdict
    order = STATES.index(verdict.state)
    since = min((one.since for one in verdict.problems if one.since is not None), default=0.0)
    return order, since, item.name, item.id


@dataclass(frozen=True, slots=True)
class SentencePart:
    """A part of a sentence, with the state that it is about."""

    text: str
    state: str = ""


def count_items(items: Iterable[ResourceItem]) -> Mapping[str, int]:
    """Return how many resources are in each state."""
    return count_states(item.view.verdict for item in items)


def write_verdict(counts: Mapping[str, int], down: int = 0) -> tuple[SentencePart, ...]:
    """Return the verdict in a sentence: "2 critical, 7 need attention, 14 of 26 resources are fine." in parts.

    `down` is the number of sources that cannot be read, which a second sentence names.
    """
    return (*_write_counts(counts), *_write_down(down))


def _write_counts(counts: Mapping[str, int]) -> Iterator[SentencePart]:
    total, fine = sum(counts.values()), counts["fine"]
    if not total:
        yield SentencePart("No resource is known.")
        return
    if counts["critical"]:
        yield SentencePart(f"{counts['critical']} critical", "critical")
        yield SentencePart(", ")
    if warnings := counts["warning"]:
        yield SentencePart(f"{warnings} need{'s' if warnings == 1 else ''} attention", "warning")
        yield SentencePart(", ")
    if fine == total:
        yield SentencePart("All resources are fine." if total > 1 else "The only resource is fine.", "fine")
    else:
        yield SentencePart(
            f"{fine} of {total} resource{'s' if total > 1 else ''} {'is' if 1 in (fine, total) else 'are'} fine."
        )


def _write_down(down: int) -> Iterator[SentencePart]:
    if down:
        yield SentencePart(" ")
        yield SentencePart(f"{down} source{' is' if down == 1 else 's are'} down.", "critical")

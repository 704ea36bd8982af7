"""Keeps what was known of resources that are gone, for as long as they may come back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from exporter.knowledge.history import History
from exporter.knowledge.state import Watched
from exporter.knowledge.summary import summarize
from exporter.model import Resource

KEPT_FOR = 7 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What outlives a resource's disappearance, or a restart."""

    first_seen: float
    created: float | None
    history: History
    gone_since: float


class Memory:
    """What is remembered of resources that are not on the board, by source and resource id."""

    def __init__(self, kept: Mapping[tuple[str, str], Remembered] | None = None) -> None:
        """Start with what a state file kept."""
        self._gone = dict(kept or {})
        self._recalled: dict[str, Sequence[Watched]] = {}

    def restore(self, gone: Mapping[tuple[str, str], Remembered], recalled: Mapping[str, Sequence[Watched]]) -> None:
        """Take what a state file kept: of resources that are gone, and by source of those that were there."""
        self._gone.update(gone)
        self._recalled.update(recalled)

    def recall(self, source: str) -> Sequence[Watched]:
        """Hand over, once, the resources that a source had before the restart."""
        return self._recalled.pop(source, ())

    def welcome(self, source: str, resource: Resource, now: float, *, sizes: bool) -> Watched:
        """Return a newly discovered resource, with what is remembered of it.

        A creation time that changed means another thing under an old name: nothing is remembered of that.
        """
        known = self._gone.pop((source, resource.id), None)
        created = None if known is None else known.created
        changed = None not in (created, resource.created) and created != resource.created
        if known is None or changed or now - known.gone_since > KEPT_FOR:
            return Watched(resource=resource, first_seen=now, facts=resource.facts)
        summary = summarize(None, known.history, sizes=sizes) if known.history.successes else None
        return Watched(
            resource=resource,
            first_seen=known.first_seen,
            facts=resource.facts,
            history=known.history,
            summary=summary,
        )

    def dismiss(self, source: str, watched: Watched, now: float) -> None:
        """Remember a resource that is gone."""
        self._gone[source, watched.resource.id] = remembered(watched, now)

    def entries(self, now: float) -> Iterator[tuple[tuple[str, str], Remembered]]:
        """Yield what is still worth remembering."""
        self._gone = {key: kept for key, kept in self._gone.items() if now - kept.gone_since <= KEPT_FOR}
        yield from self._gone.items()


def remembered(watched: Watched, now: float) -> Remembered:
    """Return what outlives a resource, as if it were gone since `now`."""
    history = replace(watched.history, attempt=None, failure=None, finished=None)
    return Remembered(first_seen=watched.first_seen, created=watched.resource.created, history=history, gone_since=now)

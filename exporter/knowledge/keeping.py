"""What is kept of a resource over a restart: plain records for the state file, and how they become knowledge again.

The fields are the file's format: named one by one, so that nothing gets into the file that was not meant to.
"""

from dataclasses import dataclass, field
from types import MappingProxyType

from exporter.knowledge.history import History
from exporter.knowledge.memory import Remembered
from exporter.knowledge.state import Watched
from exporter.knowledge.successes import Success, Successes
from exporter.knowledge.summary import summarize
from exporter.model import Facts, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFacts:
    """What the age limit rests on, so that a backup can be too old while the vendor is down."""

    scheduled: bool | None = None
    interval: float | None = None
    intervals: dict[str, float] = field(default_factory=dict)
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One resource in the state file; `gone_since` stands on one that has disappeared."""

    source: str
    provider: str = ""
    id: str
    name: str = ""
    kind: str = ""
    scope: str = ""
    place: tuple[str, ...] = ()
    first_seen: float
    created: float | None = None
    gone_since: float | None = None
    paused: bool = False
    facts: KeptFacts | None = None
    successes: dict[str, tuple[Success, ...]] = field(default_factory=dict)

    def history(self) -> History:
        """Return the successes in the order that the rest relies on, whoever wrote the file."""
        successes = {kind: Successes(known) for kind, known in self.successes.items() if known}
        return History(successes=MappingProxyType(successes))

    def watched(self, *, sizes: bool) -> Watched:
        """Return the resource as it goes on the board at a restart: what is remembered, nothing that is counted."""
        history = self.history()
        return Watched(
            resource=Resource(
                id=self.id,
                name=self.name,
                kind=self.kind,
                created=self.created,
                paused=self.paused,
                place=self.place,
                scope=self.scope,
            ),
            first_seen=self.first_seen,
            facts=None if self.facts is None else _facts(self.facts),
            history=history,
            summary=summarize(None, history, sizes=sizes) if history.successes else None,
        )

    def remembered(self, now: float) -> Remembered:
        """Return it as a resource that is gone, since `now` if it was there when the file was written."""
        return Remembered(
            first_seen=self.first_seen,
            created=self.created,
            history=self.history(),
            gone_since=now if self.gone_since is None else self.gone_since,
        )


def kept(source: str, provider: str, watched: Watched) -> Kept:
    """Return what is kept of a resource that is there."""
    resource = watched.resource
    return Kept(
        source=source,
        provider=provider,
        id=resource.id,
        name=resource.name,
        kind=resource.kind,
        scope=resource.scope,
        place=resource.place,
        first_seen=watched.first_seen,
        created=resource.created,
        paused=resource.paused,
        facts=None if watched.facts is None else _kept_facts(watched.facts),
        successes={kind: tuple(known) for kind, known in watched.history.successes.items()},
    )


def kept_of_gone(source: str, id_: str, known: Remembered) -> Kept:
    """Return what is kept of a resource that is gone."""
    return Kept(
        source=source,
        id=id_,
        first_seen=known.first_seen,
        created=known.created,
        gone_since=known.gone_since,
        successes={kind: tuple(those) for kind, those in known.history.successes.items()},
    )


def _kept_facts(facts: Facts) -> KeptFacts:
    return KeptFacts(
        scheduled=facts.scheduled, interval=facts.interval, intervals=dict(facts.intervals), paused=facts.paused
    )


def _facts(known: KeptFacts) -> Facts:
    return Facts(
        scheduled=known.scheduled,
        interval=known.interval,
        intervals=MappingProxyType(known.intervals),
        paused=known.paused,
    )

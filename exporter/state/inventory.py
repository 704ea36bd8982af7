"""The resources of a source, scope by scope, and the scopes that could not be read."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from types import MappingProxyType

from exporter.errors import ForbiddenError, PollError
from exporter.model import Resource, Scope
from exporter.settings import Source

MAX_RESOURCES = 50_000
MAX_ID_LENGTH = 256
CLASH = "another resource has this id; name in resources.label of the declaration what distinguishes them"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwatchedResources:
    """What a scope's listing has and this exporter does not watch."""

    excluded: frozenset[str] = frozenset()
    """Ids that `include` and `exclude` leave out."""
    elsewhere: frozenset[str] = frozenset()
    """Ids that belong to other shards."""
    unpaused: int = 0
    """How many of those elsewhere are not paused by the vendor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What discovery knows: the resources of each scope, and which scopes could not be read the last time."""

    scopes: Mapping[str, Scope] = field(default_factory=lambda: MappingProxyType({}))
    found: Mapping[str, tuple[Resource, ...]] = field(default_factory=lambda: MappingProxyType({}))
    unreadable: Mapping[str, PollError] = field(default_factory=lambda: MappingProxyType({}))
    unwatched: Mapping[str, UnwatchedResources] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_whole(self) -> bool:
        """Whether every scope was read, apart from optional ones that the vendor denies."""
        return all(is_denied(self.scopes[key], error) for key, error in self.unreadable.items())

    def lists(self, key: str) -> bool:
        """Return whether the vendor lists a resource that this instance does not watch."""
        return any(key in one.excluded or key in one.elsewhere for one in self.unwatched.values())

    def count_matching(self) -> int:
        """Return how many resources `include` and `exclude` leave, all shards together."""
        return len(self.resources().keys() | frozenset().union(*(one.elsewhere for one in self.unwatched.values())))

    def count_listed(self) -> int:
        """Return how many resources the vendor lists."""
        return self.count_matching() + len(frozenset().union(*(one.excluded for one in self.unwatched.values())))

    def resources(self) -> dict[str, Resource]:
        """Return all resources by id; the first scope that has an id keeps it."""
        known: dict[str, Resource] = {}
        for found in self.found.values():
            for resource in found:
                known.setdefault(resource.id, resource)
        return known

    def clashes(self, identity: Callable[[Resource], object]) -> list["RefusedResource"]:
        """Return the resources that are left out because another one has their id."""
        found = [resource for listed in self.found.values() for resource in listed]
        known = self.resources()
        if len(known) == len(found):
            return []
        left = (one for one in found if one is not known[one.id] and identity(one) != identity(known[one.id]))
        return [RefusedResource(one, CLASH, "labels") for one in left]

    def errors_by_resource(self) -> dict[str, PollError]:
        """Return what keeps a resource from being read, by its id: its scope's failure."""
        readable = {one.id for key, found in self.found.items() if key not in self.unreadable for one in found}
        return {
            resource.id: error
            for key, error in self.unreadable.items()
            for resource in self.found.get(key, ())
            if resource.id not in readable
        }


ALL_WATCHED = UnwatchedResources()


def is_denied(scope: Scope, error: PollError) -> bool:
    """Return whether a credential need not have the right to read a scope, and has not."""
    return scope.optional and isinstance(error, ForbiddenError)


def from_resources(resources: Iterable[Resource]) -> Inventory:
    """Return the inventory that had found these resources: what is known before the first discovery.

    So an id that was chosen once stays, and a scope that cannot be read keeps what it had, over a restart or a reload.
    """
    found: dict[str, list[Resource]] = {}
    for resource in resources:
        found.setdefault(resource.scope, []).append(resource)
    return Inventory(found=MappingProxyType({scope: tuple(listed) for scope, listed in found.items()}))


def alternate_scopes(resources: Iterable[Resource]) -> list[str]:
    """Return the ids of resources, the first of each scope, then the second of each, and so on.

    So a scope in which nothing answers does not use up a poll before anything of another scope is read.
    """
    seen = Counter[str]()
    places = list[tuple[int, str]]()
    for resource in resources:
        places.append((seen[resource.scope], resource.id))
        seen[resource.scope] += 1
    return [key for _, key in sorted(places, key=itemgetter(0))]


def select_resources(
    before: Sequence[Resource], fresh: Sequence[Resource], scope: Scope, source: Source
) -> tuple[tuple[Resource, ...], UnwatchedResources]:
    """Return the resources of a scope's listing that the source watches, each with an id, a name and its scope.

    Beside them, what is left out.
    """
    named = _name_resources(before, fresh, source.name)
    matching = [one for one in named if source.selects(one.id, one.name)]
    here = tuple(replace(one, scope=one.scope or scope.id) for one in matching if source.owns(one.id))
    if len(here) == len(named):
        return here, ALL_WATCHED
    elsewhere = [one for one in matching if not source.owns(one.id)]
    return here, UnwatchedResources(
        excluded=frozenset(one.id for one in named) - {one.id for one in matching},
        elsewhere=frozenset(one.id for one in elsewhere),
        unpaused=sum(not one.paused for one in elsewhere),
    )


def resources_within(inventory: Inventory, scope: Scope) -> tuple[Resource, ...]:
    """Return what was found in a scope and in those that it is divided into.

    Where a scope around it could not be divided, that one holds the resources, each with the scope that lists it.
    """
    found, below = inventory.found, f"{scope.id}/"
    if scope.id in found and not scope.inner:
        return found[scope.id]
    inner = [one for key, listed in found.items() if key.startswith(below) for one in listed] if scope.inner else []
    around = [one for key in _outer_ids(scope.id) for one in found.get(key, ()) if f"{one.scope}/".startswith(below)]
    return tuple({one.id: one for one in (*found.get(scope.id, ()), *inner, *around)}.values())


def _outer_ids(key: str) -> list[str]:
    """Return the ids of the scopes that may be around one, the nearest first."""
    return [key[:at] for at in range(len(key) - 1, 0, -1) if key[at] == "/"]


@dataclass(frozen=True, slots=True)
class RefusedResource:
    """A resource that a cap refuses."""

    resource: Resource
    reason: str
    limit: str
    """The label of `backup_source_limit_reached`."""


def apply_caps(known: set[str], resources: Mapping[str, Resource]) -> tuple[dict[str, Resource], list[RefusedResource]]:
    """Return the resources within the caps, and those that they refuse.

    A cap refuses what is new; it never drops what is live.
    """
    refused: list[RefusedResource] = []
    accepted: dict[str, Resource] = {}
    room = MAX_RESOURCES - len(known & resources.keys())
    for key, resource in resources.items():
        if key in known:
            accepted[key] = resource
        elif len(key) > MAX_ID_LENGTH:
            refused.append(RefusedResource(resource, f"its id is longer than {MAX_ID_LENGTH} characters", "labels"))
        elif room <= 0:
            refused.append(RefusedResource(resource, f"there are more than {MAX_RESOURCES} resources", "resources"))
        else:
            accepted[key] = resource
            room -= 1
    return accepted, refused


def _name_resources(before: Sequence[Resource], fresh: Sequence[Resource], source: str) -> tuple[Resource, ...]:
    """Use the source's name for the only resource if it has no id; an id that was chosen once stays."""
    if len(fresh) == 1 and len(before) == 1 and (not fresh[0].id or before[0].id == source):
        created = before[0].created if fresh[0].created is None else fresh[0].created
        return (replace(fresh[0], id=before[0].id, name=fresh[0].name or before[0].name, created=created),)
    return tuple(replace(one, id=one.id or source, name=one.name or one.id or source) for one in fresh)

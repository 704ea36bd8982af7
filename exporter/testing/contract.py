"""What every provider must do, inherited by each vendor's test, whose subclass is data alone."""

import copy
import json
import math
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

from prometheus_client.parser import text_string_to_metric_families

from exporter.errors import MalformedError, PollError
from exporter.metrics.render import render_resource, render_resources
from exporter.model import Backup, Details, Resource
from exporter.polling.mapping import map_page
from exporter.provider import NO_HEADERS, Answer, Api, Auth, Provider
from exporter.settings import Policy
from exporter.state.listing import Listing, Page
from exporter.state.resource import ResourceStatus
from exporter.state.view import ResourceView
from exporter.testing.fake_api import FakeApi, Reply, route_of

DAMAGES: tuple[Any, ...] = (None, [], {}, "", 0, -1, 1e30, 'odd "\\\n')
LEFT_OUT = object()
NOW = 1_900_000_000.0

Found = tuple[Resource, Details, tuple[Page, ...]]


class WaryApi(FakeApi):
    """Ends a chain of pages that leads back to itself, as the exporter's own way to a vendor does."""

    async def get(
        self,
        url: str,
        *,
        auth: Auth | None,
        accept: str = "application/json",
        headers: Mapping[str, str] = NO_HEADERS,
        empty: bool = False,
        envelope: Any = Any,
    ) -> Answer:
        """Return a recorded answer, each once."""
        if self.asked.count(route_of(url)) > 1:
            raise MalformedError("a page link leads back to a page already read")
        return await super().get(url, auth=auth, accept=accept, headers=headers, empty=empty, envelope=envelope)


class _NameInErrors:
    """Adds the damage to an error that escapes, as a note that pytest shows."""

    def __init__(self, damage: str) -> None:
        self._damage = damage

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None:
            error.add_note(f"escaped from the provider after this damage to an answer: {self._damage}")


class ProviderContract:
    """Subclass it as `Test<Vendor>` and fill in the data."""

    provider: ClassVar[Provider]
    options: ClassVar[Any]
    """An instance of `provider.options`; its secrets contain the word `planted`."""
    routes: ClassVar[Mapping[str, Reply]]
    """`METHOD host/path?query` (see `route_of`) to what is answered; bodies come from fixture files."""
    resources: ClassVar[tuple[Resource, ...]]
    """What discovery finds, in order."""
    details: ClassVar[Mapping[str, Details]]
    """What `details` (or discovery) returns, by resource id."""
    pages: ClassVar[Mapping[str, tuple[Page, ...]]]
    """What the listing gives, by resource id."""
    refresh: ClassVar[Mapping[str, tuple[str, tuple[Backup, ...]]]] = {}
    """By resource id: the id of a running backup, and what following it gives. Empty where a vendor has no endpoint."""

    optional: ClassVar[frozenset[str]] = frozenset()
    """Keys, wherever they stand, whose values may be missing or odd without any harm to what stands beside them."""

    async def test_documented_answers_become_exact_records(self) -> None:
        api = FakeApi(self.routes)
        found = await read(self.provider, api, self.options)

        assert tuple(resource for resource, _, _ in found) == self.resources
        assert {resource.id: details for resource, details, _ in found} == dict(self.details)
        assert {resource.id: pages for resource, _, pages in found} == dict(self.pages)

    async def test_every_page_is_asked_once_and_none_is_left(self) -> None:
        api = FakeApi(self.routes)
        found = await read(self.provider, api, self.options)
        for resource, _, _ in found:
            if resource.id in self.refresh:
                await self._follow(api, resource)

        assert sorted(set(api.asked)) == sorted(api.asked)
        assert set(self.routes) == set(api.asked)

    async def test_a_running_backup_is_followed(self) -> None:
        api = FakeApi(self.routes)
        found = await read(self.provider, api, self.options)
        followed = {
            resource.id: await self._follow(api, resource) for resource, _, _ in found if resource.id in self.refresh
        }

        assert {key: backups for key, (_, backups) in self.refresh.items()} == followed

    async def test_no_secret_in_any_repr(self) -> None:
        api = FakeApi(self.routes)
        found = await read(self.provider, api, self.options)

        assert "planted" in " ".join(api.signed), "the fixture's secrets must contain the word"
        assert "planted" not in repr((self.options, self.provider, found))
        assert "planted" not in repr(list(api.tokens.values()))

    async def test_every_damaged_answer_is_malformed_or_harmless(self) -> None:
        """Is one test, since there are thousands of damages; only what they change is written and read back."""
        sound = {found[0].id: (found, after) for found, after in await self._read_and_follow(FakeApi(self.routes))}
        seen: set[bytes] = set()
        for name, routes in damage(self.routes):
            with _NameInErrors(name), suppress(PollError):
                for found, after in await self._read_and_follow(WaryApi(routes)):
                    if sound.get(found[0].id) != (found, after):
                        check_once(render_view(self.provider, found, after), seen)

    async def test_an_odd_value_of_an_optional_field_costs_no_more_than_that_field(self) -> None:
        """Is one test as well: every optional field, missing, null, of another type, empty and huge."""
        sound = _outline(await read(self.provider, FakeApi(self.routes), self.options))
        seen = set()
        for name, routes in damage(self.routes, (*DAMAGES, True, [None], "x" * 10_000), self.optional):
            seen.add(name.split("'")[-2])
            try:
                found = _outline(await read(self.provider, WaryApi(routes), self.options, sound.keys()))
            except PollError as error:
                raise AssertionError(f"{name} sinks the answer: {error}") from None
            assert found.keys() == sound.keys(), name
            assert all(found[key] >= backups for key, backups in sound.items()), name
        assert seen >= self.optional, "every one of them stands in some fixture"

    async def test_sound_answers_are_exposed_too(self) -> None:
        """Without this one, the check of the damaged answers might never see a number."""
        for found, after in await self._read_and_follow(FakeApi(self.routes)):
            exposition = render_view(self.provider, found, after)
            check_once(exposition, set())

            assert b"backup_backups{" in exposition
            assert found[0].id.encode() in exposition

    async def _read_and_follow(self, api: FakeApi) -> list[tuple[Found, tuple[Backup, ...]]]:
        """Read everything, and what the running backups have come to."""
        found = await read(self.provider, api, self.options)
        known = {resource.id for resource in self.resources}
        return [
            (one, await self._follow(api, one[0]) if one[0].id in self.refresh and one[0].id in known else ())
            for one in found
        ]

    async def _follow(self, api: FakeApi, resource: Resource) -> tuple[Backup, ...]:
        assert self.provider.refresh is not None
        wanted, _ = self.refresh[resource.id]
        backup = next(backup for page in self.pages[resource.id] for backup in page.backups if backup.id == wanted)
        return tuple(await self.provider.refresh(api, self.options, resource, backup))


async def map_pages(provider: Provider, api: Api, options: Any, resource: Resource) -> AsyncIterator[Page]:
    """Yield a listing's pages, mapped."""
    async for raw in provider.pages(api, options, resource):
        yield map_page(provider, options, raw)


async def read(provider: Provider, api: FakeApi, options: Any, only: Collection[str] | None = None) -> list[Found]:
    """Read everything a provider can read, as the poller does; with `only`, of these resources."""
    found = []
    for scope in await provider.scopes(api, options):
        for resource in await provider.resources(api, options, scope):
            if only is not None and resource.id not in only:
                continue
            details = resource.details
            if details is None and provider.details is not None:
                details = await provider.details(api, options, resource)
            pages = tuple(
                [page async for page in map_pages(provider, api, options, replace(resource, details=details))]
            )
            found.append((resource, details or Details(), pages))
    return found


def render_view(provider: Provider, found: Found, followed: Sequence[Backup]) -> bytes:
    """Write what was read of one resource the way the exporter does, following included."""
    resource, details, pages = found
    listing = Listing().merge_pages(pages, whole=True).update(followed)
    new = ResourceStatus(resource=resource, first_seen=NOW, details=details, up=True)
    view = ResourceView(
        status=new.update_listing(listing, sizes=provider.sizes),
        policy=Policy(derive_max_age=provider.max_age),
        up=True,
    )
    labels = (("provider", "any"), ("source", "any"), ("resource", resource.id))
    return b"".join(render_resources([render_resource(view, labels)], NOW, openmetrics=False))


def check_once(exposition: bytes, seen: set[bytes]) -> None:
    """Read an exposition back: every number is finite and not below zero, and no percentage above a hundred."""
    if exposition in seen:
        return
    seen.add(exposition)
    for family in text_string_to_metric_families(exposition.decode()):
        for sample in family.samples:
            assert math.isfinite(sample.value), sample
            assert sample.value >= 0, sample
            assert sample.value <= 100 or not sample.name.endswith("_percent"), sample


def _outline(found: Sequence[Found]) -> dict[str, set[str]]:
    """Return the ids of the backups by their resources' ids."""
    return {resource.id: {backup.id for page in pages for backup in page.backups} for resource, _, pages in found}


def damage(
    routes: Mapping[str, Reply], damages: Sequence[Any] = DAMAGES, keys: frozenset[str] | None = None
) -> Iterator[tuple[str, dict[str, Reply]]]:
    """Yield the route table with one value of one body replaced or left out, for every value and every damage.

    With `keys`, only values under these are damaged.
    """
    for route, reply in routes.items():
        for path in places(reply.body):
            if keys is not None and (not path or path[-1] not in keys):
                continue
            for damage in (*damages, LEFT_OUT):
                if damage is LEFT_OUT and not path:
                    continue
                body = replace_at(reply.body, path, damage)
                name = f"{route} {path} := {'left out' if damage is LEFT_OUT else json.dumps(damage)}"
                yield name, {**routes, route: Reply(body=body, status=reply.status, links=reply.links)}


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every value inside a JSON value, its own first."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inside in items:
        yield from places(inside, (*path, key))


def replace_at(body: Any, path: tuple[str | int, ...], damage: Any) -> Any:
    """Return `body` with the value at `path` damaged; what is not on the way there is shared, not copied."""
    if not path:
        return copy.deepcopy(damage)
    key, *rest = path
    changed = copy.copy(body)
    if rest:
        changed[key] = replace_at(body[key], tuple(rest), damage)
    elif damage is LEFT_OUT:
        del changed[key]
    else:
        changed[key] = copy.deepcopy(damage)
    return changed

"""What every provider must do, inherited by each vendor's test, whose subclass is data alone."""

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from exporter.errors import PollError
from exporter.model import Backup, Facts, Page, Resource
from exporter.provider import Provider
from tests.providers.fake_api import FakeApi, Reply

FIXTURES = Path(__file__).parent / "fixtures"
DAMAGES: tuple[Any, ...] = (None, [], {}, "", 0)
LEFT_OUT = object()


def fixture(name: str) -> Any:
    """Return the decoded fixture `<provider>/<file>.json`."""
    return json.loads((FIXTURES / name).read_text())


class ProviderContract:
    """Subclass it as `Test<Vendor>` and fill in the data."""

    provider: ClassVar[Provider]
    options: ClassVar[Any]
    """An instance of `provider.options`; its secrets contain the word `planted`."""
    routes: ClassVar[Mapping[str, Reply]]
    """`METHOD host/path?query` (see `route_of`) to what is answered; bodies come from fixture files."""
    resources: ClassVar[tuple[Resource, ...]]
    """What discovery finds, in order."""
    facts: ClassVar[Mapping[str, Facts]]
    """What `facts` (or discovery) tells, by resource id."""
    pages: ClassVar[Mapping[str, tuple[Page, ...]]]
    """What the listing gives, by resource id."""
    running: ClassVar[Mapping[str, tuple[str, tuple[Backup, ...]]]] = {}
    """By resource id: the id of a running backup, and what following it gives. Empty where a vendor has no endpoint."""

    async def test_documented_answers_become_exact_records(self) -> None:
        api = FakeApi(self.routes)
        found = await read(self.provider, api, self.options)

        assert tuple(resource for resource, _, _ in found) == self.resources
        assert {resource.id: facts for resource, facts, _ in found} == dict(self.facts)
        assert {resource.id: pages for resource, _, pages in found} == dict(self.pages)

    async def test_every_page_is_asked_once_and_none_is_left(self) -> None:
        api = FakeApi(self.routes)
        found = await read(self.provider, api, self.options)
        for resource, _, _ in found:
            if resource.id in self.running:
                await self._follow(api, resource)

        assert sorted(set(api.asked)) == sorted(api.asked)
        assert set(self.routes) == set(api.asked)

    async def test_a_running_backup_is_followed(self) -> None:
        api = FakeApi(self.routes)
        found = await read(self.provider, api, self.options)
        followed = {
            resource.id: await self._follow(api, resource) for resource, _, _ in found if resource.id in self.running
        }

        assert {key: backups for key, (_, backups) in self.running.items()} == followed

    async def test_no_secret_in_any_repr(self) -> None:
        api = FakeApi(self.routes)
        found = await read(self.provider, api, self.options)

        assert "planted" in " ".join(api.signed), "the fixture's secrets must contain the word"
        assert "planted" not in repr((self.options, self.provider, found))
        assert "planted" not in repr(list(api.tokens.values()))

    async def test_every_damaged_answer_is_malformed_or_harmless(self) -> None:
        """Is one test, since there are thousands of damages and each takes microseconds."""
        for name, routes in damaged(self.routes):
            try:
                await read(self.provider, FakeApi(routes), self.options)
            except PollError:
                continue
            except Exception as error:
                raise AssertionError(f"{name} escaped as {error!r}") from error

    async def _follow(self, api: FakeApi, resource: Resource) -> tuple[Backup, ...]:
        assert self.provider.running is not None
        wanted, _ = self.running[resource.id]
        backup = next(backup for page in self.pages[resource.id] for backup in page.backups if backup.id == wanted)
        return tuple(await self.provider.running(api, self.options, resource, backup))


async def read(provider: Provider, api: FakeApi, options: Any) -> list[tuple[Resource, Facts, tuple[Page, ...]]]:
    """Read everything a provider can read, as the poller does."""
    found = []
    for scope in await provider.scopes(api, options):
        for resource in await provider.resources(api, options, scope):
            facts = resource.facts
            if facts is None and provider.facts is not None:
                facts = await provider.facts(api, options, resource)
            pages = tuple([page async for page in provider.pages(api, options, resource)])
            found.append((resource, facts or Facts(), pages))
    return found


def damaged(routes: Mapping[str, Reply]) -> Iterator[tuple[str, dict[str, Reply]]]:
    """Yield the route table with one value of one body replaced or left out, for every value and every damage."""
    for route, reply in routes.items():
        for path in places(reply.body):
            for damage in (*DAMAGES, LEFT_OUT):
                if damage is LEFT_OUT and not path:
                    continue
                body = replaced(reply.body, path, damage)
                name = f"{route} {path} := {'left out' if damage is LEFT_OUT else json.dumps(damage)}"
                yield name, {**routes, route: Reply(body=body, status=reply.status, links=reply.links)}


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every value inside a JSON value, its own first."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inside in items:
        yield from places(inside, (*path, key))


def replaced(body: Any, path: tuple[str | int, ...], damage: Any) -> Any:
    """Return a copy of `body` with the value at `path` damaged."""
    if not path:
        return copy.deepcopy(damage)
    body = copy.deepcopy(body)
    inside = body
    for key in path[:-1]:
        inside = inside[key]
    if damage is LEFT_OUT:
        del inside[path[-1]]
    else:
        inside[path[-1]] = damage
    return body

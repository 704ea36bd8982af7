"""Nothing is kept for ever of resources that are gone: ids may change with each restore, for years."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import Any

import msgspec
import pytest

from exporter.model import Details, Resource
from exporter.provider import Api, Auth, Provider, RawPage, Token, TokenExchange, address
from exporter.state.archive import RETENTION
from tests.polling.stub_provider import BASE, STUB, Options, Vendor, row, source, watching
from tests.virtual_time import virtually

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("in_step")]

DAY = 86400.0
MARK = "gone-"


def exchange(resource: Resource) -> Auth:
    """Return a token for one resource alone, as some vendors give them."""
    return TokenExchange(
        url=f"{BASE}/token/{resource.id}", read=lambda _: Token("t"), lifetime=3600.0, source_wide=False
    )


async def pages(api: Api, options: Options, resource: Resource) -> AsyncIterator[RawPage]:
    """Yield the only page."""
    answer = await api.get(address(BASE, "backups", resource.id, "0"), auth=exchange(resource))
    yield RawPage(records=[msgspec.Raw(json.dumps(answer.body["rows"][0]).encode())])


async def details(api: Api, options: Options, resource: Resource) -> Details:
    """Return a schedule."""
    await api.get(address(BASE, "facts", resource.id), auth=exchange(resource))
    return Details(interval=DAY)


async def ends(api: Api, options: Options, resources: Sequence[Resource]) -> Mapping[str, float]:
    """Fail for each scope."""
    await api.get(address(BASE, "events", resources[0].scope), auth=exchange(resources[0]))
    return {}


CHURNING: Provider[Options] = replace(STUB, pages=pages, details=details, ends=ends)


class Churning(Vendor):
    """Has a scope and a resource of another name after each `rename`."""

    def rename(self, name: str) -> None:
        self.scopes = {f"{name}-scope": [name]}
        self.backups = {name: [[row(f"{name}-backup")]]}
        self.trouble = {f"/token/{name}": {"token": "t"}, f"/events/{name}-scope": 500}
        self.asked.clear()


def find_texts(root: object) -> Iterator[str]:
    """Yield every text that an object holds, at whatever depth, but for the program itself."""
    seen, waiting = {id(root)}, [root]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        if isinstance(one, (ModuleType, type)) or (isinstance(one, dict) and "__builtins__" in one):
            continue
        for other in _held_by(one):
            if id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)


def _held_by(one: object) -> Sequence[Any]:
    if isinstance(one, FunctionType):
        return one.__closure__ or ()
    return [*one, *one.values()] if isinstance(one, dict) else gc.get_referents(one)  # which leaves out keys


@virtually
async def test_what_was_gone_for_longer_than_it_is_remembered_is_held_nowhere() -> None:
    vendor = Churning()
    vendor.rename(f"{MARK}1")
    async with watching(vendor, source(provider=CHURNING, poll_interval=3600.0)) as seen:
        await asyncio.sleep(60)
        assert seen.failures() == {f"{MARK}1": None}
        vendor.rename("another")
        await asyncio.sleep(3700)
        assert f"{MARK}1" in set(find_texts(seen.app))
        await asyncio.sleep(RETENTION)
        vendor.rename("a-third")
        await asyncio.sleep(DAY / 4)
        list(seen.app.exposition.render(openmetrics=False))
        await asyncio.sleep(3600)
        assert {text for text in find_texts(seen.app) if MARK in text} == set()

"""The stub's API as a provider reads it that trusts no answer; the stub's own is for vendors that behave."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from exporter import wire
from exporter.errors import MalformedError
from exporter.model import Backup, Details, Resource, Scope
from exporter.provider import Api, RawPage, address
from tests.polling.stub_provider import BASE, STATUSES, STUB, Options, Part, auth


@dataclass(frozen=True, slots=True, kw_only=True)
class At(Options):
    """Where the vendor is, if it really listens."""

    base: str = BASE


async def _get(api: Api, options: Options, *segments: str) -> Any:
    base = options.base if isinstance(options, At) else BASE
    return (await api.get(address(base, *segments), auth=auth(options))).body


async def _names(api: Api, options: Options, *segments: str) -> Sequence[str]:
    body = await _get(api, options, *segments)
    if not isinstance(body, list) or not all(isinstance(name, str) for name in body):
        raise MalformedError("expected a list of names")
    return body


async def _scopes(api: Api, options: Options) -> Sequence[Scope]:
    return [Scope(id=name) for name in await _names(api, options, "scopes")]


async def _resources(api: Api, options: Options, scope: Scope) -> Sequence[Resource]:
    return [Resource(id=name, name=name, kind="stub") for name in await _names(api, options, "scopes", scope.id)]


async def _details(api: Api, options: Options, resource: Resource) -> Details:
    body = wire.record(await _get(api, options, "facts", resource.id))
    return Details(interval=wire.number(body.get("interval")))


async def _pages(api: Api, options: Options, resource: Resource) -> AsyncIterator[RawPage]:
    number, more = 0, True
    while more:
        url = address(options.base if isinstance(options, At) else BASE, "backups", resource.id, str(number))
        part: Part = (await api.get(url, auth=auth(options), envelope=Part)).body
        yield RawPage(records=part.rows)
        number, more = number + 1, part.more


async def _running(api: Api, options: Options, resource: Resource, backup: Backup) -> Sequence[Backup]:
    return (_backup(wire.record(await _get(api, options, "running", resource.id, backup.id))),)


def _backup(one: wire.Record) -> Backup:
    started, finished = wire.number(one.get("started")), wire.number(one.get("finished"))
    return wire.backup(STATUSES, one.get("status"), id=wire.record_id(one), started=started, finished=finished)


STRICT = replace(
    STUB,
    scopes=_scopes,
    resources=_resources,
    details=_details,
    pages=_pages,
    backup=lambda _, one: _backup(one),
    refresh=_running,
)

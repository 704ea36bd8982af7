"""Acme Vault: one vault, whose snapshots are listed under two paths that have to be read together."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from exporter import wire
from exporter.model import Backup, Resource, Scope, Status
from exporter.provider import Api, BearerAuth, Provider, RateLimit, RawPage, Url, address
from exporter.secret import Secret

STATUSES = {"done": Status.COMPLETED, "error": Status.FAILED, "running": Status.IN_PROGRESS}
API = Url("https://vault.acme.example")
PARTS = ("daily", "manual")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The keys of a source."""

    token: Secret = field(repr=False)
    base_url: Url = API


async def scopes(api: Api, options: Options) -> Sequence[Scope]:
    """Return the one scope that there is."""
    del api, options
    return [Scope(id="vault")]


async def resources(api: Api, options: Options, scope: Scope) -> Sequence[Resource]:
    """Return the vault."""
    del scope
    answer = await api.get(address(options.base_url, "v1", "vault"), auth=BearerAuth(options.token))
    vault = wire.record(answer.body)
    return [Resource(id=wire.record_id(vault), name=wire.text(vault.get("name")) or "", kind="vault")]


async def pages(api: Api, options: Options, resource: Resource) -> AsyncIterator[RawPage]:
    """Yield a page for each part of the listing."""
    for part in PARTS:
        url = address(options.base_url, "v1", "vaults", resource.id, "snapshots", part)
        answer = await api.get(url, auth=BearerAuth(options.token))
        records = wire.records(answer.body, "snapshots")
        yield RawPage(records=[msgspec.Raw(msgspec.json.encode({**one, "part": part})) for one in records])


def backup(options: Options, record: Mapping[str, Any]) -> Backup:
    """Return the backup that a record means."""
    del options
    return wire.backup(
        STATUSES,
        record.get("state"),
        id=wire.record_id(record),
        started=wire.timestamp(record.get("at")),
        size=wire.number(record.get("bytes")),
        kind=wire.text(record.get("part")) or "",
    )


PROVIDER = Provider(
    options=Options,
    rate_limit=RateLimit(requests=60, per=60),
    scopes=scopes,
    resources=resources,
    has_schedule=False,
    pages=pages,
    backup=backup,
    newest_first=False,
    title="Acme Vault",
    docs="https://docs.acme.example/vault",
    checked="2026-11-25",
)

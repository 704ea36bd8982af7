"""Whatever a vendor answers, a declared provider maps it or raises a PollError that names the place."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import wire
from exporter.declared.provider import make_provider
from exporter.declared.vendors import load_declaration
from exporter.errors import PollError
from exporter.model import Backup, Details, Resource, Scope, Status
from exporter.provider import NO_HEADERS, Answer, Auth
from exporter.secret import Secret
from tests.fuzz.profile import fuzz

pytestmark = pytest.mark.slow

DECLARATION: Mapping[str, Any] = {
    "declaration": 1,
    "name": "acme",
    "options": {"token": {"secret": True}},
    "base_url": "https://acme.example",
    "auth": {"type": "bearer", "token": "token"},
    "paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "cursor", "has_more_path": "more"},
    "scopes": [
        {"as": "team", "path": "/teams", "records": "rows", "where": "on", "id": "id", "name": "name"},
        {"as": "app", "path": "/{team.id}", "records": "entries(rows)[].value", "id": ["id"], "keep": {"k": "at"}},
    ],
    "resources": {
        "path": "/{team.id}/{app.id}",
        "records": "rows[?id != `null`]",
        "exclude": "length(rows) > `2`",
        "id": "id",
        "label": "{app.id}/{resource.id}",
        "kind": {"expr": "split('-', kind)[0]", "map": {"pg": "postgresql"}},
        "created": {"expr": "at", "format": "epoch_ms"},
        "paused": "lower(state) == 'off'",
    },
    "schedule": {"path": "/{resource.id}/schedule", "enabled": "on", "interval": {"expr": "rows[].at", "unit": "h"}},
    "restores": {"path": "/{resource.id}/restores", "records": "rows", "started": "at", "status": "state"},
    "backups": {
        "path": "/{resource.id}/backups",
        "records": "rows",
        "where": "max(rows[].id) != '0'",
        "id": "id",
        "started": ["at", {"expr": "id", "format": "epoch"}, {"expr": "name", "format": "%Y-%m-%d"}],
        "duration": {"expr": "at", "unit": "m"},
        "size": [{"expr": "size", "unit": "GiB"}, {"expr": "sum(rows)", "when": "rows", "unit": "kB"}],
        "kind": {"expr": "to_string(kind)"},
        "progress": "size",
        "expires": "at",
        "status": {"expr": "state", "map": {"completed": ["done", 1, True], "failed": "bad", "in_progress": "run"}},
        "recovery": {"kind": "pitr", "earliest": "min(rows[].at)", "latest": "at"},
    },
    "follow": {"path": "/{resource.id}/{backup.id}", "record": "rows[0]"},
}  # fmt: skip
PROVIDER = make_provider(load_declaration(dict(DECLARATION)))
OPTIONS = PROVIDER.options(token=Secret("planted"))

WORDS = st.sampled_from(
    ["id", "on", "off", "pg-15", "done", "bad", "run", "2026-11-20", "2026-11-20T01:00:00Z", "", "."]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=9)
KEYS = st.sampled_from(["rows", "id", "name", "at", "state", "size", "kind", "on", "next", "more"]) | st.text(
    max_size=3
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=25
)
BODIES = VALUES | st.fixed_dictionaries(
    {"rows": st.lists(st.dictionaries(KEYS, VALUES, max_size=8), max_size=4)},
    optional={"next": SCALARS, "more": SCALARS},
)


class Vendor:
    """Answers every request with the same body."""

    def __init__(self, body: Any) -> None:
        self.body, self.requests = body, 0

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
        assert url.startswith("https://acme.example/")
        self.requests += 1
        if self.requests > 3:
            raise PollError("enough")
        return Answer(body=self.body, url=url)

    def link(self, answer: Answer, target: object) -> str | None:
        return None


async def use(body: Any) -> None:
    """Call everything that a provider offers, with all that it has found."""
    scopes = [Scope(id="s", path=("team.id", "t", "team.name", "T"))]
    scopes += await _attempt(PROVIDER.scopes(Vendor(body), OPTIONS))
    assert PROVIDER.inner_scopes is not None
    for scope in scopes[:2]:
        await _attempt(PROVIDER.inner_scopes(Vendor(body), OPTIONS, scope))
    below = Scope(id="s/a", path=("team.id", "t", "app.id", "a", "app.k", "x"))
    resources = [Resource(id="r", name="R", kind="", path=("team.id", "t", "resource.id", "r"))]
    resources += await _attempt(PROVIDER.resources(Vendor(body), OPTIONS, below))
    assert PROVIDER.details is not None
    assert PROVIDER.refresh is not None
    run = Backup(id="b", status=Status.IN_PROGRESS)
    for resource in resources[:2]:
        await _attempt(_list(body, resource))
        await _attempt(PROVIDER.details(Vendor(body), OPTIONS, resource))
        await _attempt(PROVIDER.refresh(Vendor(body), OPTIONS, resource, run))


async def _list(body: Any, resource: Resource) -> list[Any]:
    found = []
    async for page in PROVIDER.pages(Vendor(body), OPTIONS, resource):
        for record in page.records:
            backup = PROVIDER.backup(OPTIONS, wire.record(wire.decode(bytes(record))))
            assert backup is None or (backup.id and (backup.size is None or backup.size >= 0))
            found.append(backup)
    return found


async def _attempt(work: Any) -> list[Any]:
    try:
        found = await work
    except PollError as error:
        found, said = [], str(error)
    else:
        said = ""
    assert "planted" not in said
    return [] if isinstance(found, Details) else list(found)


@fuzz(40)
@given(BODIES)
def test_any_answer_is_mapped_or_refused(body: Any) -> None:
    asyncio.run(use(body))

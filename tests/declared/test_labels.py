"""Two resources to which a declaration gives one label: one is watched, and the other is not lost in silence."""

from typing import Any

import pytest
import structlog

from exporter.app import App
from tests.declared.vendor import Asked, settings_of, vendor

pytestmark = pytest.mark.integration

PROJECTS = {"p1": ["main", "audit"], "p2": ["main", "main"]}
API: dict[str, Any] = {
    "options": {"token": {"secret": True}},
    "auth": {"type": "bearer", "token": "token"},
    "rate_limit": {"requests": 1000, "per": "1s"},
    "scopes": [{"as": "project", "path": "/projects", "id": "id"}],
    "resources": {"path": "/projects/{project.id}/databases", "id": "id", "keep": {"page": "page"}},
    "backups": {
        "path": "/projects/{project.id}/databases/{resource.id}",
        "id": "id",
        "started": "at",
        "status": {"always": "completed"},
    },
}


def answer(asked: Asked) -> Any:
    match asked.path.strip("/").split("/"):
        case ["projects"]:
            return [{"id": one} for one in PROJECTS]
        case ["projects", project, "databases"]:
            return [{"id": one, "page": str(number)} for number, one in enumerate(PROJECTS[project])]
    return [{"id": "b", "at": "2026-11-20T01:00:00Z"}]


async def discover(**resources: str) -> tuple[set[str], frozenset[str], list[tuple[str, str]]]:
    """Return the resources, the limits reached, and what is logged as refused."""
    app = App(lambda: 1_800_000_000.0)
    with structlog.testing.capture_logs() as logs:
        async with vendor(answer) as found:
            api = {**API, "base_url": found.url, "resources": {**API["resources"], **resources}}
            (watch,) = await app.apply(settings_of(api, token="t"))
            await watch.poller.poll()
            await watch.poller.poll()
            await app.stop()
    entry = app.store.entries["one"]
    refused = [(log["resource"], log["reason"]) for log in logs if log["event"] == "resource.refused"]
    return set(entry.resources), entry.status.limits, refused


async def test_ids_that_are_unique_in_their_project_alone_clash_and_that_is_said() -> None:
    known, limits, refused = await discover()

    assert known == {"main", "audit"}
    assert limits == {"labels"}
    assert [one for one, _ in refused] == ["main"]
    assert "resources.label" in refused[0][1]


async def test_a_label_that_names_the_project_tells_them_apart() -> None:
    known, limits, refused = await discover(label="{project.id}/{resource.id}")

    assert known == {"p1/main", "p1/audit", "p2/main"}
    assert (limits, refused) == (frozenset(), [])

"""What the tests of Northflank's provider share: where they ask, and what is answered there."""

from typing import Any

from exporter.model import Backup, Details, Resource
from exporter.providers.northflank import PROVIDER, Options, details
from exporter.secret import Secret
from tests.providers.contract import fixture, map_pages
from tests.providers.fake_api import FakeApi, Reply

V1 = "GET api.northflank.com/v1/projects"
ADDON = f"{V1}/default-project/addons/example-addon"
OPTIONS = Options(token=Secret("planted-token"))
EXAMPLE = Resource(
    id="default-project/example-addon",
    name="Example Addon",
    kind="mongodb",
    state="running",
    uid="0c4b8f6e-2f1d-4d0a-9a57-1f2e3d4c5b6a",
    path=("default-project", "example-addon"),
)
VOLUMES = f"{V1}/default-project/volumes"
VOLUME = Resource(
    id="default-project/volumes/example-volume",
    name="Example Volume",
    kind="volume",
    state="running",
    created=1609459200.0,
    uid="9e8d7c6b-5a49-4382-9716-0f1e2d3c4b5a",
    path=("default-project", "example-volume"),
)
HOUR = 3600.0
DAY = 86400.0


def answer(name: str) -> Reply:
    return Reply(body=fixture(f"northflank/{name}.json"))


async def first_page(api: FakeApi, options: Options = OPTIONS) -> tuple[Backup, ...]:
    return (await anext(map_pages(PROVIDER, api, options, EXAMPLE))).backups


async def details_of(*schedulings: tuple[str, Any], restores: Reply | None = None) -> Details:
    schedules = [{"backupType": kind, "scheduling": scheduling} for kind, scheduling in schedulings]
    routes = {
        f"{ADDON}/backup-schedules?per_page=100": Reply(body={"data": {"schedules": schedules}}),
        f"{ADDON}/restores?per_page=100": restores or answer("no-restores"),
    }
    return await details(FakeApi(routes), OPTIONS, EXAMPLE)

"""What the tests of ClickHouse Cloud's provider share: where they ask, and what is answered there."""

from typing import Any

from exporter.model import Backup, Details, Resource, Status
from exporter.providers.clickhouse_cloud import (
    Options,
)
from exporter.secret import Secret
from tests.providers.contract import fixture
from tests.providers.fake_api import Reply

ORGANIZATION = "d1f7b1a0-6c0e-4b0e-9a51-0a2f3c4d5e6f"
ORDERS, _READERS, ARCHIVE, PLAYGROUND = (f"11111111-aaaa-4aaa-8aaa-{number:012}" for number in (1, 2, 3, 4))
SERVICES = f"GET api.clickhouse.cloud/v1/organizations/{ORGANIZATION}/services"
HOUR = 3600.0


def options(**changes: Any) -> Options:
    return Options(key_id=Secret("planted-id"), key_secret=Secret("planted-secret"), **changes)


def reply(name: str, status: int = 200) -> Reply:
    return Reply(body=fixture(f"clickhouse_cloud/{name}.json"), status=status)


def result(value: Any) -> Reply:
    return Reply(body={"status": 200, "requestId": "5a1b6f0e-0c0d-4f6e-8a55-3d8f1b0c9e10", "result": value})


def backup(number: int, status: Status, **fields: Any) -> Backup:
    return Backup(id=f"33333333-cccc-4ccc-8ccc-{number:012}", status=status, **fields)


def service(own: str, name: str, **fields: Any) -> Resource:
    return Resource(id=own, name=name, kind="clickhouse", path=(ORGANIZATION, own), **fields)


POSTGRES = SERVICES.replace("/services", "/postgres")
LEDGER = "44444444-dddd-4ddd-8ddd-000000000001"
LEDGER_RESOURCE = Resource(
    id=LEDGER,
    name="ledger",
    kind="postgresql",
    state="running",
    created=1780272000.0,
    path=(ORGANIZATION, LEDGER),
    details=Details(interval=24 * HOUR),
)
ORDERS_RESOURCE = service(ORDERS, "orders", state="running", created=1735689600.0)

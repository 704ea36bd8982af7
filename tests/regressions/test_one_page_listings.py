"""A vendor that pages nothing tells the whole listing each time: what it lists no more is not counted any more."""

from functools import partial
from typing import Any

import pytest

from exporter.model import Resource
from exporter.polling.reader import Reader
from exporter.provider import Provider, RateLimit
from exporter.providers import clickhouse_cloud, scalingo
from exporter.secret import Secret
from exporter.settings import Source
from exporter.state.resource import ResourceStatus
from tests.providers.fake_api import FakeApi, Reply

CLICKHOUSE = clickhouse_cloud.Options(key_id=Secret("id"), key_secret=Secret("secret"))
SCALINGO = scalingo.Options(token=Secret("token"))
ROWS: list[dict[str, Any]] = [
    {"id": day, "status": "done", "startedAt": f"2025-11-{day}T00:00:00Z", "started_at": f"2025-11-{day}T00:00:00Z"}
    for day in ("18", "17", "16")
]


def routes(rows: list[dict[str, Any]]) -> dict[str, Reply]:
    api = "api.osc-fr1.scalingo.com/v1"
    return {
        "GET api.clickhouse.cloud/v1/organizations/one/services/two/backups": Reply(body={"result": rows}),
        "POST auth.scalingo.com/v1/tokens/exchange": Reply(body={"token": "jwt"}),
        f"POST {api}/apps/one/addons/two/token": Reply(body={"addon": {"token": "addon-token"}}),
        "GET db-api.osc-fr1.scalingo.com/api/databases/two/backups": Reply(body={"database_backups": rows}),
    }


@pytest.mark.parametrize(
    ("provider", "options"), [(clickhouse_cloud.PROVIDER, CLICKHOUSE), (scalingo.PROVIDER, SCALINGO)]
)
async def test_an_expired_backup_is_gone_at_the_next_poll(provider: Provider, options: Any) -> None:
    limit = RateLimit(requests=1, per=1)
    source = Source(name="s", provider=provider, provider_name="p", options=options, rate_limit=limit)
    resource_status = ResourceStatus(
        resource=Resource(id="two", name="two", kind="redis", path=("one", "two")), first_seen=0.0
    )
    for rows in (ROWS, ROWS[:2]):
        reader = Reader(source=source, api=partial(FakeApi, routes(rows)))
        reading = await reader.listing(resource_status)
        assert reading is not None
        resource_status = reader.apply_listing(resource_status, reading)
        assert resource_status.listing is not None
        assert set(resource_status.listing.backups) == {row["id"] for row in rows}

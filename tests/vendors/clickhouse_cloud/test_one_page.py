from exporter.providers.clickhouse_cloud import PROVIDER, Options
from exporter.secret import Secret
from tests.providers.fake_api import Reply
from tests.providers.one_page import Rows, check_expired_backup_is_gone

OPTIONS = Options(key_id=Secret("id"), key_secret=Secret("secret"))
ROWS: Rows = [{"id": day, "status": "done", "startedAt": f"2025-11-{day}T00:00:00Z"} for day in ("18", "17", "16")]


def routes(rows: Rows) -> dict[str, Reply]:
    return {"GET api.clickhouse.cloud/v1/organizations/one/services/two/backups": Reply(body={"result": rows})}


async def test_an_expired_backup_is_gone_at_the_next_poll() -> None:
    await check_expired_backup_is_gone(PROVIDER, OPTIONS, ROWS, routes)

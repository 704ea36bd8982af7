from exporter.providers.scalingo import PROVIDER, Options
from exporter.secret import Secret
from tests.providers.fake_api import Reply
from tests.providers.one_page import Rows, check_expired_backup_is_gone

OPTIONS = Options(token=Secret("token"))
ROWS: Rows = [{"id": day, "status": "done", "started_at": f"2025-11-{day}T00:00:00Z"} for day in ("18", "17", "16")]


def routes(rows: Rows) -> dict[str, Reply]:
    return {
        "POST auth.scalingo.com/v1/tokens/exchange": Reply(body={"token": "jwt"}),
        "POST api.osc-fr1.scalingo.com/v1/apps/one/addons/two/token": Reply(body={"addon": {"token": "addon-token"}}),
        "GET db-api.osc-fr1.scalingo.com/api/databases/two/backups": Reply(body={"database_backups": rows}),
    }


async def test_an_expired_backup_is_gone_at_the_next_poll() -> None:
    await check_expired_backup_is_gone(PROVIDER, OPTIONS, ROWS, routes)

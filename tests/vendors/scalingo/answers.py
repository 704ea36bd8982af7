"""What the tests of Scalingo's provider share: where they ask, and what is answered there."""

from dataclasses import replace

from exporter.model import RecoveryWindow, Resource
from exporter.providers.scalingo import Options
from exporter.secret import Secret
from tests.providers.contract import fixture
from tests.providers.fake_api import Reply

OPTIONS = Options(token=Secret("tk-us-planted"))
EXCHANGE = "POST auth.scalingo.com/v1/tokens/exchange"
API = "api.osc-fr1.scalingo.com/v1"
DB_API = "db-api.osc-fr1.scalingo.com/api/databases"
HOUR = 3600.0


def reply(name: str, status: int = 200) -> Reply:
    return Reply(body=fixture(f"scalingo/{name}.json"), status=status)


WINDOW = RecoveryWindow(
    kind="pitr", earliest=1540684800.0, latest=1541332800.0, interval=12 * HOUR, beside_backups=True
)
RUNNING = Resource(id="ad-1", name="shop/redis", kind="redis", state="running", path=("shop", "ad-1"))
TOKENS = {
    EXCHANGE: Reply(body={"token": "jwt"}),
    f"POST {API}/apps/shop/addons/ad-1/token": Reply(body={"addon": {"token": "addon-token"}}),
}


SHARED = replace(RUNNING, kind="postgresql", name="shop/postgresql")
EMPTY_LIST = {**TOKENS, f"GET {DB_API}/ad-1/backups": Reply(body={"database_backups": []})}

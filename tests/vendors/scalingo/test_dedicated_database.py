"""A dedicated PostgreSQL is one resource, whatever its app calls the addon."""

from exporter.providers import scalingo
from exporter.secret import Secret
from tests.providers.fake_api import FakeApi, Reply

API = "api.osc-fr1.scalingo.com/v1"


async def test_the_list_of_dedicated_databases_says_what_an_addon_is() -> None:
    addon = {"id": "ad-9", "status": "running", "addon_provider": {"id": "postgresql"}}
    api = FakeApi(
        {
            "POST auth.scalingo.com/v1/tokens/exchange": Reply(body={"token": "jwt"}),
            f"GET {API}/apps": Reply(body={"apps": [{"id": "db1", "name": "reports"}]}),
            f"GET {API}/databases": Reply(body=[{"id": "db1", "name": "reports", "technology": "postgresql-ng"}]),
            f"GET {API}/apps/db1/addons": Reply(body={"addons": [addon]}),
        }
    )
    options = scalingo.Options(token=Secret("token"))
    first, *_ = await scalingo.scopes(api, options)
    found = await scalingo.resources(api, options, first)
    assert [(one.id, one.kind, one.name) for one in found] == [("ad-9", "postgresql-ng", "reports/postgresql-ng")]

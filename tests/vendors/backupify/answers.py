"""What the tests of Backupify's provider share: where they ask, and what is answered there."""

from exporter.model import Resource
from exporter.providers.backupify import Options
from exporter.secret import Secret
from tests.providers.contract import fixture
from tests.providers.fake_api import Reply

HOST = "api.backupify.com"
TOKEN = f"POST {HOST}/oauth/token"
GET = f"GET {HOST}/v1"
OPTIONS = Options(client_id=Secret("id-planted"), client_secret=Secret("secret-planted"))
LISTING = f"{GET}/backup_instances/5/backups"
INSTANCE = Resource(id="5", name="5", kind="backup_instance")
GIVEN = {TOKEN: Reply(body=fixture("backupify/token.json"))}
DAY = 86400.0

"""The token of an account is a JSON Web Token that says its end."""

import base64
import json

from exporter.providers import scalingo
from exporter.secret import Secret
from tests.providers.fake_api import FakeApi, Reply


async def test_its_end_is_taken_from_it() -> None:
    payload = base64.urlsafe_b64encode(json.dumps({"exp": 1900}).encode()).decode().rstrip("=")
    api = FakeApi(
        {
            "POST auth.scalingo.com/v1/tokens/exchange": Reply(body={"token": f"head.{payload}.signature"}),
            "GET api.osc-fr1.scalingo.com/v1/apps": Reply(body={"apps": []}),
        }
    )
    await scalingo.scopes(api, scalingo.Options(token=Secret("token")))
    assert [(held.lifetime, held.expires) for held in api.tokens.values()] == [(None, 1900)]

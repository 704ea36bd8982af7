"""How a token of Backupify's is asked for, and how long it lives."""

from typing import Any

import pytest

from exporter.errors import MalformedError
from exporter.provider import BasicAuth, Token, TokenExchange, Url
from exporter.providers.backupify import PROVIDER, Options
from exporter.secret import Secret
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors.backupify.answers import GIVEN, HOST, TOKEN


class Peeking(FakeApi):
    """Keeps what a request was to be signed with."""

    async def get(self, url: str, *, auth: BasicAuth | TokenExchange | Any, **rest: Any) -> Any:
        self.auth = auth
        return await super().get(url, auth=auth, **rest)


async def exchange(base: str = f"https://{HOST}") -> TokenExchange:
    options = Options(client_id=Secret("id-planted"), client_secret=Secret("secret-planted"), base_url=Url(base))
    host = base.removeprefix("https://").rstrip("/")
    routes = {f"POST {host}/oauth/token": GIVEN[TOKEN], f"GET {host}/v1/customers": Reply(body=[])}
    api = Peeking(routes)
    await PROVIDER.scopes(api, options)
    assert isinstance(api.auth, TokenExchange)
    return api.auth


async def test_the_token_is_asked_for_by_a_form() -> None:
    auth = await exchange("https://proxy.example/backupify/")
    assert auth.url == "https://proxy.example/backupify/oauth/token"
    assert (auth.auth, auth.source_wide, auth.lifetime) == (None, True, 899)
    assert {key: one.reveal() if isinstance(one, Secret) else one for key, one in (auth.form or {}).items()} == {
        "client_id": "id-planted",
        "client_secret": "secret-planted",
        "grant_type": "client_credentials",
        "scope": "write",
    }


@pytest.mark.parametrize(
    ("said", "lifetime"),
    [
        (899, 899.0),
        ("600", 600.0),
        (0, None),
        (-1, None),
        ("soon", None),
        ("9" * 400, None),
        (None, None),
        (True, None),
    ],
)
async def test_the_token_lives_as_long_as_the_vendor_says(said: object, lifetime: float | None) -> None:
    token = (await exchange()).read({"access_token": "abc==", "expires_in": said, "token_type": "bearer"})
    assert token == Token("abc==", lifetime)


@pytest.mark.parametrize("body", [None, [], {}, {"access_token": None}, {"access_token": " "}, {"access_token": 7}])
async def test_an_answer_without_a_token_is_malformed(body: object) -> None:
    with pytest.raises(MalformedError):
        (await exchange()).read(body)

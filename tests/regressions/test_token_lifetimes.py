"""A JSON Web Token with an end but no beginning is renewed before that end."""

import asyncio

from exporter.provider import Token, TokenExchange
from tests.client.scripted_transport import BASE, ScriptedTransport, answer, client_to
from tests.virtual_time import START, virtually


async def _after(seconds: float, expires: float) -> int:
    """Return how many tokens were got for two requests so far apart."""
    transport = ScriptedTransport({"/token": [answer({})], "/a": [200]})
    client = client_to(transport)
    exchange = TokenExchange(
        url=f"{BASE}/token", read=lambda _: Token("t", expires=expires), lifetime=3600, source_wide=True
    )
    await client.request("GET", f"{BASE}/a", exchange, {}, None)
    await asyncio.sleep(seconds)
    await client.request("GET", f"{BASE}/a", exchange, {}, None)
    return transport.count_requests("/token")


@virtually
async def test_a_token_is_renewed_before_the_end_it_tells() -> None:
    assert await _after(70, START + 100) == 1
    assert await _after(210, START + 250) == 2


@virtually
async def test_an_end_in_the_past_is_a_wrong_clock_and_not_a_token_for_each_request() -> None:
    assert await _after(60, START - 100) == 1

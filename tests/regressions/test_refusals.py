"""What a 429 may cost: an own pause is no imposed one, and no vendor silences the exporter for good."""

import asyncio

import pytest

from exporter.client.rate_limiter import RateLimiter
from exporter.errors import RateLimitedError
from exporter.provider import RateLimit
from tests.client.scripted_transport import BASE, ScriptedTransport, answer, client_to
from tests.virtual_time import now, virtually

LIMIT = RateLimit(requests=100, per=1)


@virtually
async def test_a_refusal_without_a_hint_is_sat_out_even_if_polls_follow_each_other_quickly() -> None:
    transport = ScriptedTransport({"/a": [429, 429, 200]})
    client = client_to(transport)
    client.max_wait = 0.5
    assert (await client.request("GET", f"{BASE}/a", None, {}, None)).status == 200
    assert now() > 3


@virtually
async def test_an_imposed_wait_beyond_the_poll_interval_still_fails() -> None:
    transport = ScriptedTransport({"/a": [answer({}, status=429, retry_after="2"), 200]})
    client = client_to(transport)
    client.max_wait = 0.5
    with pytest.raises(RateLimitedError):
        await client.request("GET", f"{BASE}/a", None, {}, None)


@virtually
async def test_a_vendor_that_says_not_to_come_back_for_years_is_asked_again_after_a_day() -> None:
    limiter = RateLimiter(LIMIT)
    limiter.record_429(1e9)
    with pytest.raises(RateLimitedError):
        async with limiter.slot(300):
            pass
    await asyncio.sleep(86401)
    async with limiter.slot(300) as waited:
        assert waited == 0

"""What a 429 may cost: an own pause is no imposed one, and no vendor silences the exporter for good."""

import asyncio

import pytest

from exporter.errors import RateLimitedError
from exporter.provider import RateLimit
from exporter.transport.limiter import RateLimiter
from tests.transport.scripted_carrier import BASE, ScriptedCarrier, answer, channel_to
from tests.virtual_time import now, virtually

LIMIT = RateLimit(requests=100, per=1)


@virtually
async def test_a_refusal_without_a_hint_is_sat_out_even_if_polls_follow_each_other_quickly() -> None:
    carrier = ScriptedCarrier({"/a": [429, 429, 200]})
    channel = channel_to(carrier)
    channel.patience = 0.5
    assert (await channel.ask("GET", f"{BASE}/a", None, {}, None)).status == 200
    assert now() > 3


@virtually
async def test_an_imposed_wait_beyond_the_poll_interval_still_fails() -> None:
    carrier = ScriptedCarrier({"/a": [answer({}, status=429, retry_after="2"), 200]})
    channel = channel_to(carrier)
    channel.patience = 0.5
    with pytest.raises(RateLimitedError):
        await channel.ask("GET", f"{BASE}/a", None, {}, None)


@virtually
async def test_a_vendor_that_says_not_to_come_back_for_years_is_asked_again_after_a_day() -> None:
    limiter = RateLimiter(LIMIT)
    limiter.refused(1e9)
    with pytest.raises(RateLimitedError):
        async with limiter.place(300):
            pass
    await asyncio.sleep(86401)
    async with limiter.place(300) as waited:
        assert waited == 0

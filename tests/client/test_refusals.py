"""Manners towards a vendor that says 429, or is about to."""

import asyncio
from email.utils import formatdate

import pytest

from exporter.client.session import Session
from exporter.errors import RateLimitedError
from exporter.provider import BearerAuth
from exporter.secret import Secret
from tests.client.scripted_transport import BASE, ScriptedTransport, answer, session_on
from tests.virtual_time import START, now, virtually

AUTH = BearerAuth(Secret("static"))
URL = f"{BASE}/a"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "7"}, 7),
        ({"retry_after": "7", "x_ratelimit_reset": "90"}, 7),
        ({"retry_after": formatdate(START + 40, usegmt=True)}, 40),
        # the vendor's clock is an hour ahead: the date is held against its own
        (
            {"retry_after": formatdate(START + 3640, usegmt=True), "date": formatdate(START + 3600, usegmt=True)},
            40,
        ),
        ({"x_ratelimit_reset": "12.5"}, 12.5),
        ({"x_ratelimit_reset": "1763467260"}, 1),  # an instant is not believed: back off
        ({}, 1),
    ],
)
@virtually
async def test_after_a_429_it_waits_as_told_and_asks_again(headers: dict[str, str], wait: float) -> None:
    transport = ScriptedTransport({"/a": [answer({}, status=429, **headers), answer({"fine": True})]})
    session = session_on(transport)
    assert (await session.get(URL, auth=AUTH)).body == {"fine": True}
    assert wait <= transport.sent[1].at <= wait + 0.5
    assert session.client.counters.requests == {"429": 1, "200": 1}


@virtually
async def test_a_wait_beyond_the_poll_interval_is_not_waited_for() -> None:
    transport = ScriptedTransport({"/a": [answer({}, status=429, retry_after="301")]})
    with pytest.raises(RateLimitedError):
        await session_on(transport).get(URL, auth=AUTH)
    assert now() < 1


@virtually
async def test_a_vendor_that_does_nothing_but_refuse_is_given_up() -> None:
    transport = ScriptedTransport({"/a": [429]})
    with pytest.raises(RateLimitedError):
        await session_on(transport).get(URL, auth=AUTH)
    assert transport.count_requests("/a") == 6
    assert 31 <= now() <= 47


@virtually
async def test_a_path_that_alone_is_always_refused_is_given_up_while_others_succeed() -> None:
    transport = ScriptedTransport({"/a": [answer({}, status=429, retry_after="30")], "/b": [200]})
    first = session_on(transport)

    async def ask_others() -> None:
        while True:
            await Session(client=first.client).get(f"{BASE}/b", auth=AUTH)
            await asyncio.sleep(7)

    others = asyncio.create_task(ask_others())
    with pytest.raises(RateLimitedError):
        await first.get(URL, auth=AUTH)
    others.cancel()
    assert transport.count_requests("/a") == 6
    assert transport.count_requests("/b") >= 6


@virtually
async def test_while_it_waits_nobody_else_asks() -> None:
    transport = ScriptedTransport({"/a": [answer({}, status=429, retry_after="30"), 200], "/b": [200]})
    session = session_on(transport)
    first = asyncio.create_task(session.get(URL, auth=AUTH))
    await asyncio.sleep(1)
    await session.get(f"{BASE}/b", auth=AUTH)
    await first
    assert now() == pytest.approx(30.15, abs=0.11)


@virtually
async def test_eight_requests_refused_together_all_succeed_after_the_wait() -> None:
    refusal = answer({}, status=429, x_ratelimit_reset="4")
    transport = ScriptedTransport({f"/{key}": [refusal, 200] for key in range(8)})
    session = session_on(transport)
    await asyncio.gather(*(session.get(f"{BASE}/{key}", auth=AUTH) for key in range(8)))
    assert now() < 5


@virtually
async def test_a_budget_that_others_used_up_is_not_overdrawn() -> None:
    spent = answer({}, x_ratelimit_remaining="0", x_ratelimit_reset="45")
    transport = ScriptedTransport(
        {"/a": [spent], "/b": [answer({}, x_ratelimit_remaining="999", x_ratelimit_reset="9")]}
    )
    session = session_on(transport)
    await session.get(URL, auth=AUTH)
    assert session.client.counters.remaining == 0
    await session.get(f"{BASE}/b", auth=AUTH)
    assert now() == pytest.approx(45)
    assert session.client.counters.remaining == 999

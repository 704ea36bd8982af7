"""A token is put on a request when its turn has come, not before it waited for the rate limit."""

import asyncio

from exporter.provider import RateLimit
from exporter.transport.channel import Incoming, Outgoing
from tests.transport.scripted_carrier import ScriptedCarrier, answer, channel_to
from tests.transport.test_tokens import ask, exchange
from tests.virtual_time import now, virtually

LIFETIME = 5.0


@virtually
async def test_no_token_dies_while_its_request_waits_for_the_rate_limit() -> None:
    born: dict[str, float] = {}

    def give(_: Outgoing) -> Incoming:
        born[f"Bearer t{len(born)}"] = now()
        return answer({"token": f"t{len(born) - 1}", "lifetime": LIFETIME})

    def judge(request: Outgoing) -> Incoming:
        return answer({}, status=200 if now() - born[request.headers["Authorization"]] < LIFETIME else 401)

    carrier = ScriptedCarrier({"/token": [give], **{f"/{number}": [judge] for number in range(8)}})
    channel = channel_to(carrier, limit=RateLimit(requests=1, per=1.0))
    await asyncio.gather(*(ask(channel, f"/{number}", exchange()) for number in range(8)))

    assert set(channel.meter.requests) == {"200"}
    assert 2 <= len(born) <= 4

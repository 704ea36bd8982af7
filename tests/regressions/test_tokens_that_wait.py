"""A token is put on a request when its turn has come, not before it waited for the rate limit."""

import asyncio

from exporter.client.client import Request, Response
from exporter.provider import RateLimit
from tests.client.scripted_transport import ScriptedTransport, answer, client_to
from tests.client.test_tokens import ask, exchange
from tests.virtual_time import now, virtually

LIFETIME = 5.0


@virtually
async def test_no_token_dies_while_its_request_waits_for_the_rate_limit() -> None:
    born: dict[str, float] = {}

    def give(_: Request) -> Response:
        born[f"Bearer t{len(born)}"] = now()
        return answer({"token": f"t{len(born) - 1}", "lifetime": LIFETIME})

    def judge(request: Request) -> Response:
        return answer({}, status=200 if now() - born[request.headers["Authorization"]] < LIFETIME else 401)

    transport = ScriptedTransport({"/token": [give], **{f"/{number}": [judge] for number in range(8)}})
    client = client_to(transport, limit=RateLimit(requests=1, per=1.0))
    await asyncio.gather(*(ask(client, f"/{number}", exchange()) for number in range(8)))

    assert set(client.counters.requests) == {"200"}
    assert 2 <= len(born) <= 4

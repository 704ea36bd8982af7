import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from exporter.client.client import Client, Request, Response
from exporter.client.session import Session
from exporter.client.tokens import TokenStore
from exporter.errors import ConnectionFailedError, MalformedError, PollError, UnauthorizedError
from exporter.provider import BasicAuth, RateLimit, Token, TokenExchange
from exporter.secret import Secret
from tests.client.scripted_transport import BASE, ScriptedTransport, answer, client_to
from tests.virtual_time import now, virtually

HOUR = 3600.0


def exchange(path: str = "/token", *, source_wide: bool = True, **others: Any) -> TokenExchange:
    """Return an exchange as vendors have it."""
    return TokenExchange(url=f"{BASE}{path}", read=_read, lifetime=HOUR, source_wide=source_wide, **others)


def tokens(prefix: str = "t", lifetime: float | None = None) -> Callable[[Request], Response]:
    """Return a line that gives another token each time."""
    numbers = iter(range(1, 1000))
    return lambda _: answer({"token": f"{prefix}{next(numbers)}", "lifetime": lifetime})


def only(*accepted: str) -> Callable[[Request], Response]:
    """Return a line that lets these tokens in and no others."""
    good = {f"Bearer {token}" for token in accepted}
    return lambda request: answer({}, status=200 if request.headers["Authorization"] in good else 401)


def lose(_: Request) -> Response:
    """Be a line that nothing comes back on."""
    raise ConnectionFailedError("no connection")


async def ask(client: Client, path: str, auth: TokenExchange) -> None:
    """Read a path in a reading of its own."""
    await Session(client=client).get(f"{BASE}{path}", auth=auth)


def _read(body: Any) -> Token:
    if "token" not in body:
        raise MalformedError("no token")
    return Token(body["token"], body.get("lifetime"))


@virtually
async def test_a_token_is_got_once_and_used_by_all_that_want_it_at_the_same_time() -> None:
    transport = ScriptedTransport(
        {"/token": [tokens()], **{f"/{n}": [only("t1")] for n in range(8)}}, slow={"/token": [2]}
    )
    client = client_to(transport)
    await asyncio.gather(*(ask(client, f"/{n}", exchange()) for n in range(8)))
    assert transport.count_requests("/token") == 1
    assert client.counters.requests == {"200": 9}


def key(text: str) -> BasicAuth:
    return BasicAuth(user="", password=Secret(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"form": {"scope": "read"}}, {"form": {"scope": "write"}}),
        ({"form": {"key": Secret("a")}}, {"form": {"key": Secret("b")}}),
        ({"json": {"database": "a"}}, {"json": {"database": "b"}}),
        ({"json": {"database": "a"}}, {"form": {"database": "a"}}),
        ({"auth": key("a")}, {"auth": key("b")}),
        ({"auth": exchange("/outer", form={"as": "a"})}, {"auth": exchange("/outer", form={"as": "b"})}),
        ({"part": "data.read"}, {"part": "data.write"}),
    ],
)
@virtually
async def test_exchanges_at_one_address_that_differ_in_what_they_send_or_take_have_a_token_each(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    paths = {"/token": [tokens()], "/outer": [tokens("o")], "/a": [only("t1")], "/b": [only("t2")]}
    client = client_to(ScriptedTransport(paths))
    for _ in range(2):
        await ask(client, "/a", exchange(**one))
        await ask(client, "/b", exchange(**other))
    assert client.counters.requests["200"] == (8 if "/outer" in repr(one) else 6)


@virtually
async def test_what_a_token_is_held_by_shows_no_credential() -> None:
    client = client_to(ScriptedTransport({"/token": [tokens()], "/outer": [tokens()], "/a": [200]}))
    outer = exchange("/outer", form={"key": Secret("hunter2")}, auth=key("hunter2"))
    await ask(client, "/a", exchange(json={"key": Secret("hunter2")}, auth=outer))
    assert "hunter2" not in repr(vars_of(client.tokens))


def vars_of(store: TokenStore) -> list[Any]:
    return [getattr(store, name) for name in vars(store)]


@virtually
async def test_the_exchange_is_a_signed_post_of_a_form() -> None:
    seen = []

    def give(request: Request) -> Response:
        seen.append(request)
        return answer({"token": "t"})

    transport = ScriptedTransport({"/token": [give], "/a": [200]})
    form = {"client_secret": Secret("s&cret"), "scope": "write"}
    await ask(client_to(transport), "/a", exchange(form=form, auth=BasicAuth(user="", password=Secret("key"))))
    assert (seen[0].method, seen[0].body) == ("POST", b"client_secret=s%26cret&scope=write")
    assert seen[0].headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert seen[0].headers["Authorization"] == "Basic OmtleQ=="


@pytest.mark.parametrize(("lifetime", "lasts"), [(None, HOUR - 300), (900.0, 900 * 0.8), (7200.0, 7200 - 300)])
@virtually
async def test_a_token_is_renewed_before_it_dies(lifetime: float | None, lasts: float) -> None:
    transport = ScriptedTransport({"/token": [tokens(lifetime=lifetime)], "/a": [200]})
    client = client_to(transport)
    await ask(client, "/a", exchange())
    await asyncio.sleep(lasts - 1)
    await ask(client, "/a", exchange())
    assert transport.count_requests("/token") == 1
    await asyncio.sleep(1)
    await ask(client, "/a", exchange())
    assert [one.authorization for one in transport.sent if one.path == "/a"] == ["Bearer t1", "Bearer t1", "Bearer t2"]


@virtually
async def test_its_life_begins_when_it_was_asked_for_and_not_when_it_came() -> None:
    transport = ScriptedTransport({"/token": [tokens(lifetime=20.0)], "/a": [200]}, slow={"/token": [10.0]})
    client = client_to(transport)
    await ask(client, "/a", exchange())
    await asyncio.sleep(6.5)  # 16.5 of 20 seconds have gone
    await ask(client, "/a", exchange())
    assert transport.count_requests("/token") == 2


@virtually
async def test_a_token_that_dies_while_a_request_waits_for_its_turn_is_renewed_before_it_is_sent() -> None:
    transport = ScriptedTransport({"/token": [tokens(lifetime=200.0)], **{f"/{n}": [200] for n in range(6)}})
    client = client_to(transport, RateLimit(requests=1, per=60))
    await asyncio.gather(*(ask(client, f"/{n}", exchange()) for n in range(6)))
    given = [one.at for one in transport.sent if one.path == "/token"]
    for one in transport.sent:
        if one.path != "/token":
            number = int(one.authorization.removeprefix("Bearer t"))
            assert one.at - given[number - 1] < 160
    arrivals = [one.at for one in transport.sent]
    assert all(later - earlier >= 60 for earlier, later in pairwise(arrivals))
    assert len(given) == 3


@virtually
async def test_after_a_401_the_token_is_renewed_once_and_the_request_sent_again() -> None:
    transport = ScriptedTransport({"/token": [tokens()], "/a": [only("t2")]})
    await ask(client_to(transport), "/a", exchange())
    assert [one.path for one in transport.sent] == ["/token", "/a", "/token", "/a"]


@virtually
async def test_requests_that_meet_a_401_together_renew_the_token_once() -> None:
    transport = ScriptedTransport(
        {"/token": [tokens()], **{f"/{n}": [only("t2")] for n in range(8)}}, slow={"/token": [1]}
    )
    client = client_to(transport)
    await asyncio.gather(*(ask(client, f"/{n}", exchange()) for n in range(8)))
    assert transport.count_requests("/token") == 2


@virtually
async def test_a_late_401_to_an_old_token_does_not_cost_the_new_one() -> None:
    transport = ScriptedTransport(
        {"/token": [tokens()], "/a": [only("t2")], "/late": [only("t2")]}, slow={"/late": [5.0]}
    )
    client = client_to(transport)
    await asyncio.gather(ask(client, "/a", exchange()), ask(client, "/late", exchange()))
    assert transport.count_requests("/token") == 2


@virtually
async def test_a_401_after_a_renewal_that_worked_is_that_address_own_and_not_the_sources() -> None:
    transport = ScriptedTransport({"/token": [tokens()], "/a": [401], "/b": [200]})
    client = client_to(transport)
    with pytest.raises(UnauthorizedError) as caught:
        await ask(client, "/a", exchange())
    assert not caught.value.source_wide
    assert transport.count_requests("/a") == 2
    await ask(client, "/b", exchange())
    assert transport.count_requests("/token") == 2


@virtually
async def test_addresses_that_go_on_saying_401_do_not_have_tokens_renewed_at_each_poll() -> None:
    forbidden = [f"/{n}" for n in range(20)]
    transport = ScriptedTransport({"/token": [tokens(lifetime=10 * HOUR)], **{path: [401] for path in forbidden}})
    client = client_to(transport)

    async def poll() -> int:
        before = transport.count_requests("/token")
        for path in forbidden:
            with pytest.raises(UnauthorizedError):
                await ask(client, path, exchange())
        return transport.count_requests("/token") - before

    assert await poll() == 21
    for _ in range(2):
        await asyncio.sleep(300)
        assert await poll() == 0
    await asyncio.sleep(300)
    assert await poll() == 20  # a quarter of an hour later it may be worth another try
    assert len(client.renewal_blocked_until) == 20


@virtually
async def test_an_address_that_is_let_in_again_may_have_its_token_renewed_again() -> None:
    transport = ScriptedTransport({"/token": [tokens()], "/a": [401, 401, only("t2"), only("t3")]})
    client = client_to(transport)
    with pytest.raises(UnauthorizedError):
        await ask(client, "/a", exchange())
    await ask(client, "/a", exchange())
    await ask(client, "/a", exchange())
    assert transport.count_requests("/token") == 3
    assert client.renewal_blocked_until == {}


@pytest.mark.parametrize("source_wide", [True, False])
@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (401, "unauthorized"),
        (403, "forbidden"),
        (500, "server_error"),
        (lose, "connection"),
        (answer({"nothing": "useful"}), "malformed"),
    ],
)
@virtually
async def test_a_failing_exchange_strikes_the_source_only_where_it_is_shared(
    trouble: Any, reason: str, source_wide: bool
) -> None:
    transport = ScriptedTransport({"/token": [trouble], "/a": [200]})
    with pytest.raises(PollError) as caught:
        await ask(client_to(transport), "/a", exchange(source_wide=source_wide))
    assert (caught.value.reason, caught.value.source_wide) == (reason, source_wide)
    assert transport.count_requests("/a") == 0
    assert transport.count_requests("/token") == 1


@virtually
async def test_a_failed_exchange_is_tried_again_the_next_time() -> None:
    transport = ScriptedTransport({"/token": [500, tokens()], "/a": [200]})
    client = client_to(transport)
    with pytest.raises(PollError):
        await ask(client, "/a", exchange())
    await ask(client, "/a", exchange())


def chain(addon: str = "/addon/token") -> TokenExchange:
    """Return an exchange in two steps: an addon's token for the account's, and that for the key."""
    account = exchange("/account/token", auth=BasicAuth(user="", password=Secret("key")))
    return exchange(addon, source_wide=False, auth=account)


@virtually
async def test_a_token_that_is_got_with_another_token() -> None:
    transport = ScriptedTransport({"/account/token": [tokens("A")], "/addon/token": [tokens("a")], "/x": [only("a1")]})
    await ask(client_to(transport), "/x", chain())
    signatures = [(one.method, one.path, one.authorization) for one in transport.sent]
    assert signatures == [
        ("POST", "/account/token", "Basic OmtleQ=="),
        ("POST", "/addon/token", "Bearer A1"),
        ("GET", "/x", "Bearer a1"),
    ]


@virtually
async def test_the_outer_token_is_renewed_when_the_exchange_for_the_inner_one_is_answered_401() -> None:
    inner = [lambda request: answer({"token": "a1"}, status=200 if "A2" in request.headers["Authorization"] else 401)]
    transport = ScriptedTransport({"/account/token": [tokens("A")], "/addon/token": inner, "/x": [only("a1")]})
    await ask(client_to(transport), "/x", chain())
    paths = [one.path for one in transport.sent]
    assert paths == ["/account/token", "/addon/token", "/account/token", "/addon/token", "/x"]


@virtually
async def test_a_refused_inner_token_is_the_resources_affair_and_a_refused_outer_one_the_sources() -> None:
    inner = ScriptedTransport({"/account/token": [tokens("A")], "/addon/token": [403], "/x": [200]})
    with pytest.raises(PollError) as caught:
        await ask(client_to(inner), "/x", chain())
    assert (caught.value.reason, caught.value.source_wide) == ("forbidden", False)
    outer = ScriptedTransport({"/account/token": [401], "/addon/token": [200], "/x": [200]})
    with pytest.raises(PollError) as caught:
        await ask(client_to(outer), "/x", chain())
    assert (caught.value.reason, caught.value.source_wide) == ("unauthorized", True)


@virtually
async def test_tokens_of_different_addons_do_not_get_mixed_up_or_wait_for_each_other() -> None:
    paths = {f"/addon/{n}/token": [tokens(f"addon{n}-")] for n in range(5)}
    reads = {f"/x{n}": [only(f"addon{n}-1")] for n in range(5)}
    slow = {path: [3.0] for path in paths}
    transport = ScriptedTransport({"/account/token": [tokens("A")], **paths, **reads}, slow=slow)
    client = client_to(transport)
    await asyncio.gather(*(ask(client, f"/x{n}", chain(f"/addon/{n}/token")) for n in range(5)))
    assert now() == pytest.approx(3)
    assert transport.count_requests("/account/token") == 1

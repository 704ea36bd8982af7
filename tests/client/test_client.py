import pytest

from exporter.client.rate_limiter import RateLimiter
from exporter.client.session import MAX_PAGES, Session
from exporter.errors import (
    CapError,
    ConnectionFailedError,
    DeadlineError,
    MalformedError,
    PollError,
    ServerError,
    TlsError,
    UnauthorizedError,
)
from exporter.provider import BasicAuth, BearerAuth, RateLimit
from exporter.secret import Secret
from tests.client.scripted_transport import BASE, ScriptedTransport, answer, session_on
from tests.virtual_time import now, virtually

AUTH = BearerAuth(Secret("static"))
URL = f"{BASE}/a"
RESET = ConnectionFailedError("the connection broke", reset=True)
REFUSED = ConnectionFailedError("no connection")


@pytest.mark.parametrize("trouble", [RESET, 502, 503, 504])
@virtually
async def test_a_get_is_tried_once_more_after_what_may_pass(trouble: PollError | int) -> None:
    transport = ScriptedTransport({"/a": [trouble, answer({"fine": True})]})
    assert (await session_on(transport).get(URL, auth=AUTH)).body == {"fine": True}
    assert transport.count_requests("/a") == 2


@pytest.mark.parametrize(
    ("trouble", "kind"), [(RESET, ConnectionFailedError), (502, ServerError), (503, ServerError), (504, ServerError)]
)
@virtually
async def test_it_is_not_tried_a_third_time(trouble: PollError | int, kind: type[PollError]) -> None:
    transport = ScriptedTransport({"/a": [trouble]})
    with pytest.raises(kind):
        await session_on(transport).get(URL, auth=AUTH)
    assert transport.count_requests("/a") == 2


@pytest.mark.parametrize("trouble", [REFUSED, TlsError("not trusted"), 500, 501, 505, 400, 403, 404, 408, 410])
@virtually
async def test_what_will_not_pass_is_not_tried_again(trouble: PollError | int) -> None:
    transport = ScriptedTransport({"/a": [trouble]})
    with pytest.raises(PollError):
        await session_on(transport).get(URL, auth=AUTH)
    assert transport.count_requests("/a") == 1


@pytest.mark.parametrize("trouble", [RESET, 503])
@virtually
async def test_a_post_is_not_tried_again(trouble: PollError | int) -> None:
    transport = ScriptedTransport({"/a": [trouble, answer({})]})
    client = session_on(transport).client
    if isinstance(trouble, int):
        assert (await client.request("POST", URL, AUTH, {}, b"")).status == trouble
    else:
        with pytest.raises(ConnectionFailedError):
            await client.request("POST", URL, AUTH, {}, b"")
    assert transport.count_requests("/a") == 1


@virtually
async def test_the_deadline_ends_a_request_and_counts_it_without_a_code() -> None:
    transport = ScriptedTransport({"/a": [200]}, slow={"/a": [21.0]})
    session = session_on(transport)
    with pytest.raises(DeadlineError, match="20 s"):
        await session.get(URL, auth=AUTH)
    assert now() == pytest.approx(20)
    assert session.client.counters.requests == {"none": 1}
    assert transport.count_requests("/a") == 1


@virtually
async def test_the_second_try_has_only_the_rest_of_the_time() -> None:
    transport = ScriptedTransport({"/a": [503, 200]}, slow={"/a": [15.0, 6.0]})
    with pytest.raises(DeadlineError):
        await session_on(transport).get(URL, auth=AUTH)
    assert now() == pytest.approx(20)


@virtually
async def test_waiting_for_the_rate_limit_is_not_the_requests_own_time() -> None:
    transport = ScriptedTransport({"/a": [503, 200]}, slow={"/a": [9.0, 9.0]})
    session = session_on(transport, RateLimit(requests=1, per=60))
    await session.get(URL, auth=AUTH)
    assert now() == pytest.approx(9 + 60.05 + 9)
    assert session.client.counters.throttled == pytest.approx(60.05)


@virtually
async def test_every_try_is_counted_by_its_code_and_measured() -> None:
    transport = ScriptedTransport({"/a": [503, 200], "/b": [RESET, 404]}, slow={"/a": [0.2, 3.0]})
    session = session_on(transport)
    await session.get(URL, auth=AUTH)
    with pytest.raises(PollError):
        await session.get(f"{BASE}/b", auth=AUTH)
    counters = session.client.counters
    assert counters.requests == {"503": 1, "200": 1, "none": 1, "404": 1}
    assert sum(counters.buckets) == 4
    assert counters.seconds == pytest.approx(3.2)


@pytest.mark.parametrize("static", [AUTH, BasicAuth(user="key", password=Secret("static"))])
@virtually
async def test_a_static_key_that_is_refused_is_not_tried_again(static: BearerAuth | BasicAuth) -> None:
    transport = ScriptedTransport({"/a": [401]})
    with pytest.raises(UnauthorizedError) as caught:
        await session_on(transport).get(URL, auth=static)
    assert transport.count_requests("/a") == 1
    assert not caught.value.source_wide


@virtually
async def test_requests_are_signed_as_the_vendor_wants_it() -> None:
    transport = ScriptedTransport({"/a": [200], "/b": [200]})
    session = session_on(transport)
    await session.get(URL, auth=BasicAuth(user=Secret("key"), password=Secret("secret")))
    await session.get(f"{BASE}/b", auth=AUTH)
    assert [one.authorization for one in transport.sent] == ["Basic a2V5OnNlY3JldA==", "Bearer static"]


@virtually
async def test_a_redirect_on_the_same_host_is_followed_and_signed() -> None:
    transport = ScriptedTransport(
        {"/a": [answer({}, status=307, location="/b?c=1")], "/b?c=1": [answer({"fine": True})]}
    )
    found = await session_on(transport).get(URL, auth=AUTH)
    assert (found.body, found.url) == ({"fine": True}, f"{BASE}/b?c=1")
    assert transport.sent[1].authorization == "Bearer static"


@pytest.mark.parametrize(
    "location",
    ["https://elsewhere.example/b", "//elsewhere.example/b", "https://vendor.example:8443/b", "ftp://vendor.example/b"],
)
@virtually
async def test_credentials_never_leave_the_host(location: str) -> None:
    transport = ScriptedTransport({"/a": [answer({}, status=302, location=location)]})
    with pytest.raises(MalformedError, match="another host"):
        await session_on(transport).get(URL, auth=AUTH)
    assert len(transport.sent) == 1


@virtually
async def test_redirects_in_a_circle_or_without_an_end_are_malformed() -> None:
    circle = ScriptedTransport(
        {"/a": [answer({}, status=302, location="/b")], "/b": [answer({}, status=302, location="/a")]}
    )
    with pytest.raises(MalformedError):
        await session_on(circle).get(URL, auth=AUTH)
    assert len(circle.sent) == 2
    chain = ScriptedTransport({f"/{n}": [answer({}, status=302, location=f"/{n + 1}")] for n in range(50)})
    with pytest.raises(MalformedError):
        await session_on(chain).get(f"{BASE}/0", auth=AUTH)
    assert len(chain.sent) == 4


@virtually
async def test_a_page_that_was_read_already_is_not_read_again() -> None:
    transport = ScriptedTransport({"/a": [200], "/b": [200]})
    session = session_on(transport)
    await session.get(URL, auth=AUTH)
    await session.get(f"{BASE}/b", auth=AUTH)
    with pytest.raises(MalformedError, match="already"):
        await session.get(URL, auth=AUTH)
    assert len(transport.sent) == 2
    await Session(client=session.client).get(URL, auth=AUTH)  # another reading may


@virtually
async def test_pages_without_an_end_reach_their_cap() -> None:
    transport = ScriptedTransport({f"/?page={number}": [200] for number in range(MAX_PAGES + 1)})
    session = session_on(transport)
    for number in range(MAX_PAGES):
        await session.get(f"{BASE}/?page={number}", auth=AUTH)
    with pytest.raises(CapError) as caught:
        await session.get(f"{BASE}/?page={MAX_PAGES}", auth=AUTH)
    assert caught.value.limit == "pages"
    assert len(transport.sent) == MAX_PAGES


@virtually
async def test_links_are_followed_on_the_host_alone() -> None:
    links = '<https://vendor.example/a?page=2>; rel="next", </a?page=9>; rel=last, <https://evil.example/>; rel="prev"'
    session = session_on(ScriptedTransport({"/a": [answer([], link=links)]}))
    found = await session.get(URL, auth=AUTH)
    assert session.link(found, found.links["next"]) == f"{BASE}/a?page=2"
    assert session.link(found, found.links["last"]) == f"{BASE}/a?page=9"
    assert session.link(found, "http://vendor.example/a?page=3") == f"{BASE}/a?page=3"
    no_links: tuple[object, ...] = (None, "", " ", 7, {})
    assert [session.link(found, one) for one in no_links] == [None] * 5
    with pytest.raises(MalformedError):
        session.link(found, found.links["prev"])


@virtually
async def test_a_reading_with_a_purse_stays_within_it_as_well() -> None:
    transport = ScriptedTransport({f"/{number}": [200] for number in range(5)})
    client = session_on(transport).client
    progress_limiter = RateLimiter(RateLimit(requests=2, per=10))
    for number in range(5):
        await Session(client=client, progress_limiter=progress_limiter).get(f"{BASE}/{number}", auth=AUTH)
    assert [round(one.at) for one in transport.sent] == [0, 0, 10, 10, 20]

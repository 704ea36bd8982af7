import pytest

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
from exporter.provider import Basic, Bearer, RateLimit
from exporter.secret import Secret
from exporter.transport.channel import MOST_PAGES, Operation
from exporter.transport.limiter import RateLimiter
from tests.transport.scripted_carrier import BASE, ScriptedCarrier, answer, operation_on
from tests.virtual_time import now, virtually

AUTH = Bearer(Secret("static"))
URL = f"{BASE}/a"
RESET = ConnectionFailedError("the connection broke", reset=True)
REFUSED = ConnectionFailedError("no connection")


@pytest.mark.parametrize("trouble", [RESET, 502, 503, 504])
@virtually
async def test_a_get_is_tried_once_more_after_what_may_pass(trouble: PollError | int) -> None:
    carrier = ScriptedCarrier({"/a": [trouble, answer({"fine": True})]})
    assert (await operation_on(carrier).get(URL, auth=AUTH)).body == {"fine": True}
    assert carrier.asked("/a") == 2


@pytest.mark.parametrize(
    ("trouble", "kind"), [(RESET, ConnectionFailedError), (502, ServerError), (503, ServerError), (504, ServerError)]
)
@virtually
async def test_it_is_not_tried_a_third_time(trouble: PollError | int, kind: type[PollError]) -> None:
    carrier = ScriptedCarrier({"/a": [trouble]})
    with pytest.raises(kind):
        await operation_on(carrier).get(URL, auth=AUTH)
    assert carrier.asked("/a") == 2


@pytest.mark.parametrize("trouble", [REFUSED, TlsError("not trusted"), 500, 501, 505, 400, 403, 404, 408, 410])
@virtually
async def test_what_will_not_pass_is_not_tried_again(trouble: PollError | int) -> None:
    carrier = ScriptedCarrier({"/a": [trouble]})
    with pytest.raises(PollError):
        await operation_on(carrier).get(URL, auth=AUTH)
    assert carrier.asked("/a") == 1


@pytest.mark.parametrize("trouble", [RESET, 503])
@virtually
async def test_a_post_is_not_tried_again(trouble: PollError | int) -> None:
    carrier = ScriptedCarrier({"/a": [trouble, answer({})]})
    channel = operation_on(carrier).channel
    if isinstance(trouble, int):
        assert (await channel.ask("POST", URL, AUTH, {}, b"")).status == trouble
    else:
        with pytest.raises(ConnectionFailedError):
            await channel.ask("POST", URL, AUTH, {}, b"")
    assert carrier.asked("/a") == 1


@virtually
async def test_the_deadline_ends_a_request_and_counts_it_without_a_code() -> None:
    carrier = ScriptedCarrier({"/a": [200]}, slow={"/a": [21.0]})
    operation = operation_on(carrier)
    with pytest.raises(DeadlineError, match="20 s"):
        await operation.get(URL, auth=AUTH)
    assert now() == pytest.approx(20)
    assert operation.channel.meter.requests == {"none": 1}
    assert carrier.asked("/a") == 1


@virtually
async def test_the_second_try_has_only_the_rest_of_the_time() -> None:
    carrier = ScriptedCarrier({"/a": [503, 200]}, slow={"/a": [15.0, 6.0]})
    with pytest.raises(DeadlineError):
        await operation_on(carrier).get(URL, auth=AUTH)
    assert now() == pytest.approx(20)


@virtually
async def test_waiting_for_the_rate_limit_is_not_the_requests_own_time() -> None:
    carrier = ScriptedCarrier({"/a": [503, 200]}, slow={"/a": [9.0, 9.0]})
    operation = operation_on(carrier, RateLimit(requests=1, per=60))
    await operation.get(URL, auth=AUTH)
    assert now() == pytest.approx(9 + 60.05 + 9)
    assert operation.channel.meter.throttled == pytest.approx(60.05)


@virtually
async def test_every_try_is_counted_by_its_code_and_measured() -> None:
    carrier = ScriptedCarrier({"/a": [503, 200], "/b": [RESET, 404]}, slow={"/a": [0.2, 3.0]})
    operation = operation_on(carrier)
    await operation.get(URL, auth=AUTH)
    with pytest.raises(PollError):
        await operation.get(f"{BASE}/b", auth=AUTH)
    meter = operation.channel.meter
    assert meter.requests == {"503": 1, "200": 1, "none": 1, "404": 1}
    assert sum(meter.buckets) == 4
    assert meter.seconds == pytest.approx(3.2)


@pytest.mark.parametrize("static", [AUTH, Basic(user="key", password=Secret("static"))])
@virtually
async def test_a_static_key_that_is_refused_is_not_tried_again(static: Bearer | Basic) -> None:
    carrier = ScriptedCarrier({"/a": [401]})
    with pytest.raises(UnauthorizedError) as caught:
        await operation_on(carrier).get(URL, auth=static)
    assert carrier.asked("/a") == 1
    assert not caught.value.shared


@virtually
async def test_requests_are_signed_as_the_vendor_wants_it() -> None:
    carrier = ScriptedCarrier({"/a": [200], "/b": [200]})
    operation = operation_on(carrier)
    await operation.get(URL, auth=Basic(user=Secret("key"), password=Secret("secret")))
    await operation.get(f"{BASE}/b", auth=AUTH)
    assert [one.authorization for one in carrier.sent] == ["Basic a2V5OnNlY3JldA==", "Bearer static"]


@virtually
async def test_a_redirect_on_the_same_host_is_followed_and_signed() -> None:
    carrier = ScriptedCarrier({"/a": [answer({}, status=307, location="/b?c=1")], "/b?c=1": [answer({"fine": True})]})
    found = await operation_on(carrier).get(URL, auth=AUTH)
    assert (found.body, found.url) == ({"fine": True}, f"{BASE}/b?c=1")
    assert carrier.sent[1].authorization == "Bearer static"


@pytest.mark.parametrize(
    "location",
    ["https://elsewhere.example/b", "//elsewhere.example/b", "https://vendor.example:8443/b", "ftp://vendor.example/b"],
)
@virtually
async def test_credentials_never_leave_the_host(location: str) -> None:
    carrier = ScriptedCarrier({"/a": [answer({}, status=302, location=location)]})
    with pytest.raises(MalformedError, match="another host"):
        await operation_on(carrier).get(URL, auth=AUTH)
    assert len(carrier.sent) == 1


@virtually
async def test_redirects_in_a_circle_or_without_an_end_are_malformed() -> None:
    circle = ScriptedCarrier(
        {"/a": [answer({}, status=302, location="/b")], "/b": [answer({}, status=302, location="/a")]}
    )
    with pytest.raises(MalformedError):
        await operation_on(circle).get(URL, auth=AUTH)
    assert len(circle.sent) == 2
    chain = ScriptedCarrier({f"/{n}": [answer({}, status=302, location=f"/{n + 1}")] for n in range(50)})
    with pytest.raises(MalformedError):
        await operation_on(chain).get(f"{BASE}/0", auth=AUTH)
    assert len(chain.sent) == 4


@virtually
async def test_a_page_that_was_read_already_is_not_read_again() -> None:
    carrier = ScriptedCarrier({"/a": [200], "/b": [200]})
    operation = operation_on(carrier)
    await operation.get(URL, auth=AUTH)
    await operation.get(f"{BASE}/b", auth=AUTH)
    with pytest.raises(MalformedError, match="already"):
        await operation.get(URL, auth=AUTH)
    assert len(carrier.sent) == 2
    await Operation(channel=operation.channel).get(URL, auth=AUTH)  # another reading may


@virtually
async def test_pages_without_an_end_reach_their_cap() -> None:
    carrier = ScriptedCarrier({f"/?page={number}": [200] for number in range(MOST_PAGES + 1)})
    operation = operation_on(carrier)
    for number in range(MOST_PAGES):
        await operation.get(f"{BASE}/?page={number}", auth=AUTH)
    with pytest.raises(CapError) as caught:
        await operation.get(f"{BASE}/?page={MOST_PAGES}", auth=AUTH)
    assert caught.value.limit == "pages"
    assert len(carrier.sent) == MOST_PAGES


@virtually
async def test_links_are_followed_on_the_host_alone() -> None:
    links = '<https://vendor.example/a?page=2>; rel="next", </a?page=9>; rel=last, <https://evil.example/>; rel="prev"'
    operation = operation_on(ScriptedCarrier({"/a": [answer([], link=links)]}))
    found = await operation.get(URL, auth=AUTH)
    assert operation.link(found, found.links["next"]) == f"{BASE}/a?page=2"
    assert operation.link(found, found.links["last"]) == f"{BASE}/a?page=9"
    assert operation.link(found, "http://vendor.example/a?page=3") == f"{BASE}/a?page=3"
    no_links: tuple[object, ...] = (None, "", " ", 7, {})
    assert [operation.link(found, one) for one in no_links] == [None] * 5
    with pytest.raises(MalformedError):
        operation.link(found, found.links["prev"])


@virtually
async def test_a_reading_with_a_purse_stays_within_it_as_well() -> None:
    carrier = ScriptedCarrier({f"/{number}": [200] for number in range(5)})
    channel = operation_on(carrier).channel
    purse = RateLimiter(RateLimit(requests=2, per=10))
    for number in range(5):
        await Operation(channel=channel, purse=purse).get(f"{BASE}/{number}", auth=AUTH)
    assert [round(one.at) for one in carrier.sent] == [0, 0, 10, 10, 20]

"""What a simulated vendor is asked wrongly does not go unnoticed; what its story refuses is no wrong request."""

import re
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from exporter import registry
from exporter.demo.http import Request
from exporter.demo.server import SimulatedVendors
from exporter.demo.strict import StrictAccount, UndocumentedRequestWarning
from tests.demo.documented_requests import (
    ACCOUNTS,
    BASE,
    STORY,
    Visit,
    account_of,
    accounts_of,
    again,
    everything,
    find_wrong,
    load_documented,
)
from tests.simulated_transport import watching
from tests.virtual_time import START, run_virtual

pytestmark = pytest.mark.integration

NOW = STORY.at(0)


def answer_once(account: StrictAccount, vendor: str) -> Iterator[Visit]:
    """Yield one visit of each endpoint, of those that were answered."""
    visits = [*everything(account, load_documented(vendor), NOW)]
    yield from {visit.endpoint.path: visit for visit in visits if visit.response.status == 200}.values()
    account.complaints = []


@pytest.mark.parametrize(
    ("status", "changed"),
    [
        pytest.param(400, {"query": {"undocumented": "1"}}, id="parameter"),
        pytest.param(401, {"headers": {}}, id="no credential"),
        pytest.param(401, {"headers": {"authorization": "Bearer made-up"}}, id="another credential"),
        pytest.param(404, {"path": "/v0/elsewhere", "method": "GET"}, id="path"),
        pytest.param(405, {"method": "DELETE"}, id="method"),
        pytest.param(405, {"method": "PATCH"}, id="another method"),
    ],
)
@pytest.mark.parametrize(("vendor", "name"), ACCOUNTS)
def test_what_is_asked_wrongly_is_refused_as_documented_and_kept(
    vendor: str, name: str, status: int, changed: dict[str, Any]
) -> None:
    account, seen = StrictAccount(account_of(vendor, name)), 0
    for visit in [*answer_once(account, vendor)]:
        if status == 401 and not visit.endpoint.authorization:
            continue  # a form that holds the credentials itself
        account.complaints = []
        refused = again(account, visit, NOW, **changed)
        asked = f"{refused.request.method} {refused.request.path}"
        assert (refused.response.status, find_wrong(load_documented(vendor), refused)) == (status, []), asked
        assert [complaint.partition(",")[0] for complaint in account.complaints] == [f"{name}: {asked}: {status}"]
        seen += 1

    assert seen >= 2


@pytest.mark.parametrize(("vendor", "name"), ACCOUNTS)
def test_the_first_request_over_the_limit_is_refused_as_documented_and_kept(vendor: str, name: str) -> None:
    strict = StrictAccount(account_of(vendor, name, limited=True))
    visits = (visit for _ in range(1001) for visit in everything(strict, load_documented(vendor), NOW))
    refused = next(visit for visit in visits if visit.response.status == 429)

    assert find_wrong(load_documented(vendor), refused) == []
    assert strict.complaints[-1] == f"{name}: {refused.request.method} {refused.request.path}: 429, over the limit"


@pytest.mark.parametrize("vendor", registry.names())
def test_what_the_story_refuses_is_nobodys_fault(vendor: str) -> None:
    facts = load_documented(vendor)
    refused = [
        (visit.endpoint.path, visit.response)
        for seconds in (0, 70)
        for account in accounts_of(vendor)
        for visit in everything(account, facts, STORY.at(seconds))
        if visit.response.status > 204
    ]

    assert {(path, one.status) for path, one in refused if not one.complaint} == facts.staged
    assert {(path, one.status) for path, one in refused if one.complaint} == facts.misled


VENDOR, NAME = ACCOUNTS[0]
ELSEWHERE = Request(method="GET", path="/elsewhere", base=BASE, headers={"authorization": "Bearer made-up-secret"})


REFUSED = account_of(VENDOR, NAME).respond(ELSEWHERE, NOW)
COMPLAINT = f"{NAME}: GET /elsewhere: {REFUSED.status}, {REFUSED.complaint}"


def test_what_was_provoked_on_purpose_is_forgiven_once() -> None:
    account, words = StrictAccount(account_of(VENDOR, NAME)), REFUSED.complaint
    for _ in range(2):
        account.respond(ELSEWHERE, NOW)

    assert account.complaints == [COMPLAINT]
    account.forgive(words)
    assert account.complaints == []
    with pytest.raises(LookupError, match="nothing to forgive"):
        account.forgive(words)


@pytest.mark.parametrize("forgiven", [True, False])
async def test_a_test_that_asks_wrongly_over_loopback_fails_when_the_vendors_stop(forgiven: bool) -> None:
    vendors = SimulatedVendors(accounts_of(VENDOR))
    await vendors.start()
    url = f"{vendors.bases[NAME]}/elsewhere"
    async with aiohttp.ClientSession() as session, session.get(url, headers=ELSEWHERE.headers) as answer:
        assert answer.status == REFUSED.status
    complaints = vendors.complaints
    if forgiven:
        vendors.forgive(NAME, REFUSED.complaint)
        await vendors.stop()
    else:
        with pytest.warns(UndocumentedRequestWarning, match=re.escape(COMPLAINT)):
            await vendors.stop()

    assert len(complaints) == 1


def test_a_test_that_asks_wrongly_in_virtual_time_fails_when_the_watching_ends() -> None:
    async def ask_wrongly() -> None:
        async with watching(accounts_of(VENDOR)) as seen:
            await seen.app.stop()
            seen.transports[NAME].account.respond(ELSEWHERE, START)

    with pytest.raises(AssertionError, match=re.escape(COMPLAINT)):
        run_virtual(ask_wrongly())

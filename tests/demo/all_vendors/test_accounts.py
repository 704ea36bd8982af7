"""Each simulated account shows the tokens that it has issued, and the limits by which it counts requests."""

from types import SimpleNamespace

import pytest

from exporter.demo.http import SimulatedAccount
from tests.demo.documented_requests import ACCOUNTS, STORY, account_of, everything, load_documented
from tests.vendors import find_profiles, open_accounts

pytestmark = pytest.mark.integration

EACH_ACCOUNT = pytest.mark.parametrize(("vendor", "name"), ACCOUNTS)
NOW = STORY.at(450)


def visit(account: SimulatedAccount, vendor: str) -> list[tuple[int, str]]:
    """Return the statuses and the bodies of all answers."""
    visits = everything(account, load_documented(vendor), NOW)
    return [(visit.response.status, visit.response.body.decode()) for visit in visits]


@EACH_ACCOUNT
def test_the_issued_tokens_are_those_of_the_answers(vendor: str, name: str) -> None:
    account = account_of(vendor, name)
    assert account.issued_tokens == {}

    answers = visit(account, vendor)

    assert bool(account.issued_tokens) is bool(find_profiles()[vendor].faults.token_calls)
    assert [token for token in account.issued_tokens if not any(token in body for _, body in answers)] == []


@EACH_ACCOUNT
def test_a_token_that_is_taken_away_is_refused(vendor: str, name: str) -> None:
    account = account_of(vendor, name)
    visits = list(everything(account, load_documented(vendor), NOW))
    signed = [
        visit.request
        for visit in visits
        if visit.response.status == 200
        and any(token in visit.request.headers.get("authorization", "") for token in account.issued_tokens)
    ]
    assert bool(signed) is bool(account.issued_tokens)
    account.issued_tokens.clear()

    assert {account.respond(request, NOW).status for request in signed} <= {401}


@EACH_ACCOUNT
def test_the_limits_are_those_in_force(vendor: str, name: str) -> None:
    account = account_of(vendor, name)
    assert account.limits
    for limit in account.limits:
        limit.requests = 1

    assert 429 in {status for status, _ in refuse_all(account, vendor)}


def refuse_all(account: SimulatedAccount, vendor: str) -> list[tuple[int, str]]:
    """Return how it answers the requests that an account without its limits was sent."""
    free = account_of(vendor, account.name)
    requests = [visit.request for visit in everything(free, load_documented(vendor), NOW)]
    return [(account.respond(request, NOW).status, request.path) for request in requests]


@pytest.mark.parametrize(
    ("account", "message"),
    [
        (SimpleNamespace(name="a", limits=()), "the account a has no issued_tokens"),
        (SimpleNamespace(name="a", issued_tokens={}), "the account a has no limits"),
        (SimpleNamespace(name="a"), "the account a has no issued_tokens and no limits"),
    ],
)
def test_a_simulator_without_them_is_named(
    account: SimpleNamespace, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.vendors.import_module", lambda _: SimpleNamespace(accounts=lambda _: [account]))

    with pytest.raises(LookupError, match=rf"^exporter/demo/vendors/nowhere\.py: {message}$"):
        open_accounts("nowhere", STORY)

"""Each answer of each simulated vendor is one that the vendor's documents allow."""

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from exporter import registry
from tests.demo.documented_requests import (
    ACCOUNTS,
    STORY,
    Visit,
    account_of,
    accounts_of,
    everything,
    find_wrong,
    load_documented,
)
from tests.demo.schema import anything, differences, instant, like, whole, word

pytestmark = pytest.mark.integration

SECONDS = (0, 21, 28, 45, 70, 95, 130, 450, 1100)
OPEN_OBJECTS = ("details", "currentScaling", "relationships")


@cache
def visit_all(vendor: str, name: str, seconds: float) -> Sequence[Visit]:
    return tuple(everything(account_of(vendor, name), load_documented(vendor), STORY.at(seconds)))


@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize(("vendor", "name"), ACCOUNTS)
def test_every_answer_is_as_documented(vendor: str, name: str, seconds: float) -> None:
    facts = load_documented(vendor)
    visits = visit_all(vendor, name, seconds)
    found = {
        f"{visit.request.method} {visit.request.path} {visit.response.status}": differing
        for visit in visits
        if (differing := find_wrong(facts, visit))
    }

    assert found == {}


@pytest.mark.parametrize("vendor", registry.names())
def test_every_endpoint_and_every_staged_refusal_is_met(vendor: str) -> None:
    facts = load_documented(vendor)
    met = {
        (visit.endpoint.path, visit.response.status)
        for seconds in SECONDS
        for of, name in ACCOUNTS
        if of == vendor
        for visit in visit_all(vendor, name, seconds)
    }

    assert {path for path, status in met if status == 200} == {endpoint.path for endpoint in facts.endpoints}
    assert {(endpoint.path, 204) for endpoint in facts.endpoints if endpoint.idle} <= met
    assert {(path, status) for path, status in met if status > 204} == facts.staged | facts.misled


@pytest.mark.parametrize("vendor", registry.names())
def test_a_field_that_no_document_names_is_noticed_wherever_it_stands(vendor: str) -> None:
    facts, unnoticed = load_documented(vendor), []
    for visit in everything(accounts_of(vendor)[0], facts, STORY.at(45)):
        body = json.loads(visit.response.body) if visit.response.status == 200 else None
        for place, changed in find_surprises(body):
            if not [*differences(changed, visit.endpoint.reply.body)]:
                unnoticed.append((visit.endpoint.path, place))

    assert {place.rpartition(".")[2] for _, place in unnoticed} <= set(OPEN_OBJECTS)


def find_surprises(body: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the body as often as there are objects in it, each time with one more field in one of them."""
    if isinstance(body, dict):
        yield place, {**body, "surprise": 1}
        for key, value in body.items():
            yield from ((where, {**body, key: new}) for where, new in find_surprises(value, f"{place}.{key}"))
    elif isinstance(body, list) and body:
        yield from ((where, [new, *deepcopy(body[1:])]) for where, new in find_surprises(body[0], place))


@pytest.mark.parametrize(
    ("value", "fact", "found"),
    [
        ({"a": 1}, {"a": whole, "b?": whole}, []),
        ({"a": 1, "c": 1}, {"a": whole}, ["body.c: documented nowhere"]),
        ({}, {"a": whole}, ["body.a: missing"]),
        ({"a": True}, {"a": whole}, ["body.a: True is not whole"]),
        ({"a": None}, {"a": (whole, None)}, []),
        ({"a": "x"}, {"a": (whole, None)}, ["body.a: 'x' is not whole"]),
        ([1, -1], [whole], ["body[1]: -1 is not whole"]),
        ({}, [whole], ["body: not an array"]),
        ([], {}, ["body: not an object"]),
        (1, 1.0, ["body: 1 is not 1.0"]),
        (True, word(0, 1), ["body: True is not one of (0, 1)"]),
        ("ab", like("a"), ["body: 'ab' is not like a"]),
        ({"a": {}}, anything, []),
        ("2025-11-18T12:00:00.5+01:00", instant, []),
        ("2025-11-18T12:00:00", instant, ["body: '2025-11-18T12:00:00' is not instant"]),
    ],
)
def test_what_facts_say(value: object, fact: object, found: list[str]) -> None:
    assert [*differences(value, fact)] == found

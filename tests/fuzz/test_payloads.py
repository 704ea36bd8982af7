"""Whatever a vendor answers: a PollError, or numbers that stand in an exposition which can be read back."""

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from exporter.errors import MalformedError, PollError
from exporter.metrics.render import render_resource, render_resources
from exporter.model import Backup, Status
from exporter.provider import Provider
from exporter.settings import Policy
from exporter.state.listing import Listing
from exporter.state.resource import ResourceStatus
from exporter.state.view import ResourceView
from exporter.wire import decode
from tests.fuzz.profile import SCALARS, fuzz
from tests.providers.contract import Found, ProviderContract, WaryApi, places, read, replace_at
from tests.providers.fake_api import FakeApi, Reply
from tests.vendors import find_contract, find_profiles

NOW = 1_900_000_000.0
CONTRACTS = [find_contract(name) for name in find_profiles()]


def keys_of(routes: Mapping[str, Reply]) -> list[str]:
    """Return every key that the vendor's answers have, for these are the ones that are looked at."""
    found = {key for reply in routes.values() for path in places(reply.body) for key in path if isinstance(key, str)}
    return sorted(found)


def bodies(routes: Mapping[str, Reply]) -> st.SearchStrategy[Any]:
    """Return any JSON, with the vendor's own keys among others."""
    keys = st.one_of(st.sampled_from(keys_of(routes)), st.text(max_size=5))
    return st.recursive(
        SCALARS,
        lambda inside: st.lists(inside, max_size=4) | st.dictionaries(keys, inside, max_size=6),
        max_leaves=12,
    )


def answers(routes: Mapping[str, Reply]) -> st.SearchStrategy[dict[str, Reply]]:
    """Return the vendor's answers with up to three values replaced, and maybe other links."""
    spots = [(route, path) for route, reply in routes.items() for path in places(reply.body)]
    leaves = [(route, path) for route, path in spots if not isinstance(at(routes[route].body, path), (dict, list))]
    targets = st.sampled_from([url for reply in routes.values() for url in reply.links.values()] or ["/v1/x"])
    links = st.dictionaries(st.sampled_from(["next", "last", "prev", "first"]), targets | SCALARS.map(str), max_size=4)

    def apply_changes(
        changes: list[tuple[tuple[str, Any], Any]], linked: dict[str, str], number: int
    ) -> dict[str, Reply]:
        found = dict(routes)
        for (route, path), value in changes:
            try:
                body = replace_at(found[route].body, path, value)
            except (KeyError, IndexError, TypeError):  # an earlier change has taken the place away
                continue
            found[route] = Reply(body=body, status=found[route].status, links=found[route].links)
        if linked:
            route = list(found)[number % len(found)]
            found[route] = Reply(body=found[route].body, status=found[route].status, links=linked)
        return found

    change = st.tuples(st.sampled_from(leaves), SCALARS) | st.tuples(st.sampled_from(spots), bodies(routes))
    changes = st.lists(change, min_size=1, max_size=3)
    return st.builds(apply_changes, changes, st.just({}) | links, st.integers(0, 100))


def at(value: Any, path: Any) -> Any:
    """Return what stands at a path inside a JSON value."""
    for key in path:
        value = value[key]
    return value


async def read_and_followed(provider: Provider, api: FakeApi, options: Any) -> list[tuple[Found, list[Backup]]]:
    """Read everything, and follow what runs."""
    result = []
    for found in await read(provider, api, options):
        resource, _, pages = found
        running = [one for page in pages for one in page.backups if one.status is Status.IN_PROGRESS]
        followed: list[Backup] = []
        if provider.refresh is not None:
            for backup in running[:3]:
                with suppress(PollError):  # of some no answer is recorded
                    followed += await provider.refresh(api, options, resource, backup)
        result.append((found, followed))
    return result


def render_view(provider: Provider, found: Found, followed: list[Backup], *, openmetrics: bool) -> str:
    """Write what was read the way the exporter does: a whole listing, the same again as a part, what was followed."""
    resource, details, pages = found
    listing = Listing().merge_pages(pages, whole=True)
    listing.is_complete_with(pages[:1])
    new = ResourceStatus(resource=resource, first_seen=NOW, details=details, up=True).update_listing(
        listing, sizes=provider.sizes
    )
    new = new.update_listing(listing.merge_pages(pages[:1], whole=False).update(followed), sizes=provider.sizes)
    view = ResourceView(status=new, policy=Policy(derive_max_age=provider.max_age), up=True)
    lines = render_resource(view, (("provider", "any"), ("source", "any"), ("resource", resource.id)))
    return b"".join(render_resources([lines], NOW, openmetrics=openmetrics)).decode()


def check(text: str, families: Any) -> None:
    """Read it back: every number is finite and not below zero, no series is there twice."""
    seen = set()
    for family in families(text):
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in seen, sample
            seen.add(key)
            assert math.isfinite(sample.value), sample
            assert sample.value >= 0, sample
            assert sample.value <= 100 or not sample.name.endswith("_percent"), sample


@pytest.mark.long
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_any_answer_is_a_poll_error_or_an_exposition(contract: type[ProviderContract]) -> None:
    survived: list[int] = []

    @fuzz(150)
    @given(routes=answers(contract.routes))
    def run(routes: dict[str, Reply]) -> None:
        everything: list[tuple[Found, list[Backup]]] = []
        with suppress(PollError):
            everything = finish(read_and_followed(contract.provider, WaryApi(routes), contract.options))
        survived.append(len(everything))
        for found, followed in everything:
            check(render_view(contract.provider, found, followed, openmetrics=False), text_families)
            check(render_view(contract.provider, found, followed, openmetrics=True) + "# EOF\n", openmetrics_families)

    run()
    assert sum(map(bool, survived)) > 20, "hardly anything was read"


def finish(work: Any) -> Any:
    """Run a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits for something")


@pytest.mark.integration
@fuzz(300)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_decoded_or_malformed(body: bytes) -> None:
    with suppress(MalformedError):
        decode(body)

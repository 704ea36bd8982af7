"""Which resources a source has: scope by scope, where the failure of one is that one's alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from exporter.errors import ForbiddenError, NotFoundError, PollError, ServerError, UnauthorizedError
from exporter.model import Resource, Scope
from exporter.polling.discovery import discover, retry_failed
from exporter.provider import Provider, RateLimit
from exporter.settings import Source
from exporter.state import inventory
from exporter.state.inventory import Inventory, apply_caps

Listed = Mapping[str, Sequence[Resource] | PollError]


def never_called(*_: Any) -> Any:
    raise AssertionError("a directory asks through what it is given")


def source(**fields: Any) -> Source:
    limit = RateLimit(requests=1, per=1)
    provider = Provider(
        options=object,
        rate_limit=limit,
        scopes=never_called,
        resources=never_called,
        pages=never_called,
        backup=never_called,
        newest_first=True,
    )
    return Source(name="main", provider=provider, provider_name="acme", options=None, rate_limit=limit, **fields)


def thing(own: str, name: str = "", **fields: Any) -> Resource:
    return Resource(id=own, name=name or own, kind="postgresql", **fields)


class Vendor:
    """Lists each scope as given, and remembers which were asked for."""

    def __init__(self, listed: Listed) -> None:
        self.listed = listed
        self.asked: list[str] = []

    async def __call__(self, scope: Scope) -> Sequence[Resource]:
        self.asked.append(scope.id)
        found = self.listed[scope.id]
        if isinstance(found, PollError):
            raise found
        return found

    @property
    def scopes(self) -> list[Scope]:
        return [Scope(id=key) for key in self.listed]


async def after(before: Inventory, listed: Listed, **fields: Any) -> Inventory:
    vendor = Vendor(listed)
    return await discover(before, source(**fields), vendor.scopes, vendor)


async def ids(listed: Listed, **fields: Any) -> list[str]:
    return list((await after(Inventory(), listed, **fields)).resources())


FORBIDDEN, MISSING, BROKEN = ForbiddenError("HTTP 403"), NotFoundError("HTTP 404"), ServerError("HTTP 500")


async def test_resources_of_all_scopes_are_known_by_id() -> None:
    assert await ids({"p": [thing("a"), thing("b")], "q": [thing("c")], "r": []}) == ["a", "b", "c"]


async def test_an_account_without_scopes_has_no_resources() -> None:
    before = await after(Inventory(), {"p": [thing("a")]})

    assert (await after(before, {})).resources() == {}


async def test_the_first_scope_that_has_an_id_keeps_it() -> None:
    found = await after(Inventory(), {"p": [thing("a", "first")], "q": [thing("a", "second")]})

    assert [one.name for one in found.resources().values()] == ["first"]


async def test_what_a_complete_discovery_does_not_show_is_gone() -> None:
    before = await after(Inventory(), {"p": [thing("a"), thing("b")], "q": [thing("c")]})

    assert list((await after(before, {"p": [thing("b")]})).resources()) == ["b"]


async def test_a_scope_that_cannot_be_read_stays_as_it_was_and_its_resources_are_down() -> None:
    before = await after(Inventory(), {"p": [thing("a")], "q": [thing("b"), thing("c")]})
    updated = await after(before, {"p": [thing("a"), thing("d")], "q": FORBIDDEN})

    assert set(updated.resources()) == {"a", "b", "c", "d"}
    assert updated.errors_by_resource() == {"b": FORBIDDEN, "c": FORBIDDEN}
    assert before.errors_by_resource() == {}


async def test_a_resource_that_another_scope_shows_is_not_down() -> None:
    before = await after(Inventory(), {"p": [thing("a")], "q": [thing("a"), thing("b")]})
    updated = await after(before, {"p": [thing("a")], "q": BROKEN})

    assert updated.errors_by_resource() == {"b": BROKEN}


async def test_an_unreadable_scope_that_is_gone_takes_its_resources_along() -> None:
    before = await after(Inventory(), {"p": [thing("a")], "q": [thing("b")]})
    failed = await after(before, {"p": [thing("a")], "q": FORBIDDEN})
    updated = await after(failed, {"p": [thing("a")]})

    assert set(updated.resources()) == {"a"}
    assert updated.errors_by_resource() == {}


async def test_where_no_scope_can_be_read_the_first_failure_is_the_discoverys() -> None:
    with pytest.raises(ForbiddenError):
        await after(Inventory(), {"p": FORBIDDEN, "q": BROKEN})


async def test_a_refused_credential_is_the_discoverys_although_other_scopes_can_be_read() -> None:
    with pytest.raises(UnauthorizedError):
        await after(
            Inventory(), {"p": [thing("a")], "q": UnauthorizedError("HTTP 401", source_wide=True), "r": [thing("b")]}
        )


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({}, ["id-1", "id-2", "id-3"]),
        ({"include": ("id-2",)}, ["id-2"]),
        ({"include": ("orders*",)}, ["id-1", "id-2"]),
        ({"exclude": ("*-archive",)}, ["id-1", "id-3"]),
        ({"include": ("orders*",), "exclude": ("id-1",)}, ["id-2"]),
        ({"include": ("Orders*",)}, []),
    ],
)
async def test_what_is_not_watched_is_not_there(fields: dict[str, Any], kept: list[str]) -> None:
    listed = [thing("id-1", "orders"), thing("id-2", "orders-archive"), thing("id-3", "users")]

    assert await ids({"p": listed}, **fields) == kept


@pytest.mark.parametrize(
    ("listed", "ids_", "name"),
    [
        ([("", "")], "main", "main"),
        ([("", "College")], "main", "College"),
        ([("i-1", "College")], "i-1", "College"),
        ([("i-1", "College"), ("", "")], "i-1", "College"),
        ([("", ""), ("i-1", "College")], "main", "College"),
        ([("", ""), ("i-1", "College"), ("i-1", "University")], "main", "University"),
        ([("i-1", "College"), ("i-2", "University")], "i-2", "University"),
    ],
)
async def test_an_id_of_our_own_is_the_sources_name_and_once_chosen_stays(
    listed: list[tuple[str, str]], ids_: str, name: str
) -> None:
    found = Inventory()
    for own, called in listed:
        found = await after(found, {"only": [Resource(id=own, name=called, kind="institution")]})

    assert [(one.id, one.name) for one in found.resources().values()] == [(ids_, name)]


async def test_a_resource_without_a_name_is_called_by_its_id() -> None:
    found = await after(Inventory(), {"p": [Resource(id="a", name="", kind="mysql"), thing("b")]})

    assert [one.name for one in found.resources().values()] == ["a", "b"]


async def test_only_the_unreadable_scopes_are_asked_again() -> None:
    before = await after(Inventory(), {"p": [thing("a")], "q": [thing("b")], "r": [thing("c")]})
    before = await after(before, {"p": [thing("a")], "q": FORBIDDEN, "r": BROKEN})
    vendor = Vendor({"q": [thing("b"), thing("d")], "r": BROKEN})
    updated = await retry_failed(before, source(), vendor)

    assert vendor.asked == ["q", "r"]
    assert set(updated.resources()) == {"a", "b", "c", "d"}
    assert updated.errors_by_resource() == {"c": BROKEN}
    assert set(updated.scopes) == {"p", "q", "r"}


async def test_scopes_that_fail_again_each_keep_their_own_reason() -> None:
    before = await after(Inventory(), {"p": [thing("a")], "q": [thing("b")], "r": [thing("c")]})
    before = await after(before, {"p": [thing("a")], "q": FORBIDDEN, "r": BROKEN})
    updated = await retry_failed(before, source(), Vendor({"q": FORBIDDEN, "r": MISSING}))

    assert updated.errors_by_resource() == {"b": FORBIDDEN, "c": MISSING}
    assert set(updated.resources()) == {"a", "b", "c"}


async def test_a_credential_that_is_refused_while_asking_again_is_the_sources() -> None:
    before = await after(Inventory(), {"p": [thing("a")], "q": FORBIDDEN})

    with pytest.raises(UnauthorizedError):
        await retry_failed(before, source(), Vendor({"q": UnauthorizedError("HTTP 401", source_wide=True)}))


@pytest.mark.parametrize(
    ("known", "found", "accepted", "limits"),
    [
        ("", "ab", "ab", []),
        ("", "abc", "ab", ["resources"]),
        ("", "abcd", "ab", ["resources", "resources"]),
        ("abc", "abc", "abc", []),
        ("abc", "abcd", "abc", ["resources"]),
        ("bc", "abc", "bc", ["resources"]),
        ("xy", "ab", "ab", []),
        ("xa", "ab", "ab", []),
    ],
)
def test_a_cap_refuses_what_is_new_and_drops_nothing_live(
    known: str, found: str, accepted: str, limits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "MAX_RESOURCES", 2)
    resources, caps = apply_caps(set(known), {key: thing(key) for key in found})

    assert "".join(resources) == accepted
    assert [cap.limit for cap in caps] == limits


def test_an_id_that_is_no_sane_label_is_refused() -> None:
    longest, longer = "x" * 256, "x" * 257
    resources, caps = apply_caps(set(), {key: thing(key) for key in (longest, longer)})

    assert list(resources) == [longest]
    assert [(cap.limit, cap.reason) for cap in caps] == [("labels", "its id is longer than 256 characters")]


def optional(*scopes: str) -> list[Scope]:
    """Return a required scope and some that an account may do without."""
    return [Scope(id="p"), *(Scope(id=key, optional=True) for key in scopes)]


@pytest.mark.parametrize("failed", [FORBIDDEN, BROKEN], ids=["403", "500"])
async def test_an_optional_scope_never_makes_the_source_fail(failed: PollError) -> None:
    updated = await discover(Inventory(), source(), optional("q"), Vendor({"p": [], "q": failed}))

    assert dict(updated.unreadable) == {"q": failed}


async def test_an_optional_scope_without_resources_hides_no_failure_of_the_others() -> None:
    with pytest.raises(ForbiddenError):
        await discover(Inventory(), source(), optional("q"), Vendor({"p": FORBIDDEN, "q": []}))


async def test_an_optional_scope_with_resources_keeps_the_source_up() -> None:
    updated = await discover(Inventory(), source(), optional("q"), Vendor({"p": FORBIDDEN, "q": [thing("b")]}))

    assert (set(updated.resources()), dict(updated.unreadable)) == ({"b"}, {"p": FORBIDDEN})

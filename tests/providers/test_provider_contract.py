"""What the contract between a vendor's file and the rest gives both sides."""

from dataclasses import replace

import pytest

from exporter import wire
from exporter.errors import CapError, MalformedError
from exporter.model import Status
from exporter.provider import address
from tests.polling.stub_provider import STUB


@pytest.mark.parametrize("segments", [(".",), ("..",), ("v1", ".."), ("v1", ".", "backups")])
def test_an_address_cannot_hold_a_step_up_or_none(segments: tuple[str, ...]) -> None:
    with pytest.raises(MalformedError, match="cannot be part of a path"):
        address("https://api.example", *segments)


def test_other_dots_stay() -> None:
    assert address("https://api.example/", "v1.0", "...", "a/b", page=2) == "https://api.example/v1.0/.../a%2Fb?page=2"


@pytest.mark.parametrize(("statuses", "lists"), [(frozenset(Status), True), (frozenset({Status.COMPLETED}), False)])
def test_a_vendor_lists_failures_where_it_has_a_word_for_them(statuses: frozenset[Status], lists: bool) -> None:
    assert replace(STUB, statuses=statuses).lists_failures is lists


def test_a_cap_of_the_whole_source_is_the_same_cap() -> None:
    wide = CapError("too many pages", limit="pages").widen()

    assert isinstance(wide, CapError)
    assert (str(wide), wide.limit, wide.source_wide) == ("too many pages", "pages", True)


@pytest.mark.parametrize("count", [0, 1, wire.ITEMS_PER_TURN, 2 * wire.ITEMS_PER_TURN + 1])
async def test_items_come_by_turns_whole_and_in_order(count: int) -> None:
    assert [item async for item in wire.by_turns(range(count))] == list(range(count))

"""Records that are known to the byte are not mapped again, and what comes of that is what comes of mapping them all."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import MalformedError
from exporter.model import Backup, Resource, Status
from exporter.polling.mapping import map_page
from exporter.provider import RawPage
from exporter.state.listing import Listing
from exporter.state.resource import ResourceStatus
from tests.fuzz.profile import fuzz
from tests.polling.stub_provider import STUB, Options, row

NEW = ResourceStatus(resource=Resource(id="r", name="r", kind="stub"), first_seen=0.0)
STATUSES = ("done", "failed", "running", "resting")
Row = Mapping[str, Any]


def part(*rows: Any) -> RawPage:
    return RawPage(records=[msgspec.Raw(json.dumps(one).encode()) for one in rows])


def read(resource_status: ResourceStatus, pages: Sequence[Sequence[Row]], *, whole: bool) -> ResourceStatus:
    """Take a reading as the poller does."""
    before = resource_status.listing or Listing()
    found = [map_page(STUB, Options(), part(*page), before.backups.hashes()) for page in pages]
    fresh = {backup.id: backup for page in found for backup in page.backups}
    return resource_status.update_listing(before.merge_pages(found, whole=whole), sizes=True, fresh=fresh)


def read_anew(resource_status: ResourceStatus, pages: Sequence[Sequence[Row]], *, whole: bool) -> ResourceStatus:
    """Take it as if nothing were known to the byte."""
    found = [map_page(STUB, Options(), part(*page)) for page in pages]
    return resource_status.update_listing(
        (resource_status.listing or Listing()).merge_pages(found, whole=whole), sizes=True
    )


@st.composite
def rows(draw: st.DrawFn) -> Row:
    number = draw(st.integers(0, 30))
    status = draw(st.sampled_from(STATUSES if number % 5 == 0 else STATUSES[:2]))
    started = None if number == 7 else float(number) + draw(st.sampled_from([0.0, 0.0, 0.25]))
    return {**row(str(number), status, finished=draw(st.sampled_from([None, 50.0]))), "started": started}


def split_pages(found: list[Row], at: int) -> list[list[Row]]:
    return [found[:at], found[at:]]


PAGES = st.builds(split_pages, st.lists(rows(), max_size=25, unique_by=lambda one: one["id"]), st.integers(0, 25))


@fuzz(400)
@given(readings=st.lists(st.tuples(PAGES, st.booleans()), min_size=2, max_size=7))
@pytest.mark.slow
def test_it_makes_no_difference_what_was_known_to_the_byte(readings: list[tuple[list[list[Row]], bool]]) -> None:
    seen = anew = NEW
    for pages, whole in readings:
        seen, anew = read(seen, pages, whole=whole), read_anew(anew, pages, whole=whole)
        assert seen.listing == anew.listing
        assert seen.summary == anew.summary
        assert {kind: set(kept) for kind, kept in seen.history.successes.items()} == {
            kind: set(kept) for kind, kept in anew.history.successes.items()
        }


def test_only_what_differs_is_mapped() -> None:
    asked: list[str] = []

    class Counting:
        def backup(self, options: Options, one: Any) -> Backup | None:
            asked.append(one["id"])
            return STUB.backup(options, one)

    known = read(NEW, [[row("a", started=1), row("b", "running", 2)]], whole=True)
    assert known.listing is not None
    now = part(row("a", started=1), row("b", "done", 2), row("c", started=3))
    page = map_page(Counting(), Options(), now, known.listing.backups.hashes())  # type: ignore[arg-type]

    assert asked == ["b", "c"]
    assert [backup.id for backup in page.backups] == ["b", "c"]
    assert len(page.unchanged) == 1


@pytest.mark.parametrize("odd", [None, 7, "a", [], {}])
def test_a_record_that_is_none_is_malformed_although_the_others_are_known(odd: Any) -> None:
    known = read(NEW, [[row("a")]], whole=True)
    assert known.listing is not None

    with pytest.raises((MalformedError, KeyError)):
        map_page(STUB, Options(), part(row("a"), odd), known.listing.backups.hashes())


def test_of_what_is_known_to_the_byte_only_what_is_still_listed_stays() -> None:
    known = read(NEW, [[row("a", started=1), row("b", started=2), row("c", "running", 3)]], whole=True)
    now = read(known, [[row("b", started=2), row("d", started=4)]], whole=True)
    part_of_it = read(known, [[row("b", started=2), row("d", started=4)]], whole=False)

    assert now.listing is not None
    assert part_of_it.listing is not None
    assert set(now.listing.backups) == {"b", "d"}
    assert set(part_of_it.listing.backups) == {"a", "b", "c", "d"}


TWINS = [row("daily", "failed", 1.0), row("daily", "done", 2.0)]


def _others(number: int) -> list[Row]:
    return [row(str(own), started=10.0 + own) for own in range(number)]


@pytest.mark.parametrize("twins", [TWINS, TWINS[::-1]])
@pytest.mark.parametrize("first", [TWINS, TWINS[:1], TWINS[1:], []])
def test_of_two_records_with_one_id_the_last_counts_whatever_was_known_before(
    first: list[Row], twins: list[Row]
) -> None:
    """The other one was fresh at each change, and took the place of the one that was known to the byte."""
    known = read(NEW, [first], whole=True)
    known = read(known, [[*twins, *_others(1)]], whole=True)  # the one that is new counts at once
    for number in range(2, 6):
        listed = [*twins, *_others(number)]
        known = read(known, [listed], whole=True)
        assert known.listing == read_anew(NEW, [listed], whole=True).listing


def test_two_records_with_one_id_take_no_turns_where_only_the_newest_are_read() -> None:
    known, counted = read(NEW, [TWINS], whole=True), set[Status]()
    for number in range(1, 6):
        known = read(known, [[*_others(number), *TWINS]], whole=False)
        assert known.listing is not None
        counted.add(known.listing.backups["daily"].status)
    assert counted == {Status.COMPLETED}

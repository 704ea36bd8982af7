"""What outlives a resource's disappearance, and for how long."""

from typing import Any

import pytest

from exporter.model import Backup, Details, Resource, Status
from exporter.state.archive import RETENTION, Archive, ArchivedResource, archive
from exporter.state.history import History
from exporter.state.listing import Listing, Page
from exporter.state.resource import ResourceStatus

DAY = 86400.0
NOW = 100 * DAY


def thing(**fields: Any) -> Resource:
    return Resource(**{"id": "a", "name": "orders", "kind": "postgresql", **fields})


def resource_status(resource: Resource | None = None) -> ResourceStatus:
    backups = (
        Backup(id="3", status=Status.FAILED, started=3, kind="dump"),
        Backup(id="2", status=Status.COMPLETED, started=2, size=5, finished=9, kind="dump"),
    )
    listing = Listing().merge_pages([Page(backups=backups)], whole=True)
    return ResourceStatus(resource=resource or thing(), first_seen=50 * DAY, up=True).update_listing(
        listing, sizes=True
    )


def put_away(resource: Resource | None = None, source: str = "main") -> Archive:
    archive = Archive()
    archive.add(source, resource_status(resource), NOW)
    return archive


def take_back(
    archive: Archive, resource: Resource | None = None, *, after: float = 0.0, source: str = "main"
) -> ResourceStatus:
    return archive.restore(source, resource or thing(), NOW + after, sizes=True)


def test_a_resource_nobody_knows_is_new() -> None:
    details = Details(interval=DAY)
    found = take_back(Archive(), thing(details=details))

    assert found == ResourceStatus(resource=thing(details=details), first_seen=NOW, details=details)
    assert found.summary is None


def test_a_resource_that_comes_back_is_known() -> None:
    found = take_back(put_away(), thing(name="renamed"), after=DAY)

    assert found.first_seen == 50 * DAY
    assert found.resource.name == "renamed"
    assert found.history.successes == resource_status().history.successes
    assert found.summary is not None
    assert (found.summary.last_success, found.summary.last_size) == (2, {"dump": 5})


def test_only_successes_come_back() -> None:
    """Whatever else was seen may be over; until it is listed again nothing is said of it."""
    found = take_back(put_away(), after=DAY)

    assert (found.history.attempt, found.history.failure, found.history.finished) == (None, None, None)
    assert (found.up, found.failure, found.listing, found.fully_listed_at) == (None, None, None, None)
    assert found.summary is not None
    assert (found.summary.counts, found.summary.failures, found.summary.stored_bytes) == ({}, None, None)


@pytest.mark.parametrize(("after", "known"), [(0.0, True), (7 * DAY, True), (7 * DAY + 1, False)])
def test_what_is_gone_is_remembered_for_seven_days(after: float, known: bool) -> None:
    archive = put_away()

    assert RETENTION == 7 * DAY
    assert len(list(archive.entries(NOW + after))) == int(known)
    assert bool(take_back(put_away(), after=after).history.successes) is known
    assert take_back(archive, after=after).first_seen == (50 * DAY if known else NOW + after)


@pytest.mark.parametrize(
    ("created", "now_created", "known"),
    [(10.0, 10.0, True), (10.0, 20.0, False), (20.0, 10.0, False), (None, 10.0, True), (10.0, None, True)],
)
def test_another_creation_time_is_another_thing_under_an_old_name(
    created: float | None, now_created: float | None, known: bool
) -> None:
    found = take_back(put_away(thing(created=created)), thing(created=now_created))

    assert bool(found.history.successes) is known
    assert found.first_seen == (50 * DAY if known else NOW)


def test_sources_do_not_share_what_they_remember() -> None:
    assert take_back(put_away(source="other")).history == History()
    assert take_back(put_away(), thing(id="b")).history == History()


def test_what_came_back_is_no_longer_kept_as_gone() -> None:
    archive = put_away()
    take_back(archive)

    assert list(archive.entries(NOW)) == []


def test_what_was_never_listed_since_a_restart_is_not_forgotten_by_the_next_one() -> None:
    kept = archive(take_back(put_away()), NOW + DAY)

    assert (kept.first_seen, kept.gone_since) == (50 * DAY, NOW + DAY)
    assert kept.history.successes == resource_status().history.successes


def test_a_memory_begins_with_what_a_state_file_kept() -> None:
    kept = ArchivedResource(first_seen=1, created=None, history=History(), gone_since=NOW)
    archive = Archive({("main", "a"): kept})

    assert list(archive.entries(NOW)) == [(("main", "a"), kept)]
    assert take_back(archive).first_seen == 1
    assert take_back(Archive({("main", "a"): kept})).summary is None

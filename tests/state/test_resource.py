"""What is known of a resource, replaced whole."""

from typing import Any

import pytest

from exporter.model import Backup, Details, RecoveryWindow, Resource, Status
from exporter.state.history import History
from exporter.state.listing import Listing, Page
from exporter.state.resource import ResourceStatus, SourceStatus


def thing(**fields: Any) -> Resource:
    return Resource(**{"id": "a", "name": "orders", "kind": "postgresql", **fields})


def listing(*backups: Backup, recovery: RecoveryWindow | None = None) -> Listing:
    return Listing().merge_pages([Page(backups=backups, recovery=recovery)], whole=True)


DONE = Backup(id="1", status=Status.COMPLETED, started=1, size=4)
RUNS = Backup(id="2", status=Status.IN_PROGRESS, started=2)
WAITS = Backup(id="3", status=Status.PENDING, started=3)


@pytest.mark.parametrize(
    ("by_discovery", "by_facts", "paused"),
    [(False, None, False), (True, None, True), (False, False, False), (True, False, True), (False, True, True)],
)
def test_rests_if_discovery_or_facts_say_so(by_discovery: bool, by_facts: bool | None, paused: bool) -> None:
    details = None if by_facts is None else Details(paused=by_facts)

    assert ResourceStatus(resource=thing(paused=by_discovery), first_seen=0, details=details).paused is paused


@pytest.mark.parametrize(
    ("by_discovery", "details", "state"),
    [
        (None, None, None),
        ("running", None, "running"),
        ("running", Details(), "running"),
        ("running", Details(state="stopped"), "stopped"),
        (None, Details(state="stopped"), "stopped"),
    ],
)
def test_state_is_the_later_word(by_discovery: str | None, details: Details | None, state: str | None) -> None:
    assert ResourceStatus(resource=thing(state=by_discovery), first_seen=0, details=details).state == state


def test_rediscovery_changes_what_discovery_tells_and_nothing_else() -> None:
    before = ResourceStatus(resource=thing(), first_seen=5, details=Details(interval=60), up=True).update_listing(
        listing(DONE), sizes=True
    )
    updated = before.update_resource(thing(name="renamed", state="stopped"), 99)

    assert (updated.resource.name, updated.state) == ("renamed", "stopped")
    assert (updated.first_seen, updated.details, updated.up) == (5, before.details, True)
    assert (updated.history, updated.summary, updated.listing) == (before.history, before.summary, before.listing)


def test_facts_that_discovery_tells_replace_those_known() -> None:
    before = ResourceStatus(resource=thing(), first_seen=5, details=Details(interval=60))

    assert before.update_resource(thing(details=Details(interval=90)), 99).details == Details(interval=90)


@pytest.mark.parametrize(
    ("created", "now_created", "known"), [(1.0, 1.0, True), (1.0, 2.0, False), (None, 2.0, True), (1.0, None, True)]
)
def test_another_creation_time_is_another_thing(created: float | None, now_created: float | None, known: bool) -> None:
    before = ResourceStatus(
        resource=thing(created=created), first_seen=5, details=Details(interval=60), up=False, failure="tls"
    )
    updated = before.update_listing(listing(DONE), sizes=True).update_resource(thing(created=now_created), 99)

    if known:
        assert (updated.first_seen, updated.failure) == (5, "tls")
        assert updated.history.newest is not None
    else:
        assert updated == ResourceStatus(resource=thing(created=now_created), first_seen=99)


def test_a_listing_goes_into_history_and_summary() -> None:
    updated = ResourceStatus(resource=thing(), first_seen=5).update_listing(listing(DONE, RUNS), sizes=True)

    assert updated.history == History().merge_listing([DONE, RUNS])
    assert updated.summary is not None
    assert (updated.summary.last_success, updated.summary.running, updated.summary.stored_bytes) == (1, 1, 4)
    assert updated.listing == listing(DONE, RUNS)


def test_a_recovery_window_goes_into_history_and_summary() -> None:
    window = RecoveryWindow(kind="pitr", earliest=1, latest=9)
    updated = ResourceStatus(resource=thing(), first_seen=5).update_listing(listing(recovery=window), sizes=True)

    assert updated.summary is not None
    assert (updated.summary.last_success, updated.summary.oldest_success) == (9, 1)


def test_a_vendor_without_sizes_stores_an_unknown_amount() -> None:
    updated = ResourceStatus(resource=thing(), first_seen=5).update_listing(listing(), sizes=False)

    assert updated.summary is not None
    assert updated.summary.stored_bytes is None


def test_what_runs_is_in_progress_and_not_pending() -> None:
    new = ResourceStatus(resource=thing(), first_seen=5)

    assert new.running_backups() == []
    assert new.update_listing(listing(DONE, RUNS, WAITS), sizes=True).running_backups() == [RUNS]


@pytest.mark.parametrize(("up", "polled"), [(None, False), (False, True), (True, True)])
def test_a_poll_that_ended_badly_has_ended(up: bool | None, polled: bool) -> None:
    assert SourceStatus(configured_interval=1, interval=1, up=up).polled is polled

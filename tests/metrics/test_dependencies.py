"""Which fields decide whether a resource's lines are rendered again: those that the families read."""

from dataclasses import fields, replace
from typing import Any

import pytest

from exporter.metrics.dependencies import VERDICT, fields_read
from exporter.metrics.render import ALL_FAMILIES, FamilyTable, render_resource
from exporter.metrics.resource_families import RESOURCE_FAMILIES
from exporter.model import Details, Restore, Status
from exporter.state.download_check import DownloadCheck
from exporter.state.resource import ResourceStatus
from exporter.state.view import ResourceView
from tests.metrics.states import ORDERS

assert ORDERS.summary is not None
LABELS = (("resource", "orders"),)
CHANGES: dict[str, Any] = {
    "resource": replace(ORDERS.resource, state="changed", created=5.0, paused=True),
    "first_seen": 7.0,
    "details": Details(scheduled=False, interval=60.0, restore=Restore(started=1.0, status=Status.FAILED)),
    "failure": "timeout",
    "summary": replace(ORDERS.summary, last_success_by_kind={}, failures_by_kind={}, counts={}),
    "unreadable_records": 3,
    "download_check": DownloadCheck(at=9.0, success=True, duration=1.0),
}


def family_reads(name: str) -> frozenset[str]:
    return fields_read(next(family.samples for family in RESOURCE_FAMILIES if family.name == name))


def test_a_family_reads_what_its_samples_are_made_of() -> None:
    assert family_reads("backup_resource_first_seen_timestamp_seconds") == {"first_seen"}
    assert family_reads("backup_monitoring_paused") == {"resource", "details"}
    assert family_reads("backup_resource_state") == {"resource", "details"}
    assert family_reads("backup_min_backups") == frozenset()
    assert VERDICT in family_reads("backup_resource_up")


def test_the_fields_that_are_compared_are_those_that_are_read() -> None:
    assert set(ALL_FAMILIES.status_fields) == set(CHANGES), "add an example of the new field to CHANGES"


@pytest.mark.parametrize("name", [field.name for field in fields(ResourceStatus)])
def test_a_change_of_any_field_is_rendered_as_if_all_were(name: str) -> None:
    before = ResourceView(status=ORDERS, up=True)
    change: dict[str, Any] = {name: CHANGES.get(name, getattr(ORDERS, name))}
    after = ResourceView(status=replace(ORDERS, **change), up=True)
    known = render_resource(before, LABELS)
    fresh = render_resource(after, LABELS)
    assert render_resource(after, LABELS, (before, known)) == fresh
    assert (fresh != known) is (name in CHANGES)


@pytest.mark.parametrize("kept", [("backup_age_seconds",), ("backup_age_seconds", "backup_resource_up"), ()])
def test_a_table_of_few_families_reads_what_they_need(kept: tuple[str, ...]) -> None:
    table = FamilyTable(frozenset(family.name for family in RESOURCE_FAMILIES if family.name not in kept))

    assert [family.name for family in table.families] == [one.name for one in RESOURCE_FAMILIES if one.name in kept]
    assert table.read_status(ORDERS) == tuple(getattr(ORDERS, name) for name in table.status_fields)

"""The built-in provider against its declared twin on the simulated vendor, value by value."""

import pytest

from tests.declared.twins import find_differences

pytestmark = pytest.mark.integration


def test_northflank() -> None:
    compared, found = find_differences("northflank")

    assert compared > 160
    kept = "backup_configured_retention_seconds"  # the grammar has no word for how long schedules keep backups
    assert {(resource, name) for _, resource, name in found if name != kept} == {
        ("payments/risk-db", "backup_expected_interval_seconds"),
        ("payments/risk-db", "backup_max_age_seconds"),
    }, "the gap between two schedules that overlap is not expressed"

"""The built-in provider against its declared twin on the simulated vendor, value by value."""

import pytest

from tests.declared.twins import find_differences

pytestmark = pytest.mark.integration

BY_KIND = "backup_last_success_by_kind_timestamp_seconds"


def test_scalingo() -> None:
    compared, found = find_differences("scalingo")

    dedicated = {key[1] for key, values in found.items() if key[2] == "resource_kind" and values[1] is None}
    continuous = {key[1] for key, (ours, _) in found.items() if key[2] == BY_KIND and ours and "pitr" in ours}

    assert compared > 120
    assert len(dedicated) == 1, "dedicated PostgreSQL is not declared"
    assert len(continuous - dedicated) == 1, "the recovery window of a shared PostgreSQL is not declared"
    assert {key: values for key, values in found.items() if key[1] not in dedicated | continuous} == {}

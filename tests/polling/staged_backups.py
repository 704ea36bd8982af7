"""The backups that the simulated vendors stage, to be watched while they run."""

import pytest

from exporter.model import Backup
from exporter.state.resource import ResourceStatus
from exporter.state.store import Store
from tests.vendors.profile import Profile


def find_resource(store: Store, profile: Profile, name: str = "") -> ResourceStatus:
    """Return the resource whose backup is staged, under another name if that is given."""
    found = store.entries[profile.account].resources.values()
    return next(one for one in found if one.resource.name == (name or profile.staged.resource))


def run_of(resource_status: ResourceStatus, started: float) -> Backup:
    """Return the backup that started then."""
    assert resource_status.listing is not None
    return next(
        one for one in resource_status.listing.backups.values() if one.started == pytest.approx(started, abs=0.01)
    )

"""The backups that the simulated vendors stage, to be watched while they run."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import pytest

from exporter.demo.http import Account, Story
from exporter.model import Backup
from exporter.state.resource import ResourceStatus
from exporter.state.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A backup that a simulator stages: where, from when to when in the story, and what following it costs."""

    account: str
    resource: str
    begins: float
    ends: float
    asked: tuple[str, ...]
    """The ends of the paths that are asked for in the two looks it takes."""


STAGED = {
    "backupify": Staged(
        account="workspace", resource="Harbour School/102", begins=25, ends=75, asked=("active", "active", "{id}")
    ),
    "clickhouse_cloud": Staged(
        account="analytics", resource="orders", begins=20, ends=80, asked=("backups/{id}", "backups/{id}")
    ),
    "northflank": Staged(
        account="platform", resource="Uploads", begins=30, ends=90, asked=("backups/{id}", "backups/{id}")
    ),
    "scalingo": Staged(
        account="shop", resource="intranet/mongodb", begins=30, ends=100, asked=("backups", "backups")
    ),
    "scholarly": Staged(
        account="campus", resource="Northfield College", begins=10, ends=100, asked=("backups/{id}", "backups/{id}")
    ),
}  # fmt: skip


def accounts(vendor: str, story: Story) -> Sequence[Account]:
    """Return a vendor's simulated accounts."""
    found: Sequence[Account] = import_module(f"exporter.demo.vendors.{vendor}").accounts(story)
    return found


def resource(store: Store, staged: Staged, name: str | None = None) -> ResourceStatus:
    """Return the resource whose backup is staged, under another name if that is given."""
    resource_status = store.entries[staged.account].resources.values()
    return next(one for one in resource_status if one.resource.name == (name or staged.resource))


def run_of(resource_status: ResourceStatus, started: float) -> Backup:
    """Return the backup that started then."""
    assert resource_status.listing is not None
    return next(
        one for one in resource_status.listing.backups.values() if one.started == pytest.approx(started, abs=0.01)
    )

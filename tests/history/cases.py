"""Readings made by hand, for the tests of the report and of the backfill."""

from typing import Any

from exporter import registry
from exporter.history.report import Period, SourceReading
from exporter.history.timeline import Timeline, make_timeline
from exporter.model import Backup, Details, RecoveryWindow, Resource, Status
from exporter.settings import Source
from exporter.state.listing import Listing, Page
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.verdicts import SourceVerdicts

PROVIDER, *_ = registry.names()
DAY = 86400.0
NOW = 1_764_028_800.0
"""2025-11-25T00:00:00Z."""
PERIOD = Period(since=NOW - 30 * DAY, until=NOW, now=NOW)


def platform(**fields: Any) -> Source:
    provider = registry.provider(PROVIDER)
    given = {"name": "platform", "provider": provider, "provider_name": PROVIDER, "options": None}
    return Source(**{**given, "rate_limit": provider.rate_limit, **fields})


def backup(days: float, status: Status = Status.COMPLETED, **fields: Any) -> Backup:
    """Return a backup that started so many days before now, and took an hour."""
    started = NOW - days * DAY
    ended = {} if status in (Status.IN_PROGRESS, Status.PENDING) else {"finished": started + 3600.0}
    return Backup(**{"id": f"{days}", "status": status, "started": started, "size": 7.0, **ended, **fields})


def resource_status(*backups: Backup, recovery: RecoveryWindow | None = None, **fields: Any) -> ResourceStatus:
    """Return a resource that lists these."""
    listing = Listing().merge_pages([Page(backups=backups, recovery=recovery)], whole=True)
    resource = fields.pop("resource", Resource(id="payments/ledger", name="Ledger", kind="postgresql"))
    details = fields.pop("details", Details(interval=DAY))
    return ResourceStatus(resource=resource, first_seen=NOW, up=True, details=details, **fields).update_listing(
        listing, sizes=True
    )


def reading(
    *resources: ResourceStatus, up: bool = True, failure: str | None = None, source: Source | None = None
) -> SourceReading:
    """Return a reading with the verdicts of now; what is restored with a resource stood before."""
    source, status = source or platform(), SourceStatus(configured_interval=300, interval=300, up=up, failure=failure)
    verdicts = SourceVerdicts(source)
    return SourceReading(source=source, status=status, views=[verdicts.judge(one, status, NOW) for one in resources])


def known(*backups: Backup, **fields: Any) -> Timeline:
    one = resource_status(*backups, **fields)
    policy = platform().policy(one.resource.id, one.resource.name)
    return make_timeline(one.listing, one.details, policy, one.resource.created, history=one.history)

"""Reads one source once, from its discovery to its listings, and returns what was understood."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter.client.change_detector import ChangeDetector
from exporter.client.client import Client
from exporter.client.session import Session
from exporter.errors import PollError
from exporter.model import Backup, Details, RecoveryWindow, Resource
from exporter.polling.discovery import Discovery
from exporter.polling.guard import guard
from exporter.polling.reader import Reader
from exporter.settings import Source
from exporter.state.inventory import Inventory
from exporter.state.resource import ResourceStatus


@dataclass(slots=True)
class TrialReading:
    """What one reading of a source gave."""

    resources: list[Resource] = field(default_factory=list)
    """All that discovery found."""
    details: dict[str, Details] = field(default_factory=dict)
    backups: dict[str, list[Backup]] = field(default_factory=dict)
    windows: dict[str, RecoveryWindow] = field(default_factory=dict)
    failures: dict[str, PollError] = field(default_factory=dict)
    """By resource."""
    scope_failures: dict[str, PollError] = field(default_factory=dict)
    source_failure: PollError | None = None


Pick = Callable[[Sequence[Resource]], Sequence[Resource]]


class NullLogger:
    """Logs nothing: what happens is shown in another way."""

    def exception(self, event: str, **_: Any) -> None:
        """Drop a line."""

    warning = info = error = debug = exception


async def read_once(source: Source, client: Client, pick: Pick = lambda found: found) -> TrialReading:
    """Read a source; of its resources, those that `pick` chooses."""
    found, log = TrialReading(), NullLogger()

    def api(detector: ChangeDetector | None = None) -> Session:
        return Session(client=client, detector=detector)

    discovery = Discovery(source, log, Inventory())
    try:
        await discovery.refresh(api)
    except PollError as error:
        found.source_failure = error
        return found
    found.resources = list(discovery.inventory.resources().values())
    found.scope_failures = dict(discovery.inventory.unreadable)
    reader = Reader(source=source, api=api, listing_api=api)
    for resource in pick(found.resources):
        try:
            await guard(log, "reading a resource", _read(reader, resource, found))
        except PollError as error:
            found.failures[resource.id] = error
    return found


async def _read(reader: Reader, resource: Resource, found: TrialReading) -> None:
    resource_status = ResourceStatus(resource=resource, first_seen=0.0, details=resource.details)
    reading = await reader.listing(resource_status)
    backups: dict[str, Backup] = {}
    for page in reading.pages if reading is not None else ():
        backups.update((backup.id, backup) for backup in page.backups)
        if page.recovery is not None:
            found.windows.setdefault(resource.id, page.recovery)
    found.backups[resource.id] = list(backups.values())
    if reader.needs_details(resource_status):
        found.details[resource.id] = await reader.details(resource_status)
    elif resource.details is not None:
        found.details[resource.id] = resource.details


def show_resource(resource: Resource) -> Mapping[str, Any]:
    """Return a resource by the names that `expect` uses."""
    return {
        "resource": resource.id,
        "name": resource.name,
        "kind": resource.kind,
        "state": resource.state,
        "created": resource.created,
        "paused": resource.paused,
    }


def show_backup(backup: Backup) -> Mapping[str, Any]:
    """Return a backup by the names that `expect` uses."""
    return {
        "id": backup.id,
        "status": str(backup.status),
        "started": backup.started,
        "finished": backup.finished,
        "duration": backup.duration,
        "size": backup.size,
        "kind": backup.kind,
        "progress": backup.progress,
        "expires": backup.expires,
    }


def show_details(details: Details) -> Mapping[str, Any]:
    """Return a schedule by the names that `expect` uses."""
    return {
        "enabled": details.scheduled,
        "interval": details.interval,
        "intervals": dict(details.intervals),
        "state": details.state,
        "paused": details.paused,
    }


def show_window(window: RecoveryWindow) -> Mapping[str, Any]:
    """Return a recovery window by the names that `expect` uses."""
    return {"kind": window.kind, "earliest": window.earliest, "latest": window.latest}

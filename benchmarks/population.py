"""Fills a board with resources that show every metric family there is, the same in each run."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from benchmarks.configured import choose_vendor, configuration
from exporter.config.loader import parse
from exporter.metrics.family import RESOURCE_LABELS
from exporter.metrics.resource_families import AGE, RESOURCE_FAMILIES
from exporter.model import Backup, Details, Resource, Restore, Status
from exporter.provider import RateLimit
from exporter.settings import Source
from exporter.state.listing import Listing, Page
from exporter.state.resource import ResourceStatus
from exporter.state.store import Store
from exporter.state.view import ResourceView

NOW = 1_800_000_000.0
HOUR = 3600.0
VENDOR = choose_vendor("arrivals")
LABELS = (("squad", "data"), ("tier", "gold"))


def source() -> Source:
    """Return a source with everything configured that has a metric."""
    watched = parse(configuration(VENDOR.name, 1), {}, Path()).settings.sources[0]
    return replace(
        watched,
        name="platform",
        rate_limit=RateLimit(requests=1000, per=HOUR),
        min_backups=4,
        min_retention=86400.0,
        labels=LABELS,
    )


def resources(count: int) -> Iterator[ResourceStatus]:
    """Yield resources with two kinds of backups: completed ones, a failed one, one that runs."""
    backups = (
        Backup(id="runs", status=Status.IN_PROGRESS, started=NOW - 60, kind="dump", progress=45.0),
        Backup(id="failed", status=Status.FAILED, started=NOW - HOUR, finished=NOW - HOUR + 60, kind="dump"),
        *(_make_completed(number) for number in range(40)),
    )
    details = Details(
        scheduled=True,
        interval=6 * HOUR,
        intervals={"dump": 24 * HOUR, "snapshot": 6 * HOUR},
        restore=Restore(started=NOW - 90000.5, status=Status.COMPLETED),
    )
    first = Resource(id="", name="", kind="postgresql", state="running", created=NOW - 9e6)
    known = ResourceStatus(resource=first, first_seen=NOW - 8e6, details=details, up=True)
    known = known.update_listing(Listing().merge_pages([Page(backups=backups)], whole=True), sizes=True)
    for number in range(count):
        key = f"project-{number % 97}/addon-{number:06d}"
        yield replace(known, resource=replace(first, id=key, name=f"Addon {number}"))


def populate(count: int) -> Store:
    """Return a board with one source of `count` resources."""
    store, whole = Store(lambda: NOW), source()
    store.add_source(whole)
    for resource_status in resources(count):
        store.put(whole.name, resource_status)
    return store


def registry(count: int) -> CollectorRegistry:
    """Return the same families with the same samples as the official client keeps them."""
    found, whole = CollectorRegistry(), source()
    names = [name for name, _ in LABELS]
    gauges = [
        Gauge(family.name, family.help, [*RESOURCE_LABELS, *names, *family.own], registry=found)
        for family in RESOURCE_FAMILIES
    ]
    values = [value for _, value in LABELS]
    for resource_status in resources(count):
        view = ResourceView(status=resource_status, policy=whole.policy(resource_status.resource.id, ""), up=True)
        common = (whole.provider_name, whole.name, resource_status.resource.id, *values)
        for family, gauge in zip(RESOURCE_FAMILIES, gauges, strict=True):
            for own, value in family.samples(view):
                gauge.labels(*common, *own).set(NOW - value if family.name == AGE else value)
    return found


def _make_completed(number: int) -> Backup:
    began = NOW - 6 * HOUR * (number + 1)
    kind = "snapshot" if number % 4 else "dump"
    size = 5_000_000_000 + 7 * number
    return Backup(id=str(number), status=Status.COMPLETED, started=began, finished=began + 90.25, size=size, kind=kind)

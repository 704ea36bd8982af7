"""Computes the age limits in force for a resource, and how old the resource is, for verdicts, metrics and pages."""

from collections.abc import Mapping

from exporter.settings import Policy
from exporter.state.resource import ResourceStatus

NO_LIMITS: Mapping[str, float] = {}


def max_age(status: ResourceStatus, policy: Policy) -> float | None:
    """Return the age limit in seconds: configured, else derived; None where neither is known."""
    interval = status.details.interval if status.details is not None else None
    if policy.max_age is not None or interval is None:
        return policy.max_age
    return policy.derive_max_age(interval)


def max_age_by_kind(status: ResourceStatus, policy: Policy) -> Mapping[str, float]:
    """Return the derived age limit in seconds of each kind that has a schedule of its own.

    There is none for a resource of which no record names a kind: nothing could ever meet it.
    """
    intervals = status.judged_intervals
    return {kind: policy.derive_max_age(interval) for kind, interval in intervals.items()} if intervals else NO_LIMITS


def created_or_first_seen(status: ResourceStatus) -> float:
    """Return since when there could be backups: the creation by the vendor, else the first sight."""
    created = status.resource.created
    return status.first_seen if created is None else created

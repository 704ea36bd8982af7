"""Bounds the memory that the known backups of one source take, however they were read."""

from collections.abc import Mapping

from exporter.errors import CapError
from exporter.state.resource import ResourceStatus

LIGHT_BYTES, MAX_SOURCE_BYTES = 2**20, 256 * 2**20
"""Bytes that a listing may always take, and that all listings of a source may take together."""


def require_room(resource_status: ResourceStatus, resources: Mapping[str, ResourceStatus]) -> None:
    """Raise CapError for a listing with which the source of these `resources` would take more memory than any may."""
    weight = _weigh(resource_status)
    if weight <= LIGHT_BYTES:
        return
    others = (one for key, one in resources.items() if key != resource_status.resource.id)
    if weight + sum(map(_weigh, others)) > MAX_SOURCE_BYTES:
        text = f"the backups of all resources together take more than {MAX_SOURCE_BYTES // 2**20} MiB"
        raise CapError(text, limit="body")


def _weigh(resource_status: ResourceStatus) -> int:
    return resource_status.listing.backups.weight() if resource_status.listing else 0

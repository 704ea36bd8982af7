"""All metric families of the exporter, in the order of the exposition."""

from typing import Any

from exporter.metrics.family import Family
from exporter.metrics.resource_families import RESOURCE_FAMILIES
from exporter.metrics.source_families import EXPORTER_FAMILIES, SOURCE_FAMILIES

FAMILIES: tuple[Family[Any], ...] = (*RESOURCE_FAMILIES, *SOURCE_FAMILIES, *EXPORTER_FAMILIES)

PROCESS_FAMILIES = (
    "process_virtual_memory_bytes",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_max_fds",
    "python_info",
)
"""What the official client gives about the process itself."""


def family_names() -> tuple[str, ...]:
    """Return the names of all families that can be exposed."""
    return (*(family.name for family in FAMILIES), *PROCESS_FAMILIES)


PROTECTED_FAMILIES = frozenset(
    name
    for name in family_names()
    if name in ("backup_resource_problem", "backup_source_problem") or name.startswith("backup_exporter_")
)
"""Families that cannot be excluded, since the alerts need them."""
REQUIRED_FAMILIES = frozenset(("backup_resource_up", "backup_source_up", "backup_poll_configured_interval_seconds"))
"""What the alerts read too; excluding one is a warning."""

"""All metric families of the exporter, in the order of the exposition."""

from typing import Any

from exporter.metrics.family import Family
from exporter.metrics.resource_families import RESOURCE_FAMILIES
from exporter.metrics.source_families import EXPORTER_FAMILIES, SOURCE_FAMILIES

FAMILIES: tuple[Family[Any], ...] = (*RESOURCE_FAMILIES, *SOURCE_FAMILIES, *EXPORTER_FAMILIES)

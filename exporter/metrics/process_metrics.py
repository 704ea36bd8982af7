"""The metrics of the process itself, as every Prometheus client library gives them."""

import re
from collections.abc import Callable

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics_exposition

_NAME = re.compile(rb"(?:# (?:HELP|TYPE|UNIT) )?([a-z_]+)")
_registry = CollectorRegistry()
ProcessCollector(registry=_registry)
PlatformCollector(registry=_registry)


def render_process(*, openmetrics: bool, excluded: frozenset[str] = frozenset()) -> bytes:
    """Write process_* and python_info; for OpenMetrics with the end mark, so it has to come last."""
    write: Callable[[CollectorRegistry], bytes] = (
        openmetrics_exposition.generate_latest if openmetrics else generate_latest
    )
    text = write(_registry)
    if not excluded:
        return text
    return b"".join(line for line in text.splitlines(keepends=True) if not _is_of(line, excluded))


def _is_of(line: bytes, names: frozenset[str]) -> bool:
    """Return whether a line of the exposition belongs to one of these families."""
    found = _NAME.match(line)
    if found is None:
        return False
    name = found[1].decode()
    return name in names or f"{name}_total" in names  # OpenMetrics has `_total` on the samples only

"""The metrics of the process itself, as every Prometheus client library gives them."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics_exposition

_registry = CollectorRegistry()
ProcessCollector(registry=_registry)
PlatformCollector(registry=_registry)


def render_process(*, openmetrics: bool) -> bytes:
    """Write process_* and python_info; for OpenMetrics with the end mark, so it has to come last."""
    write: Callable[[CollectorRegistry], bytes] = (
        openmetrics_exposition.generate_latest if openmetrics else generate_latest
    )
    return write(_registry)

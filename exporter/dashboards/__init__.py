"""The Grafana dashboards, as files of this package; `make dashboards` writes them."""

from collections.abc import Iterator
from importlib.resources import files


def read_boards() -> Iterator[tuple[str, str]]:
    """Yield each dashboard: the name of its file, and its JSON."""
    for entry in sorted(files(__name__).iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".json"):
            yield entry.name, entry.read_text(encoding="utf-8")

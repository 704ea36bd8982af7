"""`backup-exporter providers`: lists the vendors that can be configured."""

from importlib import import_module

from exporter import registry

BUILT_IN = "built-in"


def providers() -> int:
    """Print a line for each provider: its name, its title, and where it comes from."""
    rows = [(name, _read_title(name), BUILT_IN) for name in registry.names()]
    widths = [max(len(row[at]) for row in rows) for at in range(2)]
    for name, title, origin in rows:
        print(f"{name:<{widths[0]}}  {title:<{widths[1]}}  {origin}")
    return 0


def _read_title(name: str) -> str:
    first, _, _ = (import_module(f"exporter.providers.{name}").__doc__ or name).partition(":")
    return first

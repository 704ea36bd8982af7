"""`backup-exporter example-config`: prints the example configuration, which shows every key."""

from importlib.resources import files


def example_config() -> int:
    """Print config.example.yaml, of which the package has a copy."""
    print((files("exporter.config") / "example.yaml").read_text(encoding="utf-8"), end="")
    return 0

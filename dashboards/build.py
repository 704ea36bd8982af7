"""Write the dashboards' JSON beside this file: `python -m dashboards.build`."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import health, overview, resource

FOLDER = Path(__file__).parent


def dashboards() -> dict[str, Dashboard]:
    """Make every dashboard, by the name of its file."""
    return {
        "overview.json": overview.dashboard(),
        "resource.json": resource.dashboard(),
        "exporter.json": health.dashboard(),
    }


def text(dashboard: Dashboard) -> str:
    """Write a dashboard so that a change of one thing is a change of one line."""
    return json.dumps(dashboard, cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Rewrite the files."""
    for name, dashboard in dashboards().items():
        (FOLDER / name).write_text(text(dashboard), encoding="utf-8")


if __name__ == "__main__":
    main()

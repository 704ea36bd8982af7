"""Write the dashboards' JSON beside this file: `python -m dashboards.build`; with `--check` only compare."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import health, overview, resource

FOLDER = Path(__file__).parent
PACKAGE = FOLDER.parent / "exporter" / "dashboards"


def dashboards() -> dict[str, Dashboard]:
    """Make every dashboard, by the name of its file."""
    return {
        "overview.json": overview.dashboard(),
        "resource.json": resource.dashboard(),
        "exporter.json": health.dashboard(),
    }


PANELS = {"bargauge": "Bar gauge", "state-timeline": "State timeline", "stat": "Stat", "table": "Table"}
PANELS |= {"timeseries": "Time series"}
OLDEST_GRAFANA = "10.0.0"


def text(dashboard: Dashboard) -> str:
    """Write a dashboard so that a change of one thing is a change of one line."""
    content = json.loads(json.dumps(dashboard, cls=JSONEncoder))
    return json.dumps(_list_requirements(content) | content, indent=2, ensure_ascii=False) + "\n"


def _list_requirements(content: dict[str, Any]) -> dict[str, Any]:
    """Say what a dashboard needs, as an export does; the data source is chosen on the page, not on import.

    https://grafana.com/docs/grafana/latest/dashboards/share-dashboards-panels/
    """
    every = (one for panel in content["panels"] for one in (panel, *panel.get("panels", ())))
    used = sorted({panel["type"] for panel in every} - {"row"})
    return {
        "__inputs": [],
        "__elements": {},
        "__requires": [
            {"type": "grafana", "id": "grafana", "name": "Grafana", "version": OLDEST_GRAFANA},
            {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"},
            *({"type": "panel", "id": kind, "name": PANELS[kind], "version": ""} for kind in used),
        ],
    }


def files() -> Iterator[tuple[Path, str]]:
    """Yield every file with its text: the dashboards here, and on one line each in the package that is installed."""
    for name, dashboard in dashboards().items():
        content = text(dashboard)
        yield FOLDER / name, content
        compact = json.dumps(json.loads(content), ensure_ascii=False, separators=(",", ":")) + "\n"
        yield PACKAGE / name, compact


def main() -> None:
    """Rewrite the files; with `--check` say which ones would change, and exit with 1 if any would."""
    made = dict(files())
    if "--check" in sys.argv:
        stale = [
            path.name
            for path, content in made.items()
            if not path.exists() or path.read_text(encoding="utf-8") != content
        ]
        sys.exit(f"run `make dashboards`: {', '.join(stale)}" if stale else 0)
    for path, content in made.items():
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()

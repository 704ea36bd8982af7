"""Write the dashboards' JSON beside this file: `python -m dashboards.build`; with `--check` only compare."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

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


def text(dashboard: Dashboard) -> str:
    """Write a dashboard so that a change of one thing is a change of one line."""
    return json.dumps(dashboard, cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"


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

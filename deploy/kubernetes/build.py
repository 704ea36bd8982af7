"""Writes what the kustomize base and the Helm chart take from elsewhere: the rules, and copies of the dashboards.

Run as `python -m deploy.kubernetes.build`; a test holds the committed files to what this gives. Copies they are because
kustomize and helm read nothing outside of their own folders.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from exporter.alerts.alert import Options
from exporter.alerts.rules import make_backup_groups, make_collection_groups
from exporter.alerts.text import write_prometheus_rule

BASE = Path(__file__).parent / "base"
ROOT = BASE.parent.parent.parent
CHART = ROOT / "deploy" / "helm" / "backup-exporter" / "files"
MADE = "# Made by `python -m deploy.kubernetes.build` from exporter/alerts/; change it there.\n"


def files() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with its text."""
    for folder in (BASE, CHART):
        yield folder / "prometheusrule.yaml", prometheus_rule()
        for path in sorted((ROOT / "dashboards").glob("*.json")):
            yield folder / "dashboards" / path.name, compact(path.read_text(encoding="utf-8"))


def prometheus_rule() -> str:
    """Return the PrometheusRule: what `backup-exporter rules --format operator` prints."""
    options = Options()
    return MADE + write_prometheus_rule((*make_backup_groups(options), *make_collection_groups(options)))


def compact(dashboard: str) -> str:
    """Return a dashboard's JSON on one line: half the size, and it is not meant to be read here."""
    return json.dumps(json.loads(dashboard), ensure_ascii=False, separators=(",", ":")) + "\n"


def main() -> None:
    """Write the files; with `--check` name the ones that would change, and exit with 1 if any would."""
    made = dict(files())
    if "--check" in sys.argv:
        stale = [
            str(path) for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text
        ]
        sys.exit(f"run `make rules dashboards`: {', '.join(stale)}" if stale else 0)
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

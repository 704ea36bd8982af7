"""Writes what the kustomize base and the Helm chart take from elsewhere: the rules, and copies of the dashboards.

Run as `python -m deploy.kubernetes.build`; a test holds the committed files to what this gives. Copies they are because
kustomize and helm read nothing outside of their own folders.
"""

import json
from collections.abc import Iterator
from pathlib import Path

BASE = Path(__file__).parent / "base"
ROOT = BASE.parent.parent.parent
CHART = ROOT / "deploy" / "helm" / "backup-exporter" / "files"
MADE = "# Made by `python -m deploy.kubernetes.build` from alerts/; change it there.\n"
HEAD = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: backup-exporter
  labels:
    app.kubernetes.io/name: backup-exporter
spec:
  groups:
"""


def files() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with its text."""
    for folder in (BASE, CHART):
        yield folder / "prometheusrule.yaml", prometheus_rule()
        for path in sorted((ROOT / "dashboards").glob("*.json")):
            yield folder / "dashboards" / path.name, compact(path.read_text(encoding="utf-8"))


def prometheus_rule() -> str:
    """Return the PrometheusRule: the groups of every file of rules as they stand there, comments and all."""
    return (
        MADE + HEAD + "\n".join(_groups(path) for path in sorted((ROOT / "alerts").glob("*.yml")) if _has_rules(path))
    )


def _has_rules(path: Path) -> bool:
    return "\ngroups:\n" in path.read_text(encoding="utf-8")


def _groups(path: Path) -> str:
    _, groups = path.read_text(encoding="utf-8").split("\ngroups:\n")
    return "".join(f"  {line}" if line.strip() else line for line in groups.splitlines(keepends=True))


def compact(dashboard: str) -> str:
    """Return a dashboard's JSON on one line: half the size, and nobody reads it here."""
    return json.dumps(json.loads(dashboard), ensure_ascii=False, separators=(",", ":")) + "\n"


def main() -> None:
    """Write the files."""
    for path, text in files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

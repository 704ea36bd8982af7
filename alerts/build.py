"""Write what is made from the table of alerts: `python -m alerts.build`; with `--check` only compare."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from alerts import RULE_FILES
from exporter.alerts.alert import Alert, Options, Subject
from exporter.alerts.rules import ALERTS, make_backup_groups, make_collection_groups
from exporter.alerts.text import write_rule_file

FOLDER = Path(__file__).parent
DOCS = FOLDER.parent / "docs"
MADE = "# Made by `make rules` from exporter/alerts/; `backup-exporter rules` prints it for your labels.\n#\n"
BACKUPS = """\
# Alerts about backups. The exporter decides what is wrong (`backup_resource_problem`); a rule selects one word of it.
# The first two rules choose which replica's word counts. Load this file and collection.yml; docs/alerts.md explains.
"""
COLLECTION = """\
# Alerts about the sources, and about the exporter itself. Load this file and backups.yml; docs/alerts.md explains.
"""
TITLES = {Subject.RESOURCE: "Resources", Subject.SOURCE: "Sources", Subject.EXPORTER: "The exporter"}


def files() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with its text."""
    options = Options()
    backups, collection = (FOLDER / name for name in RULE_FILES)
    yield backups, MADE + BACKUPS + write_rule_file(make_backup_groups(options))
    yield collection, MADE + COLLECTION + write_rule_file(make_collection_groups(options))
    yield _fill(DOCS / "alerts.md", "".join(_list_conditions(subject) for subject in Subject))
    yield _fill(DOCS / "runbooks" / "README.md", _list_runbooks(ALERTS))


def _fill(page: Path, tables: str) -> tuple[Path, str]:
    """Return a page with what stands between its two marks replaced."""
    marks = r"(<!-- Made by `make rules`[^\n]*-->\n).*(<!-- End of what `make rules` writes -->\n)"
    text = page.read_text(encoding="utf-8")
    return page, re.sub(marks, lambda found: f"{found[1]}\n{tables}{found[2]}", text, flags=re.DOTALL)


def _list_conditions(subject: Subject) -> str:
    alerts = [alert for alert in ALERTS if alert.subject is subject]
    rows = [
        f"| {_link(alert, 'runbooks/')} | {_name_severity(alert)} | {_name_word(alert)} | {alert.condition} |"
        for alert in alerts
    ]
    return "\n".join(
        (f"## {TITLES[subject]}\n", "| Alert | Severity | Problem | Condition |", "|---|---|---|---|", *rows, "\n")
    )


def _list_runbooks(alerts: Iterable[Alert]) -> str:
    rows = [f"| {_link(alert)} | {_name_severity(alert)} | {alert.gist} |" for alert in alerts]
    return "\n".join(("| Alert | Severity | In one line |", "|---|---|---|", *rows, "\n"))


def _link(alert: Alert, folder: str = "") -> str:
    return f"[{alert.name}]({folder}{alert.name}.md)"


def _name_severity(alert: Alert) -> str:
    return "as reported" if "{" in alert.severity else alert.severity


def _name_word(alert: Alert) -> str:
    return f"`{alert.word}`" if alert.word else ""


def main() -> None:
    """Rewrite the files; with `--check` name the ones that would change, and exit with 1 if any would."""
    made = dict(files())
    if "--check" in sys.argv:
        stale = [
            path.name for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text
        ]
        sys.exit(f"run `make rules`: {', '.join(stale)}" if stale else 0)
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Reads what a scrape shows."""

import re

from tests.polling.stub_provider import Watching

FAMILY = re.compile(r"(backup_(?:resource|source)_problem)\{(.*)\} 1")
LABEL = re.compile(r'(\w+)="([^"]*)"')


def scrape(seen: Watching) -> str:
    return b"".join(seen.app.exposition.render(openmetrics=False)).decode()


def problems(seen: Watching) -> set[str]:
    """Return the problems that a scrape shows: `resource: word kind`, or the word alone for the source's own."""
    found = set()
    for line in scrape(seen).splitlines():
        if (parts := FAMILY.fullmatch(line)) is not None:
            labels = dict(LABEL.findall(parts[2]))
            whose = f"{labels['resource']}: " if "resource" in labels else ""
            found.add(f"{whose}{labels['problem']}")
    return found


def value(seen: Watching, name: str, **labels: str) -> list[float]:
    wanted = labels.items()
    return [
        float(line.rsplit(" ", 1)[1])
        for line in scrape(seen).splitlines()
        if line.startswith((f"{name}{{", f"{name} ")) and wanted <= dict(LABEL.findall(line)).items()
    ]

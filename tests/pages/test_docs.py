"""Holds the pages to the code: generated ones are up to date, links lead somewhere, examples work."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from exporter.client.http import MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_HEADERS
from exporter.client.session import MAX_PAGES
from exporter.config.loader import parse
from exporter.declared.vendors import Vendors
from exporter.metrics.render import MAX_LABEL_LENGTH
from exporter.polling.unknown_values import MAX_LOGGED
from exporter.state.inventory import MAX_ID_LENGTH, MAX_RESOURCES
from pages.build import pages
from tests.paths import ROOT

pytestmark = pytest.mark.integration

TEXTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "dashboards").glob("*.md")])


def test_generated_pages_are_up_to_date() -> None:
    stale = [str(path.relative_to(ROOT)) for path, text in pages() if not path.exists() or path.read_text() != text]

    assert stale == [], "run `make docs`"


@pytest.mark.parametrize("page", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text())

    assert [target for target in targets if not (page.parent / target).exists()] == []


def _examples(language: str) -> list[tuple[str, str]]:
    fenced = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return [(f"{page.relative_to(ROOT)}", text) for page in TEXTS for text in fenced.findall(page.read_text())]


@pytest.mark.parametrize(("page", "text"), _examples("yaml"))
def test_yaml_examples_can_be_read(page: str, text: str) -> None:
    document = yaml.safe_load(text)

    assert document is not None
    if isinstance(document, list) and all("provider" in entry for entry in document):
        document = {"sources": document}
    if isinstance(document, dict) and "sources" in document and "groups" not in document:
        names = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "x")
        content = re.sub(r"(?m)^(\s*(?:- )?)\w+_file: .*$", "", yaml.safe_dump(document)) if "_file" in text else text
        declared_elsewhere = "declarations" in document  # tests/declared/test_page.py runs that page
        if content is text and not text.lstrip().startswith("- name") and not declared_elsewhere:
            parse(text, names, ROOT, vendors=Vendors())


def test_commands_shown_exist() -> None:
    shown = {
        found
        for _, text in _examples("(?:sh|shell|console|bash)")
        for found in re.findall(r"^\$? ?make (\w+)", text, re.MULTILINE)
    }
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert shown <= targets


def test_the_caps_that_the_security_page_promises_are_those_in_force() -> None:
    text = " ".join((ROOT / "SECURITY.md").read_text().split())

    for cap in (
        f"{MAX_BODY_BYTES // 2**20} MiB a body",
        f"{MAX_HEADER_BYTES // 2**10} KiB and {MAX_HEADERS} lines of headers",
        f"{MAX_PAGES} pages a listing",
        f"{MAX_RESOURCES:,} resources a source",
        f"{MAX_ID_LENGTH} characters an id",
        f"{MAX_LABEL_LENGTH} a label",
        f"{MAX_LOGGED} unknown status words a source",
    ):
        assert cap in text


def test_readme_shows_the_help_that_there_is() -> None:
    environment = {**os.environ, "COLUMNS": "100"}
    command = [sys.executable, "-m", "exporter", "--help"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    flags = set(re.findall(r"`(--[a-z.-]+)", (ROOT / "README.md").read_text()))
    known = printed + (ROOT / "docs" / "command-line.md").read_text()

    assert [flag for flag in sorted(flags) if flag not in known] == []


@pytest.mark.slow
def test_readme_shows_what_poll_prints_of_the_demo(tmp_path: Path) -> None:
    """But for the ages, which depend on when it is asked."""
    command = [sys.executable, "-m", "exporter", "poll", "--demo", "--fail-on", "never", "--log.level", "error"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment).stdout
    pattern = re.compile(r"^```text\n(\d+ need attention.*?)^```", re.MULTILINE | re.DOTALL)
    (shown,) = pattern.findall((ROOT / "README.md").read_text())
    sentence, rows = _read_table(printed)
    assert _read_table(shown)[0] == sentence
    assert [row for row in _read_table(shown)[1] if row not in rows] == []


def _read_table(text: str) -> tuple[str, list[dict[str, str]]]:
    """Return the sentence above a table, and the cells of each row that do not change with the time."""
    sentence, _, head, *lines = text.splitlines()
    ends = {title: head.index(title) + len(title) for title in ("limit", "kept")}
    starts = {title: head.index(title) for title in ("state", "name", "source")}
    rows = []
    for line in lines:
        row = {title: re.split(r" {2,}", line[at:], maxsplit=1)[0].strip() for title, at in starts.items()}
        rows.append(row | {title: line[:end].rpartition("  ")[2].strip() for title, end in ends.items()})
    return sentence, rows

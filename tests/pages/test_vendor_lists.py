"""Pages that name vendors name all of them, and the others name none."""

from pathlib import Path

import pytest

from exporter import registry
from exporter.declared.vendors import list_catalog, read_catalog
from pages.build import _docstring, vendors_index

ROOT = Path(__file__).parents[2]
TITLES = {
    **{name: _docstring(name)[0].partition(":")[0] for name in registry.names()},
    **{name: read_catalog(name).title.split()[0] for name in list_catalog()},
}
NEUTRAL = (
    "SECURITY.md",
    "docs/history.md",
    "docs/verdict.md",
    "docs/alerts.md",
    "config.example.yaml",
    "CONTRIBUTING.md",
)


@pytest.mark.parametrize("name", TITLES)
def test_the_readme_names_each_vendor(name: str) -> None:
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())

    assert TITLES[name] in readme.split("Built in: ")[1].split("Any other vendor")[0]


@pytest.mark.parametrize("page", NEUTRAL)
def test_a_page_about_all_vendors_lists_none_by_hand(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")

    assert [title for title in TITLES.values() if title in text] == []


def test_the_index_shows_which_vendors_give_links() -> None:
    rows = {line.split("`")[1]: line for line in vendors_index().splitlines() if line.startswith("| [`")}

    assert rows.keys() == TITLES.keys()
    for name in registry.names():
        gives_links = registry.provider(name).download is not None
        assert rows[name].endswith("| yes |" if gives_links else "| no |")

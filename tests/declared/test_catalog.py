"""The catalog's own tests: here, and again wherever a configuration uses an entry."""

from pathlib import Path

import pytest

from exporter.commands.config import read_configuration
from exporter.config.loader import ConfigError
from exporter.declared import vendors
from exporter.declared.vendors import CATALOG, list_catalog, read_catalog
from exporter.trial.checks import check_declaration

ONLY_AGE = "only age reports"
USE = "sources: [{name: one, provider: upstash, email: a@example.com, api_key: k}]\n"


@pytest.mark.parametrize("name", list_catalog())
def test_an_entry_passes_its_own_tests_and_nothing_in_it_looks_unmeant(name: str) -> None:
    declaration = read_catalog(name)
    found = check_declaration(declaration)

    assert declaration.tests
    assert found.problems == ()
    assert [warning for warning in found.warnings if ONLY_AGE not in warning] == []


@pytest.mark.parametrize("name", list_catalog())
def test_an_entry_says_what_it_is_what_rights_it_needs_and_what_it_was_checked_against(name: str) -> None:
    declaration = read_catalog(name)
    head = (CATALOG / f"{name}.yaml").read_text().partition("declaration: 1")[0]

    assert declaration.title
    assert declaration.docs
    assert declaration.checked
    assert "# Least rights:" in head
    assert "# Checked against:" in head


def test_check_runs_the_tests_of_the_entries_that_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(USE)
    assert read_configuration(config).warnings == ()

    text = (CATALOG / "upstash.yaml").read_text().replace("state: failed", "state: completed", 1)
    (tmp_path / "upstash.yaml").write_text(text)
    broken = vendors.load_declaration(tmp_path / "upstash.yaml")
    monkeypatch.setattr(vendors, "read_catalog", lambda name: broken)

    with pytest.raises(ConfigError) as error:
        read_configuration(config)

    (problem,) = error.value.problems
    assert problem.startswith('catalog upstash: tests[0].expect.backups["96ad0856"]: expected [')

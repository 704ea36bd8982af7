"""`examples/acme-provider`: installed, listed, used, and tested by the contract that it inherits."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from exporter import registry
from exporter.cli import main
from exporter.declared.vendors import DeclarationError, ProviderIndex, Vendors, load_package
from tests.paths import ROOT

PACKAGE = ROOT / "examples" / "acme-provider"
BUILT_IN, *_ = registry.names()
GROUP = "backup_exporter.providers"


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder into which the package is installed."""
    folder = tmp_path_factory.mktemp("packages")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]
    command = [*pip, "--no-build-isolation", "--no-index", "--target", str(folder / "site"), str(copy(folder))]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "site"


def copy(folder: Path) -> Path:
    """Return a copy of the package: building leaves files beside what is built."""
    return Path(shutil.copytree(PACKAGE, folder / "sources"))


def run(install: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": f"{install}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, env=environ, cwd=cwd or install, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_its_providers_are_listed(install: Path) -> None:
    found = run(install, "exporter", "providers")

    assert found.returncode == 0, found.stderr
    assert "acme_db            Acme DB" in found.stdout
    assert [line.split()[-3] for line in found.stdout.splitlines() if line.startswith("acme_")] == ["package"] * 2


@pytest.mark.slow
def test_a_source_can_name_them(install: Path, tmp_path: Path) -> None:
    sources = [f"{{name: s{name}, provider: {name}, token: t, max_age: 26h}}" for name in ("acme_db", "acme_vault")]
    (tmp_path / "config.yaml").write_text(f"sources: [{', '.join(sources)}]\n")
    found = run(install, "exporter", "check", "--config.file", str(tmp_path / "config.yaml"))

    assert found.returncode == 0, found.stderr
    assert "2 sources" in found.stdout


@pytest.mark.slow
def test_it_keeps_the_contract(install: Path) -> None:
    found = run(install, "pytest", "-q", "-p", "no:cacheprovider", str(PACKAGE / "tests"), cwd=PACKAGE)

    assert found.returncode == 0, found.stdout
    assert "100%]" in found.stdout


GOOD_POINT = "tests.declared.declarations:GOOD"


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=GROUP)


def test_a_name_that_is_taken_is_a_problem() -> None:
    vendors = Vendors(providers=ProviderIndex({BUILT_IN: point(BUILT_IN, "json:loads")}))

    assert vendors.clashes() == [
        f"package json: the provider {BUILT_IN} has the name of another one; remove the package"
    ]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("no_such_module:X", "package no_such_module cannot be imported: ModuleNotFoundError"),
        ("json:nothing", "package json cannot be imported: AttributeError"),
        ("tests.declared.raising:X", "package tests.declared.raising cannot be imported: KeyError"),
        ("json:loads", "json:loads is neither a Provider nor a declaration"),
        ("tests.declared.declarations:GOOD", "the entry point broken holds a declaration named acme"),
        ("tests.declared.test_grammar:ONE", "declaration: missing; give 1"),
    ],
)
def test_a_package_that_does_not_fit(value: str, problem: str) -> None:
    with pytest.raises(DeclarationError, match=f"(?m)^{problem}"):
        load_package("broken", point("broken", value))


def test_the_schema_leaves_out_a_package_that_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    packages = {name: point(name, value) for name, value in (("broken", "no_such_module:X"), ("acme", GOOD_POINT))}
    monkeypatch.setattr("exporter.declared.vendors.list_packages", lambda: packages)

    assert main(["schema"]) == 2

    out, err = capsys.readouterr()
    assert err == "provider broken: package no_such_module cannot be imported: ModuleNotFoundError\n"
    assert '"acme"' in out
    assert '"broken"' not in out
    json.loads(out)


def test_a_mapping_is_a_declaration() -> None:
    assert load_package("acme", point("acme", GOOD_POINT)).vendor == "acme"

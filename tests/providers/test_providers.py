"""What has to stand beside a vendor's file, and that no other file knows a vendor."""

import re
from dataclasses import fields
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest

from exporter import registry
from exporter.provider import Provider
from pages.build import SECTIONS
from tests.paths import ROOT
from tests.vendors import find_contract, find_missing, find_profiles, load_profile
from tests.vendors.profile import Profile

PROVIDERS = ROOT / "exporter" / "providers"
CATALOG = ROOT / "exporter" / "declared" / "catalog"
"""Vendors of their own, some of which run a database of the same name."""
SIMULATORS = ROOT / "exporter" / "demo" / "vendors"
STORIES = ROOT / "exporter" / "demo" / "stories"
VENDORS = ROOT / "tests" / "vendors"
EACH_PROVIDER = pytest.mark.parametrize("name", registry.names())


def modules(folder: Path, prefix: str = "") -> set[str]:
    """Return the names of a folder's modules that begin so, without what they begin with."""
    return {path.stem.removeprefix(prefix) for path in folder.glob(f"{prefix}*.py")} - {"__init__"}


def documentation(name: str) -> str:
    return import_module(f"exporter.providers.{name}").__doc__ or ""


def test_there_are_providers() -> None:
    assert len(registry.names()) >= 5
    assert set(registry.names()) == modules(PROVIDERS)


@EACH_PROVIDER
def test_exports_a_provider(name: str) -> None:
    assert isinstance(import_module(f"exporter.providers.{name}").PROVIDER, Provider)


@EACH_PROVIDER
def test_lacks_no_file_that_the_shared_tests_need(name: str) -> None:
    assert "\n".join(find_missing(name)) == ""


@EACH_PROVIDER
def test_has_a_whole_profile(name: str) -> None:
    assert load_profile(name).name == name
    assert load_profile(name) is find_profiles()[name]


def test_a_provider_without_a_profile_is_said_to_lack_it() -> None:
    missing = list(find_missing("nowhere"))

    assert "tests/vendors/nowhere/profile.py: the file is missing" in missing
    assert "tests/vendors/nowhere/ask.md: the file is missing" in missing
    assert "tests/vendors/nowhere/fixtures/*.json: no recorded answer" in missing
    assert len(missing) == 9
    with pytest.raises(LookupError, match=r"^tests/vendors/nowhere/profile\.py: No module named"):
        load_profile("nowhere")


@pytest.mark.parametrize("lacking", [field.name for field in fields(Profile) if field.name != "name"])
def test_a_profile_without_a_field_is_said_to_lack_it(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = find_profiles()[registry.names()[0]]
    given = {field.name: getattr(whole, field.name) for field in fields(Profile) if field.name != lacking}
    monkeypatch.setattr("tests.vendors.import_module", lambda _: Profile(**given))

    with pytest.raises(LookupError, match=rf"^tests/vendors/nowhere/profile\.py: .*missing.*'{lacking}'$"):
        load_profile("nowhere")


@EACH_PROVIDER
def test_has_a_test_that_inherits_the_contract(name: str) -> None:
    assert find_contract(name).provider is registry.provider(name)


@EACH_PROVIDER
def test_has_fixtures_and_uses_all_of_them(name: str) -> None:
    files = list((VENDORS / name / "fixtures").iterdir())
    used = (VENDORS / name / "test_provider.py").read_text()

    assert files
    assert {path.suffix for path in files} == {".json"}
    assert {path.name for path in files if not find_mentions(path.stem, used)} == set()


def find_mentions(stem: str, text: str) -> bool:
    """Return whether a test names a fixture: whole, or in a text put together, up to what varies."""
    beginnings = [stem[: found.end()] for found in re.finditer(r"[-_]", stem)]
    whole = re.search(rf'["/]{re.escape(stem)}(\.json)?"', text)
    return whole is not None or any(re.search(rf'["/]{re.escape(begin)}{{', text) for begin in beginnings)


def test_nothing_outlives_its_provider() -> None:
    assert modules(SIMULATORS) == set(registry.names())
    assert {path.parent.name for path in VENDORS.glob("*/*.*")} - {"__pycache__"} == set(registry.names())


@EACH_PROVIDER
def test_says_what_a_user_has_to_know(name: str) -> None:
    headings = re.findall(r"^([A-Z][a-z ]+):(?: |$)", documentation(name), re.MULTILINE)

    assert [heading for heading in headings if heading in SECTIONS] == list(SECTIONS)


@EACH_PROVIDER
def test_says_something_in_each_section(name: str) -> None:
    starts = [documentation(name).index(f"\n{section}:") for section in SECTIONS] + [len(documentation(name))]
    texts = [documentation(name)[start:end] for start, end in pairwise(starts)]

    assert all(len(text.split()) >= 10 for text in texts)
    assert re.search(r"`GET /\S+`", texts[SECTIONS.index("Reads")])


@EACH_PROVIDER
def test_shows_how_it_is_configured(name: str) -> None:
    example = re.search(r"^    - name: \S+\n(?:      \S.*\n)+", documentation(name), re.MULTILINE)

    assert example
    assert f"      provider: {name}\n" in example[0]
    assert "${" in example[0]


@EACH_PROVIDER
def test_begins_with_the_vendors_name_and_a_sentence(name: str) -> None:
    first = documentation(name).splitlines()[0]
    vendor = first.split(":")[0]

    assert vendor.lower().replace(" ", "_") == name
    assert first.endswith(".")


@EACH_PROVIDER
def test_no_other_module_knows_of_it(name: str) -> None:
    """What makes a vendor one file: nowhere else has a list, a branch or an example to be extended."""
    example = PROVIDERS.parent / "config" / "example.yaml"  # the package's copy of config.example.yaml
    own = {PROVIDERS / f"{name}.py", SIMULATORS / f"{name}.py", STORIES / f"{name}.py", example}
    brand, *_ = name.split("_")
    words = re.compile(f"{brand}|{name.replace('_', '[-_ ]?')}", re.IGNORECASE)
    knowing = {path for path in (ROOT / "exporter").rglob("*") if path.is_file() and path.suffix != ".pyc"}
    knowing = {path for path in knowing if path.parent != CATALOG and words.search(path.read_text(errors="replace"))}

    assert {str(path.relative_to(ROOT)) for path in knowing - own} == set()
    assert PROVIDERS / f"{name}.py" in knowing


MADE_UP = {"acme"}
"""Vendors that the tests make up."""
FOLDERS = ("benchmarks", "dashboards", "pages", "render", "stack", "tests")


def find_shared() -> set[Path]:
    """Return the files of tests, benchmarks and generators that are no vendor's own."""
    files = {path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts}
    return {path for path in files if VENDORS not in path.parent.parents}


@EACH_PROVIDER
def test_no_shared_test_and_no_benchmark_names_it(name: str) -> None:
    brand, *_ = name.split("_")
    words = re.compile(f"{brand}|{name.replace('_', '[-_ ]?')}", re.IGNORECASE)
    shared = {str(path.relative_to(ROOT)) for path in find_shared() if words.search(path.read_text())}

    assert brand in MADE_UP or shared == set()


def test_the_shared_ones_are_found() -> None:
    found = {str(path.relative_to(ROOT)) for path in find_shared()}

    assert len(found) > 300
    assert {
        "tests/providers/test_providers.py",
        "tests/benchmarks/test_benchmarks.py",
        "tests/client/test_proxy.py",
    } <= found
    assert not [path for path in found if path.startswith("tests/vendors/") and path.count("/") > 2]

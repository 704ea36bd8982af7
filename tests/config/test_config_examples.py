"""What we publish about the configuration is true: the example file, the documents, each provider's own example."""

import re
from dataclasses import fields
from importlib import import_module
from itertools import takewhile
from pathlib import Path

import pytest
import yaml

from exporter import registry
from exporter.config import loader as config
from exporter.config.loader import LoadedConfig
from exporter.config.options import list_option_keys
from tests.paths import ROOT, TESTDATA

CERTIFICATE = TESTDATA / "config" / "ca.pem"


def test_the_folder_is_the_list_of_providers() -> None:
    names = {path.stem for path in (ROOT / "exporter" / "providers").glob("*.py")} - {"__init__"}

    assert set(registry.names()) == names
    assert set(registry.providers()) == names
    assert "unknown" not in registry.providers()
    with pytest.raises(KeyError):
        registry.provider("unknown")


@pytest.mark.parametrize("name", registry.names())
def test_a_providers_own_keys_are_no_others(name: str) -> None:
    own = list_option_keys(registry.provider(name))

    assert not set(own) & set(config.SOURCE_KEYS)
    assert {field.name for field in fields(registry.provider(name).options)} <= set(own)


@pytest.mark.parametrize("name", registry.names())
def test_the_example_in_a_providers_docstring_is_valid(name: str, tmp_path: Path) -> None:
    lines = (import_module(f"exporter.providers.{name}").__doc__ or "").splitlines()
    first = next(number for number, line in enumerate(lines) if re.match(r" +- name:", line))
    block = list(takewhile(lambda line: not line or line.startswith(" "), lines[first:]))
    found = make_usable("sources:\n" + "\n".join(block), tmp_path)

    assert [one.provider_name for one in found.settings.sources] == [name]


def test_the_example_file_is_valid_as_it_is_and_with_every_comment_taken_away(tmp_path: Path) -> None:
    text = (ROOT / "config.example.yaml").read_text()

    assert len(make_usable(text, tmp_path).settings.sources) == 1
    assert len(make_usable(uncomment(text), tmp_path).settings.sources) == 4


def test_the_example_file_shows_every_key() -> None:
    tree = yaml.safe_load(uncomment((ROOT / "config.example.yaml").read_text()))
    assert [one["name"] for one in tree["sources"] if one.get("volumes") or one.get("events")] == ["platform", "shop"]
    overrides = [override for one in tree["sources"] for override in one.get("resources", {}).values()]

    assert set(tree) == set(config.TOP_KEYS)
    assert set().union(*tree["sources"]) >= set(config.SOURCE_KEYS)
    assert set().union(*overrides) == set(config.OVERRIDE_KEYS)
    assert set().union(*(one.get("rate_limit", {}) for one in tree["sources"])) == set(config.RATE_LIMIT_KEYS)


def test_the_documented_examples_are_valid(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)

    assert examples
    for example in examples:
        make_usable(example, tmp_path)


def test_every_key_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    keys = {*config.TOP_KEYS, *config.SOURCE_KEYS, *config.OVERRIDE_KEYS, *config.RATE_LIMIT_KEYS}

    assert {key for key in keys if f"| `{key}`" not in text} == set()


def make_usable(text: str, folder: Path) -> LoadedConfig:
    """Load an example with the real providers, its variables set and its files there."""

    def make(found: re.Match[str]) -> str:
        key, written = found.groups()
        path = folder / Path(written).name
        path.write_text(CERTIFICATE.read_text() if key == "ca_file" else "x")
        return f"{key}: {path}"

    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "x")
    return config.parse(re.sub(r"(\w+_file): ([^\s,}]+)", make, text), environ, folder)


def uncomment(text: str) -> str:
    """Take the `#` off what can be used so: where no space follows it."""
    return re.sub(r"(?m)^( *)#(?=\S)", r"\1", text)

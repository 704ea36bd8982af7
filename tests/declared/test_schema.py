"""The JSON Schema of a declaration refuses in keys what `check` refuses, and nothing that it accepts."""

import copy
from typing import Any

import jsonschema
import pytest
import yaml

from exporter.config.schema import make_schema
from exporter.declared.schema import make_declaration_schema
from exporter.declared.vendors import CATALOG, Vendors, list_catalog
from tests.declared.declarations import BAD, GOOD, change

pytestmark = pytest.mark.integration

SCHEMA = make_schema(Vendors().providers, make_declaration_schema())
KEYS = [(path, value) for path, value, problem in BAD if "unknown key" in problem or ".unit: " in problem]


def configuration(declaration: Any) -> dict[str, Any]:
    source = {"name": "one", "provider": "http_json", "token": "t", "api": copy.deepcopy(dict(declaration))}
    return {"sources": [source]}


@pytest.mark.slow
@pytest.mark.parametrize("name", list_catalog())
def test_the_catalog_is_valid(name: str) -> None:
    declaration = yaml.safe_load((CATALOG / f"{name}.yaml").read_text())

    jsonschema.validate(configuration(declaration), SCHEMA)


def test_the_good_declaration_is_valid() -> None:
    jsonschema.validate(configuration(GOOD), SCHEMA)


@pytest.mark.parametrize(("path", "value"), KEYS, ids=[path for path, _ in KEYS])
def test_what_check_refuses_in_keys_is_refused(path: str, value: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(configuration(change(path, value)), SCHEMA)


def test_a_source_of_the_catalog_needs_its_keys() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"sources": [{"name": "one", "provider": "aiven"}]}, SCHEMA)

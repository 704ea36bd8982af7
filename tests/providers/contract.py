"""The contract of providers, with this project's own fixtures."""

import json
from pathlib import Path
from typing import Any

import pytest

from exporter.testing.contract import Found, ProviderContract, WaryApi, map_pages, places, read, replace_at

for test in (
    ProviderContract.test_every_damaged_answer_is_malformed_or_harmless,
    ProviderContract.test_an_odd_value_of_an_optional_field_costs_no_more_than_that_field,
):
    pytest.mark.long(test)  # thousands of damages

VENDORS = Path(__file__).parents[1] / "vendors"

__all__ = ["Found", "ProviderContract", "WaryApi", "fixture", "map_pages", "places", "read", "replace_at"]


def fixture(name: str) -> Any:
    """Return the decoded fixture `<provider>/<file>.json`."""
    vendor, _, file = name.partition("/")
    return json.loads((VENDORS / vendor / "fixtures" / file).read_text())

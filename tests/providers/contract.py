"""The contract of providers, with this project's own fixtures."""

import json
from pathlib import Path
from typing import Any

from exporter.testing.contract import Found, ProviderContract, WaryApi, places, read, record_page, replace_at

VENDORS = Path(__file__).parents[1] / "vendors"

__all__ = ["Found", "ProviderContract", "WaryApi", "fixture", "places", "read", "record_page", "replace_at"]


def fixture(name: str) -> Any:
    """Return the decoded fixture `<provider>/<file>.json`."""
    vendor, _, file = name.partition("/")
    return json.loads((VENDORS / vendor / "fixtures" / file).read_text())

"""A source for tests that need one of any vendor."""

import json
from typing import Any

from tests.vendors import find_profiles

SAMPLE = next(profile for profile in find_profiles().values() if profile.cost is None)
"""A vendor whose credential has one resource: its source fits on a line."""
PROVIDER = SAMPLE.name
(CREDENTIAL,) = SAMPLE.benchmark.options
"""The key of its credential."""
(ADDRESS,) = SAMPLE.urls
"""The key of its address."""
UNREACHABLE = "http://127.0.0.1:1"


def describe_source(name: str, /, **keys: Any) -> dict[str, Any]:
    """Return a source's configuration, at an address where nothing listens; a key that is None is left out."""
    usual = {"provider": PROVIDER, CREDENTIAL: "planted", ADDRESS: UNREACHABLE, "max_age": "1d"}
    return {key: value for key, value in {"name": name, **usual, **keys}.items() if value is not None}


def write_source(name: str, /, **keys: Any) -> str:
    """Return a source's configuration as YAML on one line."""
    return json.dumps(describe_source(name, **keys), ensure_ascii=False)


def find_vendor(account: str) -> str:
    """Return the name of the vendor that has a simulated account of this name."""
    return next(name for name, profile in find_profiles().items() if account in profile.day)

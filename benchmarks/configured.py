"""Writes the configuration that watches a benchmark's vendor."""

import json

from tests.vendors import find_profiles, load_profile
from tests.vendors.profile import Profile


def choose_vendor(what: str) -> Profile:
    """Return the profile of the vendor with which something is measured."""
    return next(profile for profile in find_profiles().values() if profile.benchmark.measures == what)


def configuration(vendor: str, port: int, **top: object) -> str:
    """Return it as JSON, which is YAML; the limit is one that no run reaches."""
    profile = load_profile(vendor)
    source = {
        "name": "source",
        "provider": vendor,
        **profile.benchmark.options,
        **dict.fromkeys(profile.urls, f"http://127.0.0.1:{port}"),
        "rate_limit": {"requests": 1_000_000, "per": "1s"},
    }
    return json.dumps({"state_file": "none", **top, "sources": [source]})

"""Writes the configuration that watches a benchmark's vendor."""

import json
from collections.abc import Mapping

CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "backupify": {"client_id": "simulated", "client_secret": "simulated"},
    "clickhouse_cloud": {"key_id": "simulated", "key_secret": "simulated", "organization_id": "organization"},
    "northflank": {"token": "simulated"},
    "scalingo": {"token": "simulated"},
    "scholarly": {"token": "simulated"},
}
ADDRESSES: Mapping[str, tuple[str, ...]] = {"scalingo": ("auth_url", "api_url", "db_api_url")}


def configuration(vendor: str, port: int, **top: object) -> str:
    """Return it as JSON, which is YAML; the limit is one that nobody meets."""
    base = f"http://127.0.0.1:{port}"
    source = {
        "name": "source",
        "provider": vendor,
        **CREDENTIALS[vendor],
        **dict.fromkeys(ADDRESSES.get(vendor, ("base_url",)), base),
        "rate_limit": {"requests": 1_000_000, "per": "1s"},
    }
    return json.dumps({"state_file": "none", **top, "sources": [source]})

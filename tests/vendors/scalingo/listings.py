"""Scalingo's answers, ready-made, as the benchmarks ask for them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.listings import Answer, Vendor, identifier, iso, keys


def answer(vendor: Vendor, route: Sequence[str], _: Mapping[str, str]) -> Answer:
    """Answer a request: everything in one list; a token for each addon."""
    body: Any
    match route:
        case [*_, "backups"]:
            made = lambda: {"database_backups": [_backup(n) for n in reversed(vendor.numbers())]}  # noqa: E731
            return vendor.encode_once(route[-2], "backups", made), ""
        case [*_, "token" | "exchange"]:
            body = {"token": "simulated", "addon": {"token": "simulated"}}
        case [*_, "apps"]:
            body = {"apps": [{"id": "app", "name": "app"}]}
        case [*_, "addons"]:
            body = {"addons": [{"id": key, "addon_provider": {"id": "redis"}} for key in keys(vendor)]}
        case _:
            body = {"databases": [], "database": {"periodic_backups_enabled": True}}
    return json.dumps(body).encode(), ""


def _backup(number: int) -> Any:
    began = iso(number)
    return {
        "id": identifier(number),
        "status": "done",
        "started_at": began,
        "size": 10**9 + number,
        "method": "periodic",
    }

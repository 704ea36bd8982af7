"""Backupify's answers, ready-made, as the benchmarks ask for them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.listings import Answer, Vendor, iso, keys


def answer(vendor: Vendor, route: Sequence[str], query: Mapping[str, str]) -> Answer:
    """Answer a request: twenty to a page, oldest first, with links in the header."""
    if route[-1] != "backups":
        found = {
            "token": {"access_token": "simulated", "expires_in": 899},
            "customers": [{"id": 1, "name": "One"}],
            "backup_instances": [{"id": key, "backup_frequency": "daily"} for key in keys(vendor)],
        }
        return json.dumps(found[route[-1]]).encode(), ""
    page, last = int(query.get("page", "1")), -(-len(vendor.numbers()) // 20)
    numbers = [n for n in vendor.numbers() if n // 20 == page - 1]
    rels = {"first": 1, "prev": page - 1, "next": page + 1, "last": last}
    path = "/" + "/".join(route)
    link = ", ".join(f'<{path}?page={to}>; rel="{rel}"' for rel, to in rels.items() if 1 <= to <= last)
    return vendor.encode_once(route[-2], f"{page}", lambda: [_backup(n) for n in numbers]), link


def _backup(number: int) -> Any:
    return {"id": number, "status": "successful", "started_at": iso(number), "ended_at": iso(number, 600)}

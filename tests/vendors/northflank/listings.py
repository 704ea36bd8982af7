"""Northflank's answers, ready-made, as the benchmarks ask for them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.listings import Answer, Vendor, identifier, iso, keys


def answer(vendor: Vendor, route: Sequence[str], query: Mapping[str, str]) -> Answer:
    """Answer a request: a hundred to a page, in no order that is known."""
    name = {"backup-schedules": "schedules"}.get(route[-1], route[-1])
    if name == "backups":
        page = int(query.get("page", "1"))
        part = list(reversed(vendor.numbers()))[100 * (page - 1) : 100 * page]
        more = 100 * page < len(vendor.numbers())
        return vendor.encode_once(route[-2], f"{page}", lambda: _page(name, [_backup(n) for n in part], more)), ""
    found = {"projects": [{"id": "project"}], "addons": [{"id": key, "name": key} for key in keys(vendor)]}
    return json.dumps(_page(name, found.get(name, []), False)).encode(), ""


def _page(name: str, records: Sequence[Any], more: bool) -> Any:
    return {"data": {name: records}, "pagination": {"hasNextPage": more, "count": len(records)}}


def _backup(number: int) -> Any:
    return {
        "id": identifier(number),
        "name": f"backup-{number}",
        "status": "completed",
        "createdAt": iso(number),
        "completedAt": iso(number, 300),
        "config": {"source": {"type": "snapshot"}, "size": str(10**10 + number)},
    }

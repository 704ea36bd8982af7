"""Scholarly's answers, ready-made, as the benchmarks ask for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.listings import Answer, Vendor, identifier, iso


def answer(vendor: Vendor, route: Sequence[str], query: Mapping[str, str]) -> Answer:
    """Answer a request: one institution, a hundred to a page, newest first."""
    if route[-1] == "institutions":
        return b'{"data":[{"id":"institution","attributes":{"name":"One"}}]}', ""
    page = int(query.get("page", "1"))
    part = list(reversed(vendor.numbers()))[100 * (page - 1) : 100 * page]
    following = f"/api/v1/backups?page={page + 1}" if 100 * page < len(vendor.numbers()) else None
    meta = {"total": len(vendor.numbers())}
    made = lambda: {"data": [_backup(n) for n in part], "links": {"next": following}, "meta": meta}  # noqa: E731
    return vendor.encode_once("00000000", f"{page}", made), ""


def _backup(number: int) -> Any:
    attributes = {
        "created_at": iso(number),
        "updated_at": iso(number, 60),
        "status": "completed",
        "file_size": 10**9 + number,
    }
    return {"id": identifier(number), "type": "backup", "attributes": attributes}

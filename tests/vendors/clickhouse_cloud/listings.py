"""ClickHouse Cloud's answers, ready-made, as the benchmarks ask for them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.listings import PLACE, Answer, Vendor, identifier, iso, keys


def answer(vendor: Vendor, route: Sequence[str], _: Mapping[str, str]) -> Answer:
    """Answer a request: everything in one list, newest first, and an id of its own on every answer."""
    result: Any
    match route:
        case [*_, "services"]:
            result = [{"id": key, "name": f"s{key}", "state": "running"} for key in keys(vendor)]
        case [*_, "postgres"]:
            result = []
        case [*_, "backupConfiguration"]:
            result = {"backupPeriodInHours": 24}
        case [*_, key, "backups"]:
            body = vendor.encode_once(key, "backups", lambda: [_backup(n) for n in reversed(vendor.numbers())])
            return b'{"status":200,"requestId":"%032x","result":%s}' % (next(vendor.requests), body), ""
        case _:
            result = [{"id": "organization"}]
    return json.dumps({"status": 200, "result": result}).encode(), ""


def _backup(number: int) -> Any:
    return {
        "id": identifier(number),
        "status": "done",
        "serviceId": f"{PLACE}-0000-4000-8000-000000000000",
        "startedAt": iso(number),
        "finishedAt": iso(number, 300),
        "sizeInBytes": 10**10 + number,
        "durationInSeconds": 300,
        "type": "incremental" if number % 7 else "full",
    }

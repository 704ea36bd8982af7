"""The five vendors' answers, ready-made: what a benchmark needs of them and no more.

The simulators of the demo work each answer out anew, and would be slower than the exporter that is to be measured.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HOUR = 3600
FIRST = 1_760_000_000
PLACE = "@@@@@@@@"
"""Stands in a prepared answer for the number of the resource."""

Answer = tuple[bytes, str]
"""The body, and the `Link` header."""


@dataclass(slots=True)
class Vendor:
    """An account of so many resources with so many backups each, and `newer` more of them as time goes on."""

    name: str
    resources: int
    backups: int
    newer: int = 0
    prepared: dict[tuple[str, int], bytes] = field(default_factory=dict)
    requests: Any = field(default_factory=count)

    def answer(self, path: str) -> Answer:
        """Return the answer to a GET or a POST."""
        found = urlsplit(path)
        route, query = found.path.strip("/").split("/"), dict(parse_qsl(found.query))
        return VENDORS[self.name](self, route, query)

    def listed(self, key: str, part: str, make: Callable[[], Any]) -> bytes:
        """Return an answer about one resource, made once for all of them and each number of newer backups."""
        if (part, self.newer) not in self.prepared:
            self.prepared = {kept: body for kept, body in self.prepared.items() if kept[1] == self.newer}
            self.prepared[part, self.newer] = json.dumps(make()).encode()
        return self.prepared[part, self.newer].replace(PLACE.encode(), key.encode())

    def numbers(self) -> range:
        """Return the numbers of the backups listed, oldest first."""
        return range(self.backups + self.newer)


def iso(number: int, seconds: float = 0.0) -> str:
    """Return when a backup began, or what lies so many seconds after that."""
    return datetime.fromtimestamp(FIRST + number * HOUR + seconds, UTC).isoformat().replace("+00:00", "Z")


def identifier(number: int) -> str:
    """Return a UUID of a backup."""
    return f"{PLACE}-{number:04x}-4000-8000-00000000abcd"


def keys(vendor: Vendor) -> Sequence[str]:
    """Return the resources' own parts of their ids."""
    return [f"{number:08x}" for number in range(vendor.resources)]


def clickhouse_cloud(vendor: Vendor, route: Sequence[str], _: Mapping[str, str]) -> Answer:
    """Answer as ClickHouse Cloud: everything in one list, newest first, and an id of its own on every answer."""
    result: Any
    match route:
        case [*_, "services"]:
            result = [{"id": key, "name": f"s{key}", "state": "running"} for key in keys(vendor)]
        case [*_, "postgres"]:
            result = []
        case [*_, "backupConfiguration"]:
            result = {"backupPeriodInHours": 24}
        case [*_, key, "backups"]:
            body = vendor.listed(key, "backups", lambda: [_clickhouse(n) for n in reversed(vendor.numbers())])
            return b'{"status":200,"requestId":"%032x","result":%s}' % (next(vendor.requests), body), ""
        case _:
            result = [{"id": "organization"}]
    return json.dumps({"status": 200, "result": result}).encode(), ""


def northflank(vendor: Vendor, route: Sequence[str], query: Mapping[str, str]) -> Answer:
    """Answer as Northflank: a hundred to a page, in no order that is known."""
    name = {"backup-schedules": "schedules"}.get(route[-1], route[-1])
    if name == "backups":
        page = int(query.get("page", "1"))
        part = list(reversed(vendor.numbers()))[100 * (page - 1) : 100 * page]
        more = 100 * page < len(vendor.numbers())
        return vendor.listed(
            route[-2], f"{page}", lambda: _northflank(name, [_addon_backup(n) for n in part], more)
        ), ""
    found = {"projects": [{"id": "project"}], "addons": [{"id": key, "name": key} for key in keys(vendor)]}
    return json.dumps(_northflank(name, found.get(name, []), False)).encode(), ""


def scalingo(vendor: Vendor, route: Sequence[str], _: Mapping[str, str]) -> Answer:
    """Answer as Scalingo: everything in one list; a token for each addon."""
    body: Any
    match route:
        case [*_, "backups"]:
            made = lambda: {"database_backups": [_scalingo(n) for n in reversed(vendor.numbers())]}  # noqa: E731
            return vendor.listed(route[-2], "backups", made), ""
        case [*_, "token" | "exchange"]:
            body = {"token": "simulated", "addon": {"token": "simulated"}}
        case [*_, "apps"]:
            body = {"apps": [{"id": "app", "name": "app"}]}
        case [*_, "addons"]:
            body = {"addons": [{"id": key, "addon_provider": {"id": "redis"}} for key in keys(vendor)]}
        case _:
            body = {"databases": [], "database": {"periodic_backups_enabled": True}}
    return json.dumps(body).encode(), ""


def scholarly(vendor: Vendor, route: Sequence[str], query: Mapping[str, str]) -> Answer:
    """Answer as Scholarly: one institution, a hundred to a page, newest first."""
    if route[-1] == "institutions":
        return b'{"data":[{"id":"institution","attributes":{"name":"One"}}]}', ""
    page = int(query.get("page", "1"))
    part = list(reversed(vendor.numbers()))[100 * (page - 1) : 100 * page]
    following = f"/api/v1/backups?page={page + 1}" if 100 * page < len(vendor.numbers()) else None
    meta = {"total": len(vendor.numbers())}
    made = lambda: {"data": [_scholarly(n) for n in part], "links": {"next": following}, "meta": meta}  # noqa: E731
    return vendor.listed("00000000", f"{page}", made), ""


def backupify(vendor: Vendor, route: Sequence[str], query: Mapping[str, str]) -> Answer:
    """Answer as Backupify: twenty to a page, oldest first, with links in the header."""
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
    return vendor.listed(route[-2], f"{page}", lambda: [_backupify(n) for n in numbers]), link


VENDORS: Mapping[str, Callable[[Vendor, Sequence[str], Mapping[str, str]], Answer]] = {
    "backupify": backupify,
    "clickhouse_cloud": clickhouse_cloud,
    "northflank": northflank,
    "scalingo": scalingo,
    "scholarly": scholarly,
}


def _northflank(name: str, records: Sequence[Any], more: bool) -> Any:
    return {"data": {name: records}, "pagination": {"hasNextPage": more, "count": len(records)}}


def _clickhouse(number: int) -> Any:
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


def _addon_backup(number: int) -> Any:
    return {
        "id": identifier(number),
        "name": f"backup-{number}",
        "status": "completed",
        "createdAt": iso(number),
        "completedAt": iso(number, 300),
        "config": {"source": {"type": "snapshot"}, "size": str(10**10 + number)},
    }


def _scalingo(number: int) -> Any:
    began = iso(number)
    return {
        "id": identifier(number),
        "status": "done",
        "started_at": began,
        "size": 10**9 + number,
        "method": "periodic",
    }


def _scholarly(number: int) -> Any:
    told = {
        "created_at": iso(number),
        "updated_at": iso(number, 60),
        "status": "completed",
        "file_size": 10**9 + number,
    }
    return {"id": identifier(number), "type": "backup", "attributes": told}


def _backupify(number: int) -> Any:
    return {"id": number, "status": "successful", "started_at": iso(number), "ended_at": iso(number, 600)}

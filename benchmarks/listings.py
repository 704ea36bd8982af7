"""What a vendor's ready-made answers are made of; `tests/vendors/<vendor>/listings.py` makes them.

The simulators of the demo work each answer out anew, and would be slower than the exporter that is to be measured.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HOUR = 3600
INTERVAL = HOUR / 4
FIRST = time.time() // HOUR * HOUR - 60 * HOUR
"""When the oldest backup started: the newest of 100 to 200 is hours old, as those of a vendor that is all right."""
PLACE = "@@@@@@@@"
"""Stands in a prepared answer for the number of the resource."""

Answer = tuple[bytes, str]
"""The body, and the `Link` header."""


@cache
def load_answer(name: str) -> "Answering":
    """Return what answers as a vendor."""
    answer: Answering = import_module(f"tests.vendors.{name}.listings").answer
    return answer


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
        return load_answer(self.name)(self, route, query)

    def encode_once(self, key: str, part: str, make: Callable[[], Any]) -> bytes:
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
    return datetime.fromtimestamp(FIRST + number * INTERVAL + seconds, UTC).isoformat().replace("+00:00", "Z")


def identifier(number: int) -> str:
    """Return a UUID of a backup."""
    return f"{PLACE}-{number:04x}-4000-8000-00000000abcd"


def keys(vendor: Vendor) -> Sequence[str]:
    """Return the resources' own parts of their ids."""
    return [f"{number:08x}" for number in range(vendor.resources)]


Answering = Callable[[Vendor, Sequence[str], Mapping[str, str]], Answer]
"""What a vendor answers to the parts of a path and a query."""

"""Where a declaration says that a vendor's answers report its rate limit: by any name, as seconds or as an instant."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from exporter.app import App
from exporter.client.client import Request, Response
from tests.declared.vendor import settings_of
from tests.virtual_time import now, virtually, wall_clock

pytestmark = pytest.mark.integration

API: Mapping[str, Any] = {
    "options": {"token": {"secret": True}},
    "base_url": "https://acme.example",
    "auth": {"type": "bearer", "token": "token"},
    "resources": {"path": "/databases", "id": "id"},
    "backups": {"path": "/{resource.id}", "id": "id", "started": "at", "status": {"always": "completed"}},
}
SECONDS = {"remaining_header": "RateLimit-Remaining", "reset_header": "RateLimit-Reset"}
EPOCH = {
    "remaining_header": "X-Rate-Limit-Remaining",
    "reset_header": "X-Rate-Limit-Reset",
    "reset_format": "epoch",
}
CASES = [
    pytest.param({}, "x-ratelimit-remaining", "x-ratelimit-reset", False, id="the usual names"),
    pytest.param(SECONDS, "ratelimit-remaining", "ratelimit-reset", False, id="seconds"),
    pytest.param(EPOCH, "x-rate-limit-remaining", "x-rate-limit-reset", True, id="an instant"),
]


@dataclass(slots=True)
class Transport:
    """Answers everything; the first answer has some headers and a status of its own."""

    first: Response
    asked: list[float] = field(default_factory=list)

    async def send(self, request: Request) -> Response:
        self.asked.append(now())
        if len(self.asked) == 1:
            return self.first
        return Response(status=200, headers={}, body=body(urlsplit(request.url).path))

    async def aclose(self) -> None:
        """Hold nothing."""


def body(path: str) -> bytes:
    listed = [{"id": "d"}] if path == "/databases" else [{"id": "b", "at": "2026-11-20T01:00:00Z"}]
    return json.dumps(listed).encode()


@pytest.mark.parametrize("status", [200, 429])
@pytest.mark.parametrize(("named", "remaining", "reset", "is_instant"), CASES)
@virtually
async def test_what_a_vendor_reports_is_waited_for(
    status: int, named: Mapping[str, str], remaining: str, reset: str, is_instant: bool
) -> None:
    until = f"{wall_clock() + 40:.0f}" if is_instant else "40"
    first = Response(status=status, headers={remaining: "0", reset: until}, body=body("/databases"))
    transport = Transport(first)
    app = App(wall_clock, lambda _: transport)
    api = {**API, "rate_limit": {"requests": 1000, "per": "1s", **named}}
    (watch,) = await app.apply(settings_of(api, token="t"))
    await watch.poller.poll()
    await app.stop()

    assert len(transport.asked) >= 2
    assert transport.asked[1] - transport.asked[0] == pytest.approx(40, abs=2)
    assert set(app.store.entries["one"].resources) == {"d"}

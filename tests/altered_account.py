"""Simulated accounts some of whose answers are others, and what an exporter makes of them, in virtual time."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from structlog.testing import capture_logs

from exporter.commands.poll import list_resource_records
from exporter.demo.http import Account, Request, Response, Story, json_response
from tests.simulated_transport import watching
from tests.vendors import open_account
from tests.virtual_time import START, run_virtual

POLL = 300.0
HTML = Response(status=200, body=b"<html>Sign in</html>", headers={"Content-Type": "text/html"})
FORBIDDEN_IN_HTML = Response(status=403, body=b"<html>Forbidden</html>", headers={"Content-Type": "text/html"})
Tampering = Callable[[Request, Response], Response]


def always(answer: Response | int | object) -> Tampering:
    """Answer with this response, with this status and an empty object, or with this body."""
    if isinstance(answer, Response):
        return lambda _request, _response: answer
    if isinstance(answer, int) and not isinstance(answer, bool):
        return lambda _request, _response: json_response({}, status=answer)
    return lambda _request, _response: json_response(answer)


def rewriting(change: Callable[[Any], Any]) -> Tampering:
    """Answer with the body as `change` returns it."""

    def rewrite(_request: Request, response: Response) -> Response:
        return replace(response, body=json.dumps(change(json.loads(response.body))).encode())

    return rewrite


class Tampered:
    """An account whose answers at some paths are tampered with; what it is asked there is counted."""

    def __init__(self, account: Account, tampering: Mapping[str, Tampering]) -> None:
        self.name = account.name
        self.account = account
        self.tampering = {re.compile(path): change for path, change in tampering.items()}
        self.asked: list[str] = []

    def configuration(self, base: str) -> dict[str, Any]:
        return self.account.configuration(base)

    def respond(self, request: Request, now: float) -> Response:
        response = replace(self.account.respond(request, now), complaint="")
        self.asked.append(request.path)
        for path, change in self.tampering.items():
            if path.fullmatch(request.path):
                return change(request, response)
        return response

    def count(self, path: str) -> int:
        """Return how many requests for such a path have come."""
        return sum(re.fullmatch(path, asked) is not None for asked in self.asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an exporter makes of an account."""

    up: bool | None
    scopes: Mapping[str, str]
    """The reasons of the scopes that cannot be listed, by their names."""
    records: Mapping[str, Mapping[str, Any]]
    """Resources as `poll --output json` writes them, by their names."""
    warnings: list[tuple[str, str | None]]
    """What was logged as a warning: the event, and the reason."""
    account: Tampered

    def problems(self, name: str) -> set[tuple[str, str | None]]:
        """Return a resource's problems, each with its kind."""
        return {(one["problem"], one.get("kind")) for one in self.records[name]["problems"]}


def poll(
    vendor: str,
    name: str,
    tampering: Mapping[str, Tampering],
    *,
    polls: int = 1,
    between: Callable[[Tampered, int], None] = lambda _account, _poll: None,
    **keys: Any,
) -> Outcome:
    """Poll an account so often, five minutes apart, calling `between` after each poll; `keys` stand on the source."""
    return run_virtual(_poll(vendor, name, tampering, polls, between, keys))


async def _poll(
    vendor: str,
    name: str,
    tampering: Mapping[str, Tampering],
    polls: int,
    between: Callable[[Tampered, int], None],
    keys: Mapping[str, Any],
) -> Outcome:
    account = Tampered(open_account(vendor, name, Story(start=START - 7200), limited=False), tampering)
    with capture_logs() as logs:
        async with watching([account], **keys) as seen:
            for number in range(polls):
                await asyncio.sleep(POLL - 1 if number == 0 else POLL)
                between(account, number)
            status = seen.app.store.entries[name].status
            records = {str(one["resource_name"]): one for one in list_resource_records(seen.app.store)}
    return Outcome(
        up=status.up,
        scopes={scope.name: scope.reason for scope in status.unreadable_scopes or ()},
        records=records,
        warnings=[(log["event"], log.get("reason")) for log in logs if log["log_level"] in ("warning", "error")],
        account=account,
    )

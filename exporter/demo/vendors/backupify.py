"""A simulated Backupify account: two customers' backup instances, and one customer that is no longer ours."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode

from exporter.demo.http import (
    Request,
    Response,
    SimulatedAccount,
    StagedEvent,
    Story,
    Window,
    find_undocumented,
    iso,
    json_response,
)
from exporter.demo.timeline import BackupPattern, Run
from exporter.model import Status
from exporter.schedule import DAY, HOUR, WEEK

CLIENT_ID = "simulated-client"
CLIENT_SECRET = "simulated-secret"
TOKEN_LIFETIME = 899
PER_PAGE = 20
FORM = {"client_id", "client_secret", "grant_type", "scope"}
PAGE = "page"  # not documented, but in the links that are
DEFINITION = "backup_definition_id"
QUEUED = 10.0  # seconds in the story between a backup's appearance and its start
FORMER_CUSTOMER = 9
CUSTOMERS: Mapping[int, str] = MappingProxyType(
    {7: "Harbour School", 8: "Alder Clinic", FORMER_CUSTOMER: "Former Client"}
)
WORDS: Mapping[Status, str] = MappingProxyType({
    Status.PENDING: "queued",
    Status.IN_PROGRESS: "in_progress",
    Status.COMPLETED: "successful",
    Status.FAILED: "failed",
    Status.CANCELLED: "canceled",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Instance:
    id: int
    customer: int
    definition: int
    frequency: str
    keep: float = 0.0
    pattern: BackupPattern | None = None

    def backups(self, now: float, queued: float) -> list[dict[str, Any]]:
        """Return the backups at `now`, ascending by id; those are listed that start in the next `queued` seconds."""
        runs = self.pattern.runs(now + queued, self.keep) if self.pattern else []
        return [self._backup(run, now) for run in reversed(runs)]

    def describe(self, now: float, queued: float) -> dict[str, Any]:
        """Return the instance itself; what has not happened yet is left out."""
        listed = self.backups(now, queued)
        description: dict[str, Any] = {
            "id": self.id,
            "backup_definition_id": self.definition,
            "customer_id": self.customer,
            "backup_frequency": self.frequency,
        }
        if listed:
            description["last_backup_state"] = listed[-1]["status"].replace("_", " ")  # the vendor spells it both ways
        successes = [one["ended_at"] for one in listed if one["status"] == "successful"]
        if successes:
            description["last_successful_backup"] = max(successes)
        if self.pattern and self.frequency != "off":
            ahead = math.floor((now - self.pattern.first) / self.pattern.every) + 1
            description["next_scheduled_backup"] = iso(self.pattern.first + ahead * self.pattern.every)
        return description

    def _backup(self, run: Run, now: float) -> dict[str, Any]:
        status = run.status(now)
        return {
            "id": self.id * 10_000 + 5_000 + run.number,
            "backup_instance_id": self.id,
            "status": WORDS[status],
            "started_at": None if status is Status.PENDING else iso(run.start),
            "ended_at": None if status in (Status.PENDING, Status.IN_PROGRESS) else iso(run.end),
            "failures": ["the source refused 3 records"] if status is Status.FAILED else [],
        }


def _instances(story: Story) -> list[_Instance]:
    """Return all instances: healthy, running, never backed up, switched off, stuck, and one of the former customer."""
    healthy = BackupPattern(first=story.start + 6 * HOUR, every=DAY, takes=22 * 60, size=0, alter=_mishaps)
    staged = BackupPattern(first=story.at(25), every=DAY, takes=50, size=0, alter=_lasting(1, story.at(75)))
    retired = BackupPattern(first=story.start - 90 * DAY, every=DAY, takes=20 * 60, size=0, alter=_only(range(1, 6)))
    stuck = BackupPattern(first=story.start - 11 * HOUR, every=WEEK, takes=40 * 60, size=0, alter=_lasting(1, math.inf))
    return [
        _Instance(id=101, customer=7, definition=3, frequency="daily", keep=50 * DAY, pattern=healthy),
        _Instance(id=102, customer=7, definition=3, frequency="daily", keep=14 * DAY, pattern=staged),
        _Instance(id=103, customer=7, definition=4, frequency="daily"),
        _Instance(id=201, customer=8, definition=3, frequency="off", keep=365 * DAY, pattern=retired),
        _Instance(id=202, customer=8, definition=4, frequency="weekly", keep=60 * DAY, pattern=stuck),
        _Instance(id=301, customer=FORMER_CUSTOMER, definition=3, frequency="daily", keep=14 * DAY, pattern=healthy),
    ]


def _mishaps(run: Run) -> Run:
    outcomes = {-6: Status.FAILED, -20: Status.CANCELLED}
    return replace(run, outcome=outcomes.get(run.number, run.outcome))


def _lasting(number: int, end: float) -> Callable[[Run], Run]:
    return lambda run: replace(run, end=end) if run.number == number else run


def _only(numbers: range) -> Callable[[Run], Run | None]:
    return lambda run: run if run.number in numbers else None


class _Workspace:
    """The account: everything it says follows from the time; it keeps the tokens it gave and its request count."""

    name = "workspace"

    def __init__(self, story: Story) -> None:
        self._queued = story.at(QUEUED) - story.start
        self._instances = {str(instance.id): instance for instance in _instances(story)}
        self.issued_tokens: dict[str, float] = {}
        self._numbers = itertools.count(1)
        self._window = Window(2, 1.0)
        self.limits = (self._window,)

    def configuration(self, base: str) -> dict[str, Any]:
        """Return the entry under `sources:` with which the exporter watches this account at `base`."""
        return {
            "name": self.name,
            "provider": "backupify",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "base_url": base,
            "resources": {"103": {"max_age": "1m"}},  # so that never having been backed up alarms within minutes
        }

    def respond(self, request: Request, now: float) -> Response:
        """Answer one request at the instant `now`; errors have no body, as none is documented."""
        if self._window.count_request(now) > 0:
            return _refusal(429, "over the limit")
        match request.path.strip("/").split("/"):
            case ["oauth", "token"]:
                return self._issue(request, now)
            case ["v1", *rest]:
                return self._read(rest, request, now)
        return _refusal(404, "no such path")

    def _issue(self, request: Request, now: float) -> Response:
        if request.method != "POST":
            return _refusal(405, "tokens are exchanged by POST")
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _refusal(400, "no form")
        form = dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
        if request.query or form.keys() != FORM:
            return _refusal(400, "not the fields of the form")
        if (form.get("grant_type"), form.get("scope")) != ("client_credentials", "write"):
            return _refusal(400, "no such scope or grant")
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _refusal(401, "no known client")
        token = f"simulated-token-{next(self._numbers)}=="
        self.issued_tokens[token] = now + TOKEN_LIFETIME
        return json_response({"access_token": token, "expires_in": TOKEN_LIFETIME, "token_type": "bearer"})

    def _read(self, rest: Sequence[str], request: Request, now: float) -> Response:
        if request.method != "GET":
            return _refusal(405, "only GET is for reading")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or self.issued_tokens.get(token, 0.0) <= now:
            return _refusal(401, "no token, or an expired one")
        return self._answer(rest, request, now)

    def _answer(self, rest: Sequence[str], request: Request, now: float) -> Response:
        match rest:
            case ["customers"]:
                return _listing(request, [{"id": key, "name": name} for key, name in CUSTOMERS.items()])
            case ["customers", customer, "backup_instances"]:
                return self._of_customer(customer, request, now)
            case ["backup_instances"]:
                return self._of_definition(request, now)
            case ["backup_instances", key, *more]:
                return self._of_instance(key, more, request, now)
        return _refusal(404, "no such path")

    def _of_customer(self, customer: str, request: Request, now: float) -> Response:
        if customer not in {str(key) for key in CUSTOMERS}:
            return _refusal(404, "no such customer")
        if customer == str(FORMER_CUSTOMER):
            return Response(status=401)  # what other vendors say by 403
        found = [one for one in self._instances.values() if str(one.customer) == customer]
        return _listing(request, [one.describe(now, self._queued) for one in found])

    def _of_definition(self, request: Request, now: float) -> Response:
        definition = request.query.get(DEFINITION, "")
        if not definition.isdecimal():
            return _refusal(400, "no definition")
        ours = [one for one in self._instances.values() if one.customer != FORMER_CUSTOMER]
        found = [one for one in ours if str(one.definition) == definition]
        return _listing(request, [one.describe(now, self._queued) for one in found], DEFINITION)

    def _of_instance(self, key: str, more: Sequence[str], request: Request, now: float) -> Response:
        instance = self._instances.get(key)
        if instance is None:
            return _refusal(404, "no such instance")
        if instance.customer == FORMER_CUSTOMER:
            return Response(status=401)
        if not more:
            return _single(request, instance.describe(now, self._queued))
        return _of_backups(more, request, instance.backups(now, self._queued))


def _of_backups(more: Sequence[str], request: Request, backups: Sequence[Mapping[str, Any]]) -> Response:
    match more:
        case ["backups"]:
            return _listing(request, backups)
        case ["backups", "active"]:
            found = [one for one in backups if one["status"] == WORDS[Status.IN_PROGRESS]]
            return _single(request, found[0] if found else None)
        case ["backups", wanted]:
            found = [one for one in backups if str(one["id"]) == wanted]
            return _single(request, found[0]) if found else _refusal(404, "no such backup")
    return _refusal(404, "no such path")


def _refusal(status: int, complaint: str) -> Response:
    return Response(status=status, complaint=complaint)


def _single(request: Request, record: Mapping[str, Any] | None) -> Response:
    if unknown := find_undocumented(request):
        return _refusal(400, unknown)
    return Response(status=204) if record is None else json_response(record)


def _listing(request: Request, records: Sequence[Mapping[str, Any]], *documented: str) -> Response:
    """Return one page of `records` with links to the others; the first is also had without naming it."""
    if unknown := find_undocumented(request, PAGE, *documented):
        return _refusal(400, unknown)
    last = max(1, math.ceil(len(records) / PER_PAGE))
    said = request.query.get(PAGE, "1")
    if not said.isdecimal() or int(said) < 1:
        return _refusal(400, "no such page")
    page = int(said)
    back = {"first": 1, "prev": page - 1} if page > 1 else {}
    onward = {"next": page + 1, "last": last} if page < last else {}
    kept = {key: value for key, value in request.query.items() if key != PAGE}
    links = [
        f'<{request.base}{request.path}?{urlencode({**kept, PAGE: number})}>; rel="{rel}"'
        for rel, number in (back | onward).items()
    ]
    shown = list(records[(page - 1) * PER_PAGE : page * PER_PAGE])
    return json_response(shown, headers={"Link": ", ".join(links)} if links else {})


EVENTS = (
    StagedEvent(
        seconds=0,
        text="one instance was never backed up, one is switched off, one has been running for hours",
        source="workspace",
    ),
)
"""What the demo announces of this vendor."""


def accounts(story: Story) -> Sequence[SimulatedAccount]:
    """Return the vendor's simulated accounts."""
    return [_Workspace(story)]

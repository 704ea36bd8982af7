"""A simulated Backupify account: two customers' backup instances, and one customer that is no longer ours."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode

from exporter.demo.exchange import Account, Request, Response, Story, Window, iso, json_response
from exporter.demo.timeline import Rhythm, Run
from exporter.model import Status
from exporter.schedule import DAY, HOUR, WEEK

CLIENT_ID = "simulated-client"
CLIENT_SECRET = "simulated-secret"
TOKEN_LIFETIME = 899
PER_PAGE = 20
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
    rhythm: Rhythm | None = None
    running: str = "in_progress"

    def backups(self, now: float, queued: float) -> list[dict[str, Any]]:
        """Return the backups at `now`, ascending by id; those are listed that start in the next `queued` seconds."""
        runs = self.rhythm.runs(now + queued, self.keep) if self.rhythm else []
        return [self._backup(run, now) for run in reversed(runs)]

    def describe(self, now: float, queued: float) -> dict[str, Any]:
        """Return the instance itself; what has not happened yet is left out."""
        listed = self.backups(now, queued)
        described: dict[str, Any] = {
            "id": self.id,
            "backup_definition_id": self.definition,
            "customer_id": self.customer,
            "backup_frequency": self.frequency,
        }
        if listed:
            described["last_backup_state"] = listed[-1]["status"].replace("_", " ")  # the vendor spells it both ways
        successes = [one["ended_at"] for one in listed if one["status"] == "successful"]
        if successes:
            described["last_successful_backup"] = max(successes)
        if self.rhythm and self.frequency != "off":
            ahead = math.floor((now - self.rhythm.first) / self.rhythm.every) + 1
            described["next_scheduled_backup"] = iso(self.rhythm.first + ahead * self.rhythm.every)
        return described

    def _backup(self, run: Run, now: float) -> dict[str, Any]:
        status = run.status(now)
        return {
            "id": self.id * 10_000 + 5_000 + run.number,
            "backup_instance_id": self.id,
            "status": self.running if status is Status.IN_PROGRESS else WORDS[status],
            "started_at": None if status is Status.PENDING else iso(run.start),
            "ended_at": None if status in (Status.PENDING, Status.IN_PROGRESS) else iso(run.end),
            "failures": ["the source refused 3 records"] if status is Status.FAILED else [],
        }


def _instances(story: Story) -> list[_Instance]:
    """Return all instances: healthy, running, never backed up, switched off, stuck, and one of the former customer."""
    healthy = Rhythm(first=story.start + 6 * HOUR, every=DAY, takes=22 * 60, size=0, twist=_mishaps)
    staged = Rhythm(first=story.at(25), every=DAY, takes=50, size=0, twist=_lasting(1, story.at(75)))
    retired = Rhythm(first=story.start - 90 * DAY, every=DAY, takes=20 * 60, size=0, twist=_only(range(1, 6)))
    stuck = Rhythm(first=story.start - 11 * HOUR, every=WEEK, takes=40 * 60, size=0, twist=_lasting(1, math.inf))
    return [
        _Instance(id=101, customer=7, definition=3, frequency="daily", keep=50 * DAY, rhythm=healthy),
        _Instance(id=102, customer=7, definition=3, frequency="daily", keep=14 * DAY, rhythm=staged),
        _Instance(id=103, customer=7, definition=4, frequency="daily"),
        _Instance(id=201, customer=8, definition=3, frequency="off", keep=365 * DAY, rhythm=retired),
        _Instance(
            id=202, customer=8, definition=4, frequency="weekly", keep=60 * DAY, rhythm=stuck, running="in progress"
        ),
        _Instance(id=301, customer=FORMER_CUSTOMER, definition=3, frequency="daily", keep=14 * DAY, rhythm=healthy),
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
        self._expiries: dict[str, float] = {}
        self._numbers = itertools.count(1)
        self._window = Window(2, 1.0)

    def configuration(self, base: str) -> dict[str, Any]:
        """Return the entry under `sources:` with which the exporter watches this account at `base`."""
        return {
            "name": self.name,
            "provider": "backupify",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "base_url": base,
        }

    def respond(self, request: Request, now: float) -> Response:
        """Answer one request at the instant `now`; errors have no body, as none is documented."""
        if self._window.admit(now) > 0:
            return Response(status=429)
        match request.path.strip("/").split("/"):
            case ["oauth", "token"]:
                return self._issue(request, now)
            case ["v1", *rest]:
                return self._read(rest, request, now)
        return Response(status=404)

    def _issue(self, request: Request, now: float) -> Response:
        if request.method != "POST":
            return Response(status=405)
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return Response(status=400)
        form = dict(parse_qsl(request.body.decode(errors="replace")))
        if (form.get("grant_type"), form.get("scope")) != ("client_credentials", "write"):
            return Response(status=400)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return Response(status=401)
        token = f"simulated-token-{next(self._numbers)}=="
        self._expiries[token] = now + TOKEN_LIFETIME
        return json_response({"access_token": token, "expires_in": TOKEN_LIFETIME, "token_type": "bearer"})

    def _read(self, rest: Sequence[str], request: Request, now: float) -> Response:
        if request.method != "GET":
            return Response(status=405)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or self._expiries.get(token, 0.0) <= now:
            return Response(status=401)
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
        return Response(status=404)

    def _of_customer(self, customer: str, request: Request, now: float) -> Response:
        if customer not in {str(key) for key in CUSTOMERS}:
            return Response(status=404)
        if customer == str(FORMER_CUSTOMER):
            return Response(status=401)  # what other vendors say by 403
        found = [one for one in self._instances.values() if str(one.customer) == customer]
        return _listing(request, [one.describe(now, self._queued) for one in found])

    def _of_definition(self, request: Request, now: float) -> Response:
        definition = request.query.get("backup_definition_id", "")
        if not definition.isdecimal():
            return Response(status=400)
        ours = [one for one in self._instances.values() if one.customer != FORMER_CUSTOMER]
        found = [one for one in ours if str(one.definition) == definition]
        return _listing(request, [one.describe(now, self._queued) for one in found])

    def _of_instance(self, key: str, more: Sequence[str], request: Request, now: float) -> Response:
        instance = self._instances.get(key)
        if instance is None:
            return Response(status=404)
        if instance.customer == FORMER_CUSTOMER:
            return Response(status=401)
        if not more:
            return json_response(instance.describe(now, self._queued))
        return _of_backups(more, request, instance.backups(now, self._queued), instance.running)


def _of_backups(more: Sequence[str], request: Request, backups: Sequence[Mapping[str, Any]], running: str) -> Response:
    match more:
        case ["backups"]:
            return _listing(request, backups)
        case ["backups", "active"]:
            found = [one for one in backups if one["status"] == running]
            return json_response(found[0]) if found else Response(status=204)
        case ["backups", wanted]:
            found = [one for one in backups if str(one["id"]) == wanted]
            return json_response(found[0]) if found else Response(status=404)
    return Response(status=404)


def _listing(request: Request, records: Sequence[Mapping[str, Any]]) -> Response:
    """Return one page of `records` with links to the others; the first is also had without naming it."""
    last = max(1, math.ceil(len(records) / PER_PAGE))
    said = request.query.get("page", "1")
    if not said.isdecimal() or int(said) < 1:
        return Response(status=400)
    page = int(said)
    back = {"first": 1, "prev": page - 1} if page > 1 else {}
    onward = {"next": page + 1, "last": last} if page < last else {}
    kept = {key: value for key, value in request.query.items() if key != "page"}
    links = [
        f'<{request.base}{request.path}?{urlencode({**kept, "page": number})}>; rel="{rel}"'
        for rel, number in (back | onward).items()
    ]
    shown = list(records[(page - 1) * PER_PAGE : page * PER_PAGE])
    return json_response(shown, headers={"Link": ", ".join(links)} if links else {})


def accounts(story: Story) -> Sequence[Account]:
    """Return the vendor's simulated accounts."""
    return [_Workspace(story)]

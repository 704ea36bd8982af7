"""A simulated ClickHouse Cloud: two organizations, one of which goes down now and then.

As documented: HTTP Basic, one organization to a key, no paging, newest first, 10 requests in 10 seconds, and errors
as `{"status", "error", "requestId"}`. A 429 has `X-RateLimit-Reset` in seconds with a fraction and no `Retry-After`.
A backup that runs has no `finishedAt` and a duration that grows; only a finished one has a size.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from exporter.demo.http import Request, Response, StagedEvent, Story, Window, find_undocumented, iso, json_response
from exporter.demo.timeline import Alteration, BackupPattern, Run, failing, lasting
from exporter.model import Status
from exporter.schedule import DAY, HOUR, MINUTE

WORDS = {Status.COMPLETED: "done", Status.FAILED: "error", Status.IN_PROGRESS: "in_progress"}
CHAIN = ("full", *["incremental"] * 6)
GIB = 2**30
UNTIL_THE_END = 1000 * DAY
PARAMETERS = {"services": ("filter",)}
"""The documented query parameters, by what a path ends with; the others have none but those of Managed Postgres."""
PAGING = ("limit", "cursor")
DOWN = b"<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body></body>\r\n</html>\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service, how it is backed up, and for how many hours each backup is kept."""

    name: str
    pattern: BackupPattern
    retention: int = 24
    state: str = "running"
    warehouse: str = ""
    primary: bool = True
    own_schedule: bool = True

    @property
    def id(self) -> str:
        """Return the id, the same in each demo."""
        return identifier("service", self.name)

    def runs(self, now: float) -> list[Run]:
        """Return what is kept at `now`, newest first."""
        keep = self.retention * HOUR
        late = self.pattern.every  # a run may have been moved away from its slot
        return [run for run in self.pattern.runs(now, keep + late) if run.start > now - keep]

    def forgets(self, wanted: str, now: float) -> bool:
        """Return whether a backup of this id once was."""
        return any(self.backup_id(run) == wanted for run in self.pattern.runs(now, UNTIL_THE_END))

    def backup_id(self, run: Run) -> str:
        """Return the id of a run."""
        return identifier("backup", f"{self.name}/{run.number}")


EVENTS = (
    StagedEvent(seconds=0, text="the last backups of billing failed", source="analytics", name="billing"),
    StagedEvent(seconds=0, text="archive is stopped, so it is paused", source="analytics", name="archive"),
    StagedEvent(seconds=20, text="a backup of orders runs for a minute", source="analytics", name="orders"),
    StagedEvent(seconds=40, text="a backup of clickstream fails", source="analytics", name="clickstream"),
    StagedEvent(
        seconds=60,
        text="the last good backup of clickstream leaves the vendor's list; its age keeps growing",
        source="analytics",
        name="clickstream",
    ),
    StagedEvent(seconds=60, text="the vendor of staging is down for a minute", source="staging"),
)
"""What the demo announces of this vendor."""


def accounts(story: Story) -> Sequence["ClickhouseAccount"]:
    """Return an organization with every kind of trouble, and a small one behind a proxy that fails now and then."""
    return (
        ClickhouseAccount("analytics", story=story, services=analytics(story), named=False, down=lambda _: False),
        ClickhouseAccount("staging", story=story, services=staging(story), named=True, down=outage(story)),
    )


def analytics(story: Story) -> Sequence[Service]:
    """Return services of which three are well: `orders`, `search`, and `archive`, which is stopped."""
    orders = Service(name="orders", pattern=frequent(story), retention=168)
    start = story.start
    stuck_since = start - 9 * HOUR
    sessions = BackupPattern(first=stuck_since + DAY, every=DAY, takes=20 * MINUTE, size=90 * GIB, kinds=CHAIN)
    billing = BackupPattern(first=start + 10 * HOUR, every=12 * HOUR, takes=5 * MINUTE, size=40 * GIB, kinds=CHAIN)
    archive = BackupPattern(first=start + 7 * HOUR, every=DAY, takes=30 * MINUTE, size=600 * GIB, kinds=CHAIN)
    search = BackupPattern(first=start + 3 * HOUR, every=8 * HOUR, takes=25 * MINUTE, size=2048 * GIB, kinds=("full",))
    return (
        orders,
        replace(orders, name="orders readers", warehouse="orders", primary=False),
        Service(name="clickstream", pattern=forget_service(story)),
        Service(name="billing", pattern=replace(billing, alter=failing(0, -1)), retention=96),
        Service(name="sessions", pattern=replace(sessions, alter=lasting(0, UNTIL_THE_END)), retention=168),
        Service(name="archive", pattern=replace(archive, alter=ending(-20)), retention=1080, state="stopped"),
        Service(name="search", pattern=search, retention=72, state="idle"),
    )


def staging(story: Story) -> Sequence[Service]:
    """Return the one service of an organization in the cheapest tier, where the schedule is not one's own."""
    pattern = BackupPattern(first=story.start + 19 * HOUR, every=DAY, takes=3 * MINUTE, size=GIB, kinds=CHAIN)
    return (Service(name="playground", pattern=pattern, own_schedule=False),)


def frequent(story: Story) -> BackupPattern:
    """Return a rhythm that is never late, with a run to be watched from beginning to end."""
    begins, ends = story.at(20), story.at(80)
    every = BackupPattern(first=begins, every=6 * HOUR, takes=65, size=120 * GIB, kinds=CHAIN)
    return replace(every, alter=lasting(1, ends - begins))


def forget_service(story: Story) -> BackupPattern:
    """Return a rhythm whose next run fails shortly before the last success is a day old and drops out of the list."""

    def alter(run: Run) -> Run:
        if run.number == 0:
            late = story.at(60) - DAY
            return replace(run, start=late, end=late + run.end - run.start)
        return replace(run, end=story.at(42), outcome=Status.FAILED) if run.number == 1 else run

    return BackupPattern(first=story.at(40), every=DAY, takes=4 * MINUTE, size=300 * GIB, kinds=CHAIN, alter=alter)


def ending(number: int) -> Alteration:
    """Return a twist after whose run of this number there was none."""
    return lambda run: run if run.number <= number else None


def outage(story: Story) -> Callable[[float], bool]:
    """Return what says whether a minute has come, the second of every ten, in which nothing works."""

    def down(now: float) -> bool:
        elapsed = (now - story.start) * story.speed
        return elapsed >= MINUTE and elapsed % (10 * MINUTE) // MINUTE == 1

    return down


class ClickhouseAccount:
    """One organization, and the one key that reads it."""

    def __init__(
        self,
        name: str,
        *,
        story: Story,
        services: Sequence[Service],
        named: bool,
        down: Callable[[float], bool],
        postgres: Sequence[Service] = (),
    ) -> None:
        """Let `named` say whether the source is configured with the organization's id, and `down` when all is 503."""
        self.name = name
        self._story = story
        self._services = {service.id: service for service in services}
        self._postgres = {service.id: service for service in postgres}
        self._organization = identifier("organization", name)
        self._named = named
        self._down = down
        self._key, self._secret = f"simulated-{name}-key", f"simulated-{name}-secret"
        self._signature = "Basic " + base64.b64encode(f"{self._key}:{self._secret}".encode()).decode()
        self._window = Window(10, 10)

    def configuration(self, base: str) -> dict[str, Any]:
        """Return the source that watches this account."""
        return {
            "name": self.name,
            "provider": "clickhouse_cloud",
            "key_id": self._key,
            "key_secret": self._secret,
            **({"organization_id": self._organization} if self._named else {}),
            "base_url": base,
            "min_backups": 1,
            "resources": {"orders": {"min_backups": 4, "min_retention": "2d"}},
        }

    def respond(self, request: Request, now: float) -> Response:
        """Answer one request."""
        if self._down(now):
            return Response(status=503, body=DOWN, headers={"Content-Type": "text/html"})
        if request.headers.get("authorization") != self._signature:
            return refusal(request, 401, "Key is not found", complaint="no known key")
        if wait := self._window.admit(now):
            return json_response(
                {"status": 429, "error": "Rate limit exceeded"},
                status=429,
                headers={"X-RateLimit-Reset": f"{wait:.3f}"},
                complaint="over the limit",
            )
        if request.method != "GET":
            return refusal(
                request, 405, "METHOD_NOT_ALLOWED: Only GET is simulated", complaint="only GET is for reading"
            )
        parameters = PAGING if "/postgres/" in request.path else PARAMETERS.get(request.path.rpartition("/")[2], ())
        if unknown := find_undocumented(request, *parameters):
            return refusal(request, 400, "BAD_REQUEST: Unknown query parameter", complaint=unknown)
        return self._read_postgres(request, now) or self._read(request, now)

    def _read_postgres(self, request: Request, now: float) -> Response | None:
        match request.path.strip("/").split("/"):
            case ["v1", "organizations", self._organization, "postgres"]:
                return success(request, [self._describe_postgres(service) for service in self._postgres.values()])
            case ["v1", "organizations", self._organization, "postgres", own, "backups"] if own in self._postgres:
                return _base_backups(request, self._postgres[own], now)
        return None

    def _read(self, request: Request, now: float) -> Response:
        match request.path.strip("/").split("/"):
            case ["v1", "organizations"]:
                return success(request, [self._describe_organization()])
            case ["v1", "organizations", organization, *_] if organization != self._organization:
                error = "FORBIDDEN: The key does not belong to the organization"
                return refusal(request, 403, error, complaint="another organization")
            case ["v1", "organizations", _]:
                return success(request, self._describe_organization())
            case ["v1", "organizations", _, "services"]:
                found = () if "filter" in request.query else self._services.values()  # no service has a tag
                return success(request, [self._describe_service(service) for service in found])
            case ["v1", "organizations", _, "services", own, *rest] if own in self._services:
                return self._read_service(request, self._services[own], rest, now)
            case _:
                return refusal(request, 404, "NOT_FOUND: No such resource", complaint="no such path or service")

    def _read_service(self, request: Request, service: Service, rest: list[str], now: float) -> Response:
        complaint = "no such path, or one that only primary services have"
        match rest:
            case []:
                return success(request, self._describe_service(service))
            case ["backupConfiguration"] if service.primary and not service.own_schedule:
                return refusal(
                    request, 403, "FORBIDDEN: Cannot use customized backup schedule in BASIC pricing package"
                )
            case ["backupConfiguration"] if service.primary:
                period = int(service.pattern.every // HOUR)
                schedule = {"backupPeriodInHours": period, "backupRetentionPeriodInHours": service.retention}
                return success(request, schedule)
            case ["backups"] if service.primary:
                return success(request, [describe_backup(service, run, now) for run in service.runs(now)])
            case ["backups", wanted] if service.primary:
                for run in service.runs(now):
                    if service.backup_id(run) == wanted:
                        return success(request, describe_backup(service, run, now))
                complaint = "" if service.forgets(wanted, now) else "no such backup"
        return refusal(request, 404, "NOT_FOUND: No such resource", complaint=complaint)

    def _describe_organization(self) -> dict[str, Any]:
        created = iso(self._story.start - 600 * DAY)
        return {"id": self._organization, "createdAt": created, "name": f"Simulated {self.name}"}

    def _describe_postgres(self, service: Service) -> dict[str, Any]:
        return {
            "id": service.id,
            "name": service.name,
            "provider": "aws",
            "region": "eu-central-1",
            "postgresVersion": "18",
            "size": "r8gd.large",
            "haType": "async",
            "tags": [],
            "state": service.state,
            "createdAt": iso(self._story.start - 100 * DAY),
            "isPrimary": service.primary,
        }

    def _describe_service(self, service: Service) -> dict[str, Any]:
        return {
            "id": service.id,
            "name": service.name,
            "provider": "aws",
            "region": "eu-central-1",
            "state": service.state,
            "createdAt": iso(self._story.start - 400 * DAY),
            "dataWarehouseId": identifier("warehouse", service.warehouse or service.name),
            "isPrimary": service.primary,
            "isReadonly": not service.primary,
            "tags": [],
            "autoscalingMode": "vertical",
            "currentScaling": {},
        }


def _base_backups(request: Request, service: Service, now: float) -> Response:
    """Return a page of a Managed Postgres service's backups; a cursor is the number of those before it."""
    size, start = int(request.query.get("limit", "100")), int(request.query.get("cursor", "0"))
    found = [describe_backup(service, run, now) for run in service.runs(now)]
    further = start + size if start + size < len(found) else None
    body = {"status": 200, "requestId": identifier("request", request.path), "result": found[start : start + size]}
    paging = {"limit": size, "totalCount": len(found), "nextCursor": None if further is None else str(further)}
    return json_response({**body, **paging})


def describe_backup(service: Service, run: Run, now: float) -> dict[str, Any]:
    """Return a run as a `Backup`."""
    status = run.status(now)
    over = status is not Status.IN_PROGRESS
    return {
        "id": service.backup_id(run),
        "status": WORDS[status],
        "serviceId": service.id,
        "startedAt": iso(run.start),
        **({"finishedAt": iso(run.end)} if over else {}),
        "sizeInBytes": run.size if status is Status.COMPLETED else 0,
        "durationInSeconds": round((run.end if over else now) - run.start, 3),
        "type": run.kind,
    }


def identifier(what: str, name: str) -> str:
    """Return a UUID that is the same each time."""
    return str(uuid5(NAMESPACE_URL, f"simulated:clickhouse:{what}:{name}"))


def success(request: Request, result: Any) -> Response:
    """Return an answer in the vendor's envelope."""
    return json_response({"status": 200, "requestId": identifier("request", request.path), "result": result})


def refusal(request: Request, status: int, error: str, *, complaint: str = "") -> Response:
    """Return an error in the vendor's envelope; a `complaint` if it is the asker's fault."""
    body = {"requestId": identifier("request", request.path), "error": error, "status": status}
    return json_response(body, status=status, complaint=complaint)

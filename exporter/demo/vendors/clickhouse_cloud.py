"""A simulated ClickHouse Cloud: two organizations, one of which goes down now and then.

As documented: HTTP Basic, one organization to a key, no paging, newest first, 10 requests in 10 seconds, and errors
as `{"status", "error", "requestId"}`. A 429 has `X-RateLimit-Reset` in seconds with a fraction and no `Retry-After`.
A backup that runs has no `finishedAt` and a duration that grows; only a finished one has a size. A backup in a bucket
of the customer's own names that bucket; Managed Postgres services and their backups have lists of their own, with a
cursor.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any

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
from exporter.demo.stories.clickhouse_cloud import Service, analytics, identifier, managed_postgres, outage, staging
from exporter.demo.timeline import Run
from exporter.model import Status
from exporter.schedule import DAY, HOUR

WORDS = {Status.COMPLETED: "done", Status.FAILED: "error", Status.IN_PROGRESS: "in_progress"}
PARAMETERS = {"services": ("filter",)}
"""The documented query parameters, by what a path ends with; the others have none but those of Managed Postgres."""
PAGING = ("limit", "cursor")
DOWN = b"<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body></body>\r\n</html>\r\n"
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


def accounts(story: Story) -> Sequence[SimulatedAccount]:
    """Return an organization with every kind of trouble, and a small one behind a proxy that fails now and then."""
    return (
        ClickhouseAccount(
            "analytics",
            story=story,
            services=analytics(story),
            postgres=managed_postgres(story),
            named=False,
            down=lambda _: False,
        ),
        ClickhouseAccount("staging", story=story, services=staging(story), named=True, down=outage(story)),
    )


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
        self.issued_tokens: dict[str, float] = {}
        self._window = Window(10, 10)
        self.limits = (self._window,)

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
        if wait := self._window.count_request(now):
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
        answer = self._read_postgres(request, now) or self._read(request, now)
        if answer.status != 404 and (unknown := find_undocumented(request, *parameters)):
            return refusal(request, 400, "BAD_REQUEST: Unknown query parameter", complaint=unknown)
        return answer

    def _read_postgres(self, request: Request, now: float) -> Response | None:
        match request.path.strip("/").split("/"):
            case ["v1", "organizations", self._organization, "postgres"]:
                return success(request, [self._describe_postgres(service) for service in self._postgres.values()])
            case ["v1", "organizations", self._organization, "postgres", own, "backups"]:
                service = self._postgres.get(own)
                return _base_backups(request, service, now) if service is not None and service.primary else None
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
                period = int((service.external or service.pattern).every // HOUR)
                schedule = {"backupPeriodInHours": period, "backupRetentionPeriodInHours": service.retention}
                return success(request, schedule)
            case ["backups"] if service.primary:
                return success(request, _list_backups(service, now))
            case ["backups", wanted] if service.primary:
                for backup in _list_backups(service, now):
                    if backup["id"] == wanted:
                        return success(request, backup)
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
    limit, cursor = request.query.get("limit", "100"), request.query.get("cursor", "0")
    if not (limit.isdecimal() and 1 <= int(limit) <= 100 and cursor.isdecimal()):
        return refusal(request, 400, "BAD_REQUEST: Invalid limit or cursor", complaint="no such page")
    size, start = int(limit), int(cursor)
    found = [describe_backup(service, run, now) for run in service.runs(now)]
    further = start + size if start + size < len(found) else None
    body = {"status": 200, "requestId": identifier("request", request.path), "result": found[start : start + size]}
    paging = {"limit": size, "totalCount": len(found), "nextCursor": None if further is None else str(further)}
    return json_response({**body, **paging})


def _list_backups(service: Service, now: float) -> list[dict[str, Any]]:
    """Return all backups of a service, the vendor's own and those in the customer's bucket, newest first."""
    own = [describe_backup(service, run, now) for run in service.runs(now)]
    external = [_describe_external(service, run, now) for run in service.external_runs(now)]
    return sorted(own + external, key=lambda backup: str(backup["startedAt"]), reverse=True)


def _describe_external(service: Service, run: Run, now: float) -> dict[str, Any]:
    """Return a run into the customer's bucket as a `Backup`."""
    name = service.name.replace(" ", "-")
    return {
        **describe_backup(service, run, now),
        "id": service.backup_id(run, external=True),
        "backupName": f"{name}-{int(run.start)}",
        "bucket": {
            "bucketProvider": "AWS",
            "bucketPath": f"s3://simulated-bucket/{name}",
            "iamRoleArn": "arn:aws:iam::000000000000:role/simulated",
            "iamRoleSessionName": "simulated",
        },
    }


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


def success(request: Request, result: Any) -> Response:
    """Return an answer in the vendor's envelope."""
    return json_response({"status": 200, "requestId": identifier("request", request.path), "result": result})


def refusal(request: Request, status: int, error: str, *, complaint: str = "") -> Response:
    """Return an error in the vendor's envelope; a `complaint` if it is the asker's fault."""
    body = {"requestId": identifier("request", request.path), "error": error, "status": status}
    return json_response(body, status=status, complaint=complaint)

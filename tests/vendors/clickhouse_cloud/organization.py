"""Simulated accounts whose fate is in the test's hands, not in a story's."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.demo.http import Account, Request, Response, iso, json_response
from exporter.demo.timeline import Run
from exporter.model import Status
from exporter.schedule import DAY, HOUR

WORDS = {Status.COMPLETED: "done", Status.FAILED: "error"}
GIB = 2**30
BEAT_SECONDS = 5
USUAL_SIZE = 10 * GIB


@dataclass(slots=True)
class Service:
    """A ClickHouse service with five good backups, the newest an hour old, and whatever the test adds."""

    name: str
    beating: bool = False
    """Whether there is a new one every few seconds until it is stopped."""
    stopped: float | None = None
    runs: list[Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        now = time.time()
        for hours in range(5, 0, -1):
            self._add(now - hours * HOUR, USUAL_SIZE)

    @property
    def id(self) -> str:
        return f"service-{self.name}"

    def runs_at(self, *, outcome: Status = Status.COMPLETED, size: int = USUAL_SIZE) -> None:
        """Let a backup have ended just now."""
        self._add(time.time() - 1, size, outcome)

    def list_backups(self, now: float) -> list[dict[str, Any]]:
        """Return what the vendor lists, newest first."""
        runs = [*self.runs, *([self._beat(now)] if self.beating else [])]
        return [self._describe(run) for run in sorted(runs, key=lambda run: run.start, reverse=True)]

    def _add(self, start: float, size: int, outcome: Status = Status.COMPLETED) -> None:
        number = len(self.runs)
        self.runs.append(Run(number=number, start=start, end=start + 1, size=size, kind="full", outcome=outcome))

    def _beat(self, now: float) -> Run:
        number = int((now if self.stopped is None else self.stopped) // BEAT_SECONDS)
        start = float(number * BEAT_SECONDS - 1)
        return Run(number=number, start=start, end=start + 1, size=USUAL_SIZE, kind="full")

    def _describe(self, run: Run) -> dict[str, Any]:
        return {
            "id": f"{self.id}-{run.number}",
            "status": WORDS[run.outcome],
            "serviceId": self.id,
            "startedAt": iso(run.start),
            "finishedAt": iso(run.end),
            "sizeInBytes": run.size if run.outcome is Status.COMPLETED else 0,
            "durationInSeconds": run.end - run.start,
            "type": run.kind,
        }


class Organization:
    """A ClickHouse organization with these services, read by one key."""

    def __init__(self, name: str, *services: Service, more: Mapping[str, Any]) -> None:
        self.name = name
        self._services = {service.id: service for service in services}
        self._more = more

    def configuration(self, base: str) -> dict[str, Any]:
        keys = {"key_id": "simulated", "key_secret": "simulated"}
        return {"name": self.name, "provider": "clickhouse_cloud", **keys, "base_url": base, **self._more}

    def respond(self, request: Request, now: float) -> Response:
        match request.path.strip("/").split("/"):
            case ["v1", "organizations"]:
                return _success([{"id": "org", "name": self.name, "createdAt": iso(now - 600 * DAY)}])
            case ["v1", "organizations", _, "services"]:
                return _success([_describe(service) for service in self._services.values()])
            case ["v1", "organizations", _, "services", _, "backupConfiguration"]:
                return _success({"backupPeriodInHours": 24, "backupRetentionPeriodInHours": 240})
            case ["v1", "organizations", _, "services", own, "backups"]:
                return _success(self._services[own].list_backups(now))
        return Response(status=404)


class Refusing:
    """An account that answers as another does, until it answers everything with one status."""

    def __init__(self, account: Account, **more: Any) -> None:
        """`more` overrides what the account wants configured."""
        self.name = account.name
        self.status: int | None = None
        self._account = account
        self._more = more

    def configuration(self, base: str) -> dict[str, Any]:
        return {**self._account.configuration(base), **self._more}

    def respond(self, request: Request, now: float) -> Response:
        if self.status is not None:
            return Response(status=self.status)
        return self._account.respond(request, now)


def _describe(service: Service) -> dict[str, Any]:
    return {
        "id": service.id,
        "name": service.name,
        "state": "running",
        "createdAt": "2024-01-05T10:00:00Z",
        "dataWarehouseId": f"warehouse-{service.name}",
        "isPrimary": True,
    }


def _success(result: Any) -> Response:
    return json_response({"status": 200, "requestId": "simulated", "result": result})

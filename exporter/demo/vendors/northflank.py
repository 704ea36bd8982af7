"""A simulated Northflank: one account with two projects of addons, and a third project that it may not look into.

One of the projects has volumes too, whose backups are a bare list without an end, a size and a kind.

As documented: a bearer token, both forms of every path (with and without the team), `per_page` up to 100, cursors and
page numbers, errors in one envelope, the rate limit on every answer. What the documents leave open is made
awkward: lists come in no order, a running backup has no size and no `completedAt`, schedules have no `pagination`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from exporter.demo.files import file_response, is_signed, no_file, signed_link
from exporter.demo.http import (
    Hour,
    Request,
    Response,
    SimulatedAccount,
    StagedEvent,
    Story,
    find_undocumented,
    iso,
    json_response,
)
from exporter.demo.stories.northflank import Addon, Plan, Volume, addons, volumes
from exporter.demo.timeline import Run
from exporter.model import Status
from exporter.schedule import DAY

TOKEN = "simulated-northflank-token"
TEAM = "simulated-team"
CLOSED = "secret-lab"
WORDS: Mapping[Status, str] = {
    Status.COMPLETED: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "aborted",
    Status.IN_PROGRESS: "in-progress",
}
PAGING = ("per_page", "page", "cursor")
"""The documented parameters of each list; a single backup has none."""
DOWNLOADS = "/simulated-storage/"
BARE = ""
"""The name of a list that stands in `data` itself."""
CREATED = "2024-07-11T13:08:09.626Z"
TYPES = {"dump": "sameAddon", "snapshot": "snapshot"}
Json = dict[str, Any]


class Platform:
    """The account of a platform team."""

    name = "platform"

    def __init__(self, story: Story) -> None:
        """Take what happens to its addons."""
        self._addons = {(addon.project, addon.id): addon for addon in addons(story)}
        self._volumes = {(volume.project, volume.id): volume for volume in volumes(story)}
        self.issued_tokens: dict[str, float] = {}
        self._hour = Hour(1000)
        self.limits = (self._hour,)

    def configuration(self, base: str) -> dict[str, Any]:
        """Return its source entry."""
        return {"name": self.name, "provider": "northflank", "token": TOKEN, "volumes": True, "base_url": base}

    def respond(self, request: Request, now: float) -> Response:
        """Answer one request."""
        if request.path.startswith(DOWNLOADS):
            return self._file(request, now)
        admitted, headers = self._hour.count_request(now)
        answer = self._answer(request, now) if admitted else _error(429, "Too many requests", "over the limit")
        if answer.status == 405:
            headers["Allow"] = "GET"
        return replace(answer, headers={**answer.headers, **headers})

    def _file(self, request: Request, now: float) -> Response:
        """Serve a dump to whoever has the link."""
        *_, project, name, wanted = request.path.split("/")
        addon = self._addons.get((project, name))
        listed = _backups(addon, now) if addon is not None and is_signed(request, now) else ()
        sizes = (int(one["config"]["size"]) for one in listed if one["id"] == wanted)
        return next((file_response(request, size) for size in sizes), no_file())

    def _answer(self, request: Request, now: float) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "Unauthorized", "no known token")
        parts = [part for part in request.path.split("/") if part]
        if parts[:2] == ["v1", "teams"] and len(parts) > 2:
            if parts[2] != TEAM:
                return _error(403, "Forbidden", "another team")
            parts = ["v1", *parts[3:]]
        found = self._route(parts, now)
        if isinstance(found, int):
            strange = _error(404, "Not found", "no such path, addon or backup")
            return _error(403, "Forbidden") if found == 403 else strange
        if request.method != "GET":
            return _error(405, "Method not allowed", "only GET is for reading")
        single = "id" in found or "downloadLink" in found
        if unknown := find_undocumented(request, *(() if single else PAGING)):
            return _error(400, "Unknown query parameter", unknown)
        if "downloadLink" in found:
            found["downloadLink"] = signed_link(request.base + found["downloadLink"], now)
        return json_response({"data": found}) if single else _page(found, request.query)

    def _route(self, parts: Sequence[str], now: float) -> Json | int:
        """Return what stands at a path, or the status that says why nothing does."""
        match parts:
            case ["v1", "projects"]:
                return {"projects": [_project(name) for name in [*self._projects, CLOSED]]}
            case ["v1", "projects", project, *_] if project == CLOSED:
                return 403
            case ["v1", "projects", project, *rest] if project in self._projects:
                return self._route_project(project, rest, now)
        return 404

    def _route_project(self, project: str, rest: Sequence[str], now: float) -> Json | int:
        match rest:
            case ["addons"]:
                return {"addons": [_addon(one) for one in self._addons.values() if one.project == project]}
            case ["addons", name, *further] if (project, name) in self._addons:
                return _route_addon(further, self._addons[project, name], now)
            case ["volumes"]:
                return {BARE: [_volume(one) for one in self._volumes.values() if one.project == project]}
            case ["volumes", name, *further] if (project, name) in self._volumes:
                return _route_volume(further, self._volumes[project, name], now)
        return 404

    @property
    def _projects(self) -> Sequence[str]:
        return [*dict.fromkeys(project for project, _ in self._addons)]


EVENTS = (
    StagedEvent(
        seconds=0, text="the dumps of Risk Db have stopped; newer snapshots mask it", source="platform", name="Risk Db"
    ),
    StagedEvent(seconds=45, text="the dump of Ledger Db shrinks to a tenth", source="platform", name="Ledger Db"),
)
"""What the demo announces of this vendor."""


def accounts(story: Story) -> Sequence[SimulatedAccount]:
    """Return the one simulated account."""
    return (Platform(story),)


def _route_addon(rest: Sequence[str], addon: Addon, now: float) -> Json | int:
    match rest:
        case ["backups"]:
            return {"backups": _backups(addon, now)}
        case ["backups", wanted]:
            return next((_alone(backup) for backup in _backups(addon, now) if backup["id"] == wanted), 404)
        case ["backups", wanted, "download-link"]:
            return next((_download_link(addon, one) for one in _backups(addon, now) if one["id"] == wanted), 404)
        case ["backup-schedules"]:
            return {"schedules": [_schedule(plan) for plan in addon.plans]}
        case ["restores"]:
            return {"restores": [_restore(addon.plans[0], *restore) for restore in addon.restores]}
    return 404


def _route_volume(rest: Sequence[str], volume: Volume, now: float) -> Json | int:
    listed = [_volume_backup(volume, run, now) for plan in volume.plans for run in plan.runs(now)]
    match rest:
        case ["backups"]:
            return {BARE: listed}
        case ["backups", wanted]:
            return next((backup for backup in listed if backup["id"] == wanted), 404)
        case ["backup-schedules"]:
            return {"schedules": [_schedule(plan) for plan in volume.plans]}
    return 404


def _download_link(addon: Addon, backup: Json) -> Json | int:
    """Return where a completed dump is stored; a snapshot has no file."""
    if (backup["status"], backup["config"]["source"]["type"]) != ("completed", TYPES["dump"]):
        return 404
    return {"downloadLink": f"{DOWNLOADS}{addon.project}/{addon.id}/{backup['id']}"}


def _page(found: Json, query: Mapping[str, str]) -> Response:
    """Return the part of a list that is asked for; a cursor names the last element before it."""
    [(name, elements)] = found.items()
    if name == "schedules":
        return json_response({"data": found})
    if not all(query.get(key, "1").isdecimal() and int(query.get(key, "1")) for key in ("per_page", "page")):
        return _error(400, "per_page and page must be positive integers", "no such page")
    shuffled = sorted(elements, key=lambda element: _digest(element["id"]))
    size = min(int(query.get("per_page", "50")), 100)
    rest = [element for element in shuffled if _digest(element["id"]) > query.get("cursor", "")]
    start = 0 if "cursor" in query else (int(query.get("page", "1")) - 1) * size
    part = rest[start : start + size]
    pagination: Json = {"hasNextPage": start + size < len(rest), "count": len(part)}
    if pagination["hasNextPage"]:
        pagination["cursor"] = _digest(part[-1]["id"])
    return json_response({"data": part if name == BARE else {name: part}, "pagination": pagination})


def _project(name: str) -> Json:
    return {
        "id": name,
        "name": name.replace("-", " ").title(),
        "uid": _uid("project", name),
        "lifecycleStatus": "running",
    }


def _addon(addon: Addon) -> Json:
    """Return an addon as its project's list shows it."""
    return {
        "id": addon.id,
        "name": addon.id.replace("-", " ").title(),
        "uid": _uid("addon", addon.project, addon.id),
        "appId": f"/{TEAM}/{addon.project}/{addon.id}",
        "tags": [],
        "spec": {"type": addon.type},
        "status": addon.status,
    }


def _volume(volume: Volume) -> Json:
    """Return a volume as its project's list shows it."""
    return {
        "id": volume.id,
        "name": volume.id.replace("-", " ").title(),
        "uid": _uid("volume", volume.project, volume.id),
        "tags": [],
        "spec": {"accessMode": "ReadWriteOnce", "storageSize": 10240},
        "status": volume.status,
        "createdAt": CREATED,
        "updatedAt": CREATED,
    }


def _schedule(plan: Plan) -> Json:
    """Return a schedule; its slots are those of its runs."""
    first = datetime.fromtimestamp(plan.first, UTC)
    return {
        "id": _digest(plan.kind, plan.interval)[:24],
        "backupType": plan.kind,
        "backupCompressionType": "gz",
        "scheduling": {
            "interval": plan.interval,
            "minute": [first.minute],
            "hour": [] if plan.interval == "hourly" else [first.hour],
            "day": [first.weekday()] if plan.interval == "weekly" else [],
        },
        "retentionTime": round(plan.keep / DAY),
        "createdAt": CREATED,
        "updatedAt": CREATED,
    }


def _restore(plan: Plan, status: str, start: float) -> Json:
    """Return a restore of the backup that was the plan's newest at `start`."""
    return {
        "id": _digest(status, str(start))[:24],
        "status": status,
        "restoreTimestamp": iso(start),
        "completedAt": iso(start + 200),
        "backupId": f"dump-{int(plan.runs(start)[0].start)}",
    }


def _backups(addon: Addon, now: float) -> list[Json]:
    """Return all that is listed of an addon at `now`."""
    planned = [(TYPES[plan.kind], run) for plan in addon.plans for run in plan.runs(now)]
    return [_backup(source, run, now) for source, run in (*planned, *addon.others)]


def _volume_backup(volume: Volume, run: Run, now: float) -> Json:
    name = f"volume-backup-{int(run.start)}"
    return {
        "id": name,
        "name": name.replace("-", " ").title(),
        "uid": _uid("volume", volume.project, volume.id, name),
        "status": WORDS[run.status(now)],
        "createdAt": iso(run.start),
        "updatedAt": iso(min(now, run.end)),
        "source": {"type": "volume", "sourceObject": {"id": volume.id}},
        "spec": {"storageSize": 10240},
    }


def _backup(source: str, run: Run, now: float) -> Json:
    status = run.status(now)
    prefix = {"sameAddon": "dump", "snapshot": "snapshot"}.get(source, "import")
    name = f"{prefix}-{int(run.start)}"
    return {
        "id": name,
        "name": name.replace("-", " ").title(),
        "status": WORDS[status],
        "createdAt": iso(run.start),
        **({} if status is Status.IN_PROGRESS else {"completedAt": iso(run.end)}),
        "config": {
            "source": {"type": source},
            "size": str(run.size) if status is Status.COMPLETED else "",
            **({"compressionType": "gz"} if source == "sameAddon" else {}),
            "addonVersion": "16.4.0",
        },
    }


def _alone(backup: Json) -> Json:
    """Return a backup as it is shown by itself, where the compression is not reported."""
    config = {key: value for key, value in backup["config"].items() if key != "compressionType"}
    return {**backup, "config": config}


def _error(status: int, message: str, complaint: str = "") -> Response:
    error = {"status": status, "message": message, "id": _digest(str(status), message)[:16], "details": {}}
    return json_response({"error": error}, status=status, complaint=complaint)


def _digest(*parts: str) -> str:
    return sha1("/".join(parts).encode()).hexdigest()


def _uid(*parts: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(("simulated:northflank", *parts))))

"""A simulated Northflank: one account with two projects of addons, and a third project that it may not look into.

As documented: a bearer token, both forms of every path (with and without the team), `per_page` up to 100, cursors and
page numbers, errors in one envelope, the rate limit on every answer. What the documents leave open is made
awkward: lists come in no order, a running backup has no size and no `completedAt`, schedules have no `pagination`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

from exporter.demo.files import file_response, is_signed, no_file, signed_link
from exporter.demo.http import Hour, Request, Response, StagedEvent, Story, find_undocumented, iso, json_response
from exporter.demo.timeline import Alteration, BackupPattern, Run, failing, lasting, until
from exporter.model import Status
from exporter.schedule import DAY, HOUR

GIB = 2**30
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
TYPES = {"dump": "sameAddon", "snapshot": "snapshot"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """One backup schedule of an addon and what came of it."""

    kind: str
    interval: str
    first: float
    """The start of its run number 1."""
    size: int
    keep: float = 14 * DAY
    takes: float = 240.0
    alter: Alteration = lambda run: run

    def runs(self, now: float) -> list[Run]:
        """Return what has started and is kept at `now`, newest first."""
        every = {"hourly": HOUR, "daily": DAY, "weekly": 7 * DAY}[self.interval]
        pattern = BackupPattern(
            first=self.first, every=every, takes=self.takes, size=self.size, growth=0.001, alter=self.alter
        )
        return pattern.runs(now, self.keep)

    def schedule(self) -> Json:
        """Return it as the API lists it; the slots are those of its runs."""
        first = datetime.fromtimestamp(self.first, UTC)
        return {
            "id": _digest(self.kind, self.interval)[:24],
            "backupType": self.kind,
            "backupCompressionType": "gz",
            "scheduling": {
                "interval": self.interval,
                "minute": [first.minute],
                "hour": [] if self.interval == "hourly" else [first.hour],
                "day": [first.weekday()] if self.interval == "weekly" else [],
            },
            "retentionTime": round(self.keep / DAY),
            "createdAt": "2024-07-11T13:08:09.626Z",
            "updatedAt": "2024-07-11T13:08:09.626Z",
        }


@dataclass(frozen=True, slots=True)
class Addon:
    """One addon and all that happens to it."""

    project: str
    id: str
    type: str
    status: str = "running"
    plans: Sequence[Plan] = ()
    others: Sequence[tuple[str, Run]] = ()
    """Backups that no schedule made, each with its source type."""
    restores: Sequence[Json] = ()

    def overview(self) -> Json:
        """Return it as the project's list shows it."""
        return {
            "id": self.id,
            "name": self.id.replace("-", " ").title(),
            "appId": f"/{TEAM}/{self.project}/{self.id}",
            "tags": [],
            "spec": {"type": self.type},
            "status": self.status,
        }

    def backups(self, now: float) -> list[Json]:
        """Return all that is listed at `now`."""
        planned = [(TYPES[plan.kind], run) for plan in self.plans for run in plan.runs(now)]
        return [_backup(source, run, now) for source, run in (*planned, *self.others)]


class Platform:
    """The account of a platform team."""

    name = "platform"

    def __init__(self, story: Story) -> None:
        """Take what happens to its addons."""
        self._addons = {(addon.project, addon.id): addon for addon in _addons(story)}
        self._hour = Hour(1000)

    def configuration(self, base: str) -> dict[str, Any]:
        """Return its source entry."""
        return {"name": self.name, "provider": "northflank", "token": TOKEN, "base_url": base}

    def respond(self, request: Request, now: float) -> Response:
        """Answer one request."""
        if request.path.startswith(DOWNLOADS):
            return self._file(request, now)
        admitted, headers = self._hour.admit(now)
        answer = self._answer(request, now) if admitted else _error(429, "Too many requests", "over the limit")
        if answer.status == 405:
            headers["Allow"] = "GET"
        return replace(answer, headers={**answer.headers, **headers})

    def _file(self, request: Request, now: float) -> Response:
        """Serve a dump to whoever has the link."""
        *_, project, name, wanted = request.path.split("/")
        addon = self._addons.get((project, name))
        listed = addon.backups(now) if addon is not None and is_signed(request, now) else ()
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
        found = _route(parts, self._addons, now)
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


EVENTS = (
    StagedEvent(
        seconds=0, text="the dumps of Risk Db have stopped; newer snapshots mask it", source="platform", name="Risk Db"
    ),
    StagedEvent(seconds=45, text="the dump of Ledger Db shrinks to a tenth", source="platform", name="Ledger Db"),
)
"""What the demo announces of this vendor."""


def accounts(story: Story) -> Sequence[Platform]:
    """Return the one simulated account."""
    return (Platform(story),)


def _route(parts: Sequence[str], addons: Mapping[tuple[str, str], Addon], now: float) -> Json | int:
    """Return what stands at a path, or the status that says why nothing does."""
    match parts:
        case ["v1", "projects"]:
            names = [*dict.fromkeys(project for project, _ in addons), CLOSED]
            return {"projects": [{"id": name, "name": name.replace("-", " ").title()} for name in names]}
        case ["v1", "projects", project, "addons", *_] if project == CLOSED:
            return 403
        case ["v1", "projects", project, "addons"]:
            overviews = [addon.overview() for place, addon in addons.items() if place[0] == project]
            return {"addons": overviews} if overviews else 404
        case ["v1", "projects", project, "addons", name, *rest] if (project, name) in addons:
            return _route_addon(rest, addons[project, name], now)
    return 404


def _route_addon(rest: Sequence[str], addon: Addon, now: float) -> Json | int:
    match rest:
        case ["backups"]:
            return {"backups": addon.backups(now)}
        case ["backups", wanted]:
            return next((_alone(backup) for backup in addon.backups(now) if backup["id"] == wanted), 404)
        case ["backups", wanted, "download-link"]:
            return next((_download_link(addon, one) for one in addon.backups(now) if one["id"] == wanted), 404)
        case ["backup-schedules"]:
            return {"schedules": [plan.schedule() for plan in addon.plans]}
        case ["restores"]:
            return {"restores": list(addon.restores)}
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
    return json_response({"data": {name: part}, "pagination": pagination})


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


def _addons(story: Story) -> Sequence[Addon]:
    """Return all addons: some well, one paused, one switched off, one on its way out; see also those below."""
    start = story.start
    manual = Run(number=0, start=start - 33 * DAY, end=start - 33 * DAY + 400, size=3 * GIB)
    queue = Plan("dump", "daily", start + 2 * HOUR, GIB // 4, keep=30 * DAY, alter=until(start - 9 * DAY))
    return (
        _ledger(story),
        Addon("payments", "queue", "redis", status="paused", plans=[queue]),
        _risk(start),
        _catalog(start),
        Addon("media", "thumbnails", "minio", others=[("sameAddon", manual)]),
        _uploads(story),
        Addon("media", "old-blog", "mysql", status="deleting"),
    )


def _ledger(story: Story) -> Addon:
    """Return a database whose hourly dump suddenly has a tenth of its size; imports lie among its backups."""
    brief = 10 / story.speed
    dumps = Plan("dump", "hourly", story.at(45), 40 * GIB, keep=4 * DAY, takes=brief, alter=_shrink)
    snapshots = Plan("snapshot", "daily", story.start + 5 * HOUR, 2 * GIB, keep=12 * DAY, takes=brief)
    starts = (story.start - 600, story.start - 30 * DAY)
    imports = [("fileUpload", Run(number=0, start=start, end=start + 60, size=GIB)) for start in starts]
    return Addon("payments", "ledger-db", "postgresql", plans=[dumps, snapshots], others=imports)


def _risk(start: float) -> Addon:
    """Return a database whose dumps came to an end four days ago without a failure, while its snapshots go on."""
    dumps = Plan("dump", "daily", start + 23 * HOUR, 8 * GIB, alter=until(start - 4 * DAY))
    snapshots = Plan("snapshot", "daily", start + 18 * HOUR, GIB)
    return Addon("payments", "risk-db", "mysql", plans=[dumps, snapshots])


def _catalog(start: float) -> Addon:
    """Return a database with two schedules for its dumps, whose last restore failed."""
    daily = Plan("dump", "daily", start + 14 * HOUR, 12 * GIB, alter=failing(-4))
    weekly = Plan("dump", "weekly", start + 79 * HOUR, 12 * GIB, keep=56 * DAY, alter=_abort)
    restores = [_restore("completed", daily, start - 20 * DAY), _restore("failed", daily, start - DAY)]
    return Addon("media", "catalog", "mongodb", plans=[daily, weekly], restores=restores)


def _uploads(story: Story) -> Addon:
    """Return a database whose dump can be seen running."""
    minute = 60 / story.speed
    dumps = Plan("dump", "daily", story.at(30), 90 * GIB, takes=minute, alter=lasting(1, minute))
    return Addon("media", "uploads", "postgresql", plans=[dumps])


def _restore(status: str, plan: Plan, start: float) -> Json:
    """Return a restore of the backup that was the plan's newest at `start`."""
    return {
        "id": _digest(status, str(start))[:24],
        "status": status,
        "restoreTimestamp": iso(start),
        "completedAt": iso(start + 200),
        "backupId": f"dump-{int(plan.runs(start)[0].start)}",
    }


def _abort(run: Run) -> Run:
    return replace(run, outcome=Status.CANCELLED) if run.number == -2 else run


def _shrink(run: Run) -> Run:
    return replace(run, size=run.size // 10) if run.number >= 1 else run


def _digest(*parts: str) -> str:
    return sha1("/".join(parts).encode()).hexdigest()

"""A simulated Scholarly: two keys, one that sees its institution and one that may not list institutions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import md5
from typing import Any
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from exporter.demo.files import file_response, no_file
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
from exporter.demo.timeline import BackupPattern, Run, failing
from exporter.model import Status
from exporter.schedule import DAY, HOUR, MINUTE

MEDIA_TYPE = "application/vnd.api+json"
GIGABYTE = 1_000_000_000
RETENTION = 60 * DAY
TABLES = 50
REPLICA_LAG = 5.0  # seconds by which every third listing is behind
STUCK_PERCENTAGE = 45
WORDS = {Status.COMPLETED: "completed", Status.FAILED: "failed", Status.IN_PROGRESS: "processing"}
SORTABLE = ("created_at", "updated_at", "status")
PARAMETERS = ("sort", "page[size]", "page[after]", "page[before]")
"""The documented ones of the list of backups; the other paths have none."""
BLOBS = "/rails/active_storage/blobs/simulated-download-token/"
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
}

Runs = Callable[[float], Sequence[Run]]


EVENTS = (
    StagedEvent(seconds=0, text="a backup is too old", source="faculty"),
    StagedEvent(seconds=10, text="a backup runs, and its percentage climbs", source="campus"),
    StagedEvent(seconds=400, text="a backup starts whose percentage stops at 45", source="campus"),
)
"""What the demo announces of this vendor."""


def accounts(story: Story) -> Sequence[SimulatedAccount]:
    """Return the account of a busy campus, and that of a faculty whose only backup is too old."""
    return (
        ScholarlyAccount("campus", _campus(story), institution="Northfield College", max_age="26h"),
        ScholarlyAccount("faculty", _faculty(story), institution=None, max_age="7d"),
    )


class ScholarlyAccount:
    """One API key and the institution behind it."""

    def __init__(self, name: str, runs: Runs, *, institution: str | None, max_age: str) -> None:
        """Take the backups as a function of time, and the institution's name if the key may see it."""
        self.name = name
        self._runs = runs
        self._institution = institution
        self._max_age = max_age
        self._token = f"sch_simulated_{name}"
        self.issued_tokens: dict[str, float] = {}
        self._window = Window(1, 1.0)
        self.limits = (self._window,)
        self._listings = 0

    def configuration(self, base: str) -> dict[str, Any]:
        """Return the source entry that watches this account."""
        return {
            "name": self.name,
            "provider": "scholarly",
            "token": self._token,
            "base_url": base,
            "max_age": self._max_age,
        }

    def respond(self, request: Request, now: float) -> Response:
        """Answer one request; who asks comes before how often, since the limit is an institution's."""
        if request.path.startswith(BLOBS):
            return self._blob(request, now)
        if request.headers.get("authorization") != f"Bearer {self._token}":
            return _refusal(401, "no known token")
        if self._window.count_request(now) > 0:
            return _refusal(429, "over the limit")
        return self._read(request, now) if request.method == "GET" else _refusal(405, "only GET is for reading")

    def _blob(self, request: Request, now: float) -> Response:
        """Serve a backup's file, for which neither a key nor the limit counts."""
        for run in self._runs(now):
            if run.status(now) is Status.COMPLETED and request.path == self._blob_path(run):
                return file_response(request, run.size)
        return no_file()

    def _blob_path(self, run: Run) -> str:
        return f"{BLOBS}{uuid5(NAMESPACE_URL, f'{self.name}/{run.start}')}.zip"

    def _read(self, request: Request, now: float) -> Response:
        match request.path.split("/"):
            case ["", "api", "v1", "institutions"]:
                return _complain(request) or self._institutions(request)
            case ["", "api", "v1", "backups"]:
                return _complain(request, *PARAMETERS) or self._backups(request, now)
            case ["", "api", "v1", "backups", wanted]:
                return _complain(request) or self._backup(wanted, request, now)
        return _refusal(404, "no such path")

    def _institutions(self, request: Request) -> Response:
        if self._institution is None:
            return _refusal(403)
        identity = str(uuid5(NAMESPACE_URL, self.name))
        created = "2024-08-19T09:30:00.000Z"
        institution = {
            "id": identity,
            "type": "institution",
            "attributes": {"name": self._institution, "demo": True, "created_at": created, "updated_at": created},
            "relationships": {},
            "links": {"self": f"{request.base}{request.path}/{identity}"},
            "meta": {"profiles_count": 412, "departments_count": 23, "ranks_count": 9},
        }
        links = _links(request, [identity], 0, 25)
        return _document({"data": [institution], "links": links, "meta": {"page": {"size": 25}, "total": 1}})

    def _backups(self, request: Request, now: float) -> Response:
        seen = self._replica(now) if "page[after]" not in request.query else now
        order = request.query.get("sort", "created_at")
        if order.removeprefix("-") not in SORTABLE:
            return _refusal(400, "no such order")
        found = [self._record(run, seen, request.base) for run in self._runs(seen)]
        found.sort(key=lambda each: str(each["attributes"][order.removeprefix("-")]), reverse=order.startswith("-"))
        ids = [each["id"] for each in found]
        try:
            begin, size = _span(ids, request.query)
        except ValueError:
            return _refusal(400, "no such page")
        links = _links(request, ids, begin, size)
        meta = {"page": {"size": size}, "total": len(ids)}
        return _document({"data": found[begin : begin + size], "links": links, "meta": meta})

    def _backup(self, wanted: str, request: Request, now: float) -> Response:
        for run in self._runs(now):
            record = self._record(run, now, request.base)
            if record["id"] == wanted:
                return _document({"data": record})
        return _refusal(404, "no such backup")

    def _replica(self, now: float) -> float:
        """Return the instant whose state is seen: every third listing is answered by a replica that lags."""
        self._listings += 1
        return now - REPLICA_LAG if self._listings % 3 == 0 else now

    def _record(self, run: Run, now: float, base: str) -> dict[str, Any]:
        identity = str(uuid5(NAMESPACE_URL, f"{self.name}/{run.start}"))
        status = run.status(now)
        completed = status is Status.COMPLETED
        blob = f"{base}{self._blob_path(run)}"
        attributes = {
            "created_at": iso(run.start),
            "updated_at": iso(min(now, run.end)),
            "status": WORDS[status],
            "file_size": run.size if completed else None,
            "download_url": blob if completed else None,
            "download_checksum_md5": md5(identity.encode()).hexdigest() if completed else None,
            "progress": _progress(run, now),
        }
        meta = {"requester_name": "Simulated Requester"}
        return {"id": identity, "type": "backup", "attributes": attributes, "relationships": {}, "meta": meta}


def _campus(story: Story) -> Runs:
    """Return 60 days of backups, then one every five minutes, of which the second never gets past 45 percent."""
    history = BackupPattern(
        first=story.start + 8 * HOUR,
        every=11 * HOUR,
        takes=20 * MINUTE,
        size=6 * GIGABYTE,
        growth=0.002,
        alter=failing(-3, -41, -42, -97),
    )
    opening = Run(number=0, start=story.at(10), end=story.at(100), size=6 * GIGABYTE)

    def stage(run: Run) -> Run | None:
        stuck = replace(run, end=story.at(1000), outcome=Status.FAILED)
        return None if run.number < 1 else stuck if run.number == 1 else run

    pace = story.at(1) - story.start
    live = BackupPattern(
        first=story.at(400), every=300 * pace, takes=120 * pace, size=6 * GIGABYTE, growth=0.002, alter=stage
    )

    def runs(now: float) -> list[Run]:
        staged_runs = live.runs(now, min(RETENTION, now - story.start))  # none was before, so none is worked out
        return [*staged_runs, *([opening] if opening.start <= now else []), *history.runs(now, RETENTION)]

    return runs


def _faculty(story: Story) -> Runs:
    start = story.start - 9 * DAY
    only = Run(number=0, start=start, end=start + 14 * MINUTE, size=GIGABYTE)
    return lambda now: [only] if only.start <= now else []


def _progress(run: Run, now: float) -> dict[str, Any]:
    """Return how far a run is; one that will fail climbs as fast as others, but stands still at 45 percent."""
    percentage = int(100 * run.progress(now))
    if run.outcome is Status.FAILED:  # the staged one lasts five times as long as the others
        percentage = min(STUCK_PERCENTAGE, int(500 * run.progress(now)))
    tables = TABLES * percentage // 100
    message = f"Processing {tables} of {TABLES} tables..."
    return {"percentage": percentage, "completed_tables": tables, "total_tables": TABLES, "message": message}


def _span(ids: Sequence[str], query: Mapping[str, str]) -> tuple[int, int]:
    """Return where the asked page begins and how long it may be; ValueError if there is no such page."""
    size = min(100, int(query.get("page[size]", "25")))
    if size < 1:
        raise ValueError("a page holds one at least")
    if "page[after]" in query:
        return ids.index(query["page[after]"]) + 1, size
    if "page[before]" in query:
        return max(0, ids.index(query["page[before]"]) - size), size
    return 0, size


def _links(request: Request, ids: Sequence[str], begin: int, size: int) -> dict[str, str | None]:
    """Return the links of a page: absolute on even pages, relative to the host on odd ones."""
    prefix = request.base if (begin // size) % 2 else ""
    kept = {key: value for key, value in request.query.items() if key in ("sort", "page[size]")}

    def to(cursor: Mapping[str, str]) -> str:
        query = urlencode({**kept, **cursor})
        return f"{prefix}{request.path}" + (f"?{query}" if query else "")

    last = (len(ids) - 1) // size * size
    return {
        "self": to(request.query),
        "first": to({}),
        "next": to({"page[after]": ids[begin + size - 1]}) if begin + size < len(ids) else None,
        "prev": to({"page[before]": ids[begin]}) if 0 < begin < len(ids) else None,
        "last": to({"page[after]": ids[last - 1]}) if last > 0 else to({}),
    }


def _document(body: Mapping[str, Any]) -> Response:
    return json_response(body, media=MEDIA_TYPE)


def _complain(request: Request, *documented: str) -> Response | None:
    unknown = find_undocumented(request, *documented)
    return _refusal(400, unknown) if unknown else None


def _refusal(status: int, complaint: str = "") -> Response:
    errors = [{"status": str(status), "title": TITLES[status]}]
    return json_response({"errors": errors}, status=status, media=MEDIA_TYPE, complaint=complaint)

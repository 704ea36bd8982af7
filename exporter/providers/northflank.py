"""Northflank: the backups of the addons (databases, queues, object stores) in all projects of an account.

API: the Northflank API v1 at https://api.northflank.com. Authentication: a static API token, sent as a bearer token.
A token of a team or of a personal account sees its own projects; a token of an organization needs `team_id`, which
sends every request through `/v1/teams/{team_id}`. Paging: `per_page` (at most 100) and a cursor; where a cursor is
missing, the page number. Order: not documented, so all pages of a listing are read. Limit: 1000 requests an hour for
the account, counted from the first request of that hour.
Documents: https://northflank.com/docs/v1/api/introduction

    - name: platform
      provider: northflank
      token: ${NORTHFLANK_TOKEN}

Least rights: an API role (team settings, API, Roles) with `Project > Projects > Manage > Read` and
`Project > Addons > General > Read`, limited to the projects you want watched; then a token made from that role.
The token dies with the role.

Reads:
- `GET /v1/projects`
- `GET /v1/projects/{project}/addons`
- `GET /v1/projects/{project}/addons/{addon}/backup-schedules`
- `GET /v1/projects/{project}/addons/{addon}/restores`
- `GET /v1/projects/{project}/addons/{addon}/backups`
- `GET /v1/projects/{project}/addons/{addon}/backups/{backup}`, while one is running

Requests: in every poll one for each addon, or as many as it has hundreds of backups; one more whenever a running
backup is followed; in every discovery one for the projects, one for each project and two for each addon. Twenty addons
with up to a hundred backups each, polled every five minutes, cost about 300 of the 1000 requests an hour.

Cannot tell:
- how far a running backup has come;
- whether a schedule or a human made a backup;
- when an addon was created, as the list of addons does not say;
- the time zone of the schedules, which matters little: only the gaps between their slots are used;
- the full size of a snapshot: its size is what changed since the one before.

Backups that were imported (`config.source.type` among `import_sources`) prove nothing about a schedule and are left
out. What `sameAddon` made is a `dump`. An addon without schedules has its backups switched off.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from exporter import wire
from exporter.errors import MalformedError
from exporter.model import UNFINISHED, Backup, Details, Resource, Restore, Scope, Status
from exporter.provider import Api, BearerAuth, Download, Provider, RateLimit, RawPage, Url, address
from exporter.schedule import DAY, HOUR, MINUTE, WEEK, largest_gap
from exporter.secret import Secret

STATUSES: Mapping[str, Status] = {
    "completed": Status.COMPLETED,
    "failed": Status.FAILED,
    "in_progress": Status.IN_PROGRESS,
    "aborting": Status.IN_PROGRESS,
    "scheduled": Status.PENDING,
    "aborted": Status.CANCELLED,
    "not_supported": Status.UNSUPPORTED,
}
KINDS: Mapping[str, str] = {"sameAddon": "dump", "snapshot": "snapshot"}
INTERVALS = frozenset({"hourly", "daily", "weekly"})
GONE = frozenset({"deleting", "deleted"})
API = Url("https://api.northflank.com")
PER_PAGE = 100
LONGEST_SIZE = 20  # digits; more is no number of bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the configuration says about one Northflank account."""

    token: Secret = field(repr=False)
    team_id: str = ""
    import_sources: tuple[str, ...] = ("fileUpload", "externalDump", "liveInstance")
    base_url: Url = API


async def scopes(api: Api, options: Options) -> Sequence[Scope]:
    """List the projects that the token may see."""
    projects = await _whole(api, options, "projects", "projects")
    return [Scope(id=wire.record_id(project), name=wire.text(project.get("name")) or "") for project in projects]


async def resources(api: Api, options: Options, scope: Scope) -> Sequence[Resource]:
    """List a project's addons, but those that are being deleted."""
    addons = await _whole(api, options, "addons", "projects", scope.id, "addons")
    listed = wire.by_turns(addons)
    return [_resource(scope, addon) async for addon in listed if wire.status_word(addon.get("status")) not in GONE]


async def details(api: Api, options: Options, resource: Resource) -> Details:
    """Read the schedules and the last restore of an addon."""
    schedules = await _whole(api, options, "schedules", *_path_segments(resource), "backup-schedules")
    restores = await _whole(api, options, "restores", *_path_segments(resource), "restores")
    return replace(_schedule(schedules), restore=_last_restore(restores))


class _Listed(wire.Envelope):
    backups: wire.Records


class _Part(wire.Envelope):
    """A page of any list; Northflank calls what it lists by its name, inside `data`."""

    data: Any
    pagination: Any = None


class _Backups(_Part):
    """A page of the list of backups."""

    data: _Listed


async def pages(api: Api, options: Options, resource: Resource) -> AsyncIterator[RawPage]:
    """List an addon's backups, in whatever order Northflank has them."""
    async for part in _parts(api, options, _Backups, *_path_segments(resource), "backups"):
        yield RawPage(records=part.data.backups)


def backup(options: Options, record: wire.Record) -> Backup | None:
    """Return what a record means: nothing, if it was imported."""
    return None if _source(record) in options.import_sources else _backup(record)


async def refresh(api: Api, options: Options, resource: Resource, run: Backup) -> Sequence[Backup]:
    """Read one backup again."""
    url = address(_base(options), *_path_segments(resource), "backups", run.id)
    answer = await api.get(url, auth=BearerAuth(options.token))
    found = _backup(wire.record(answer.body, "data"))
    return (replace(found, kind=found.kind or run.kind),)  # this endpoint may leave the config out


async def download(api: Api, options: Options, resource: Resource, completed: Backup) -> Download | None:
    """Return the address of a completed dump's file; a snapshot has none."""
    if completed.kind != KINDS["sameAddon"]:
        return None
    url = address(_base(options), *_path_segments(resource), "backups", completed.id, "download-link")
    answer = await api.get(url, auth=BearerAuth(options.token))
    return Download(link=wire.link(wire.record(answer.body, "data").get("downloadLink")))


async def _whole(api: Api, options: Options, name: str, *path: str) -> Sequence[wire.Record]:
    """Return the list `data.<name>`, its pages put together."""
    parts = _parts(api, options, _Part, *path)
    return [record async for part in parts for record in wire.records(part.data, name)]


async def _parts(api: Api, options: Options, envelope: type[_Part], *path: str) -> AsyncIterator[_Part]:
    """Yield page after page of a list."""
    number, further = 1, dict[str, str | int]()
    while True:
        url = address(_base(options), *path, per_page=PER_PAGE, **further)
        part: _Part = (await api.get(url, auth=BearerAuth(options.token), envelope=envelope)).body
        yield part
        pagination = part.pagination
        if pagination is None:
            return
        more = wire.boolean(wire.record(pagination).get("hasNextPage"))
        if more is None:  # an end that we only guessed would pass a part of the list for the whole
            raise MalformedError("pagination does not say whether there is a next page")
        if not more:
            return
        number += 1
        cursor = pagination.get("cursor")
        further = {"cursor": cursor} if isinstance(cursor, str) and cursor else {"page": number}


def _base(options: Options) -> str:
    team = ("teams", options.team_id) if options.team_id else ()
    return address(options.base_url, "v1", *team)


def _path_segments(resource: Resource) -> tuple[str, ...]:
    project, addon = resource.path
    return "projects", project, "addons", addon


def _resource(scope: Scope, addon: wire.Record) -> Resource:
    slug = wire.record_id(addon)
    status = addon.get("status")
    return Resource(
        id=f"{scope.id}/{slug}",
        name=wire.text(addon.get("name")) or slug,
        kind=wire.text(wire.optional_object(addon, "spec").get("type")) or "addon",
        state=wire.text(status),
        created=wire.timestamp(addon.get("createdAt")),
        paused=wire.status_word(status) == "paused",
        path=(scope.id, slug),
    )


def _source(record: wire.Record) -> str | None:
    return wire.text(wire.optional_object(record, "config", "source").get("type"))


def _backup(record: wire.Record) -> Backup:
    size = wire.optional_object(record, "config").get("size")
    return wire.backup(
        STATUSES,
        record.get("status"),
        given={"started": record.get("createdAt"), "finished": record.get("completedAt"), "size": size},
        id=wire.record_id(record),
        started=wire.timestamp(record.get("createdAt")),
        finished=wire.timestamp(record.get("completedAt")),
        size=_size(size),
        kind=KINDS.get(_source(record) or "", ""),
    )


def _size(value: object) -> float | None:
    """Return a size in bytes, which Northflank writes as a text of digits."""
    if isinstance(value, str):
        digits = value.isascii() and value.isdecimal() and len(value) <= LONGEST_SIZE
        return wire.number(int(value)) if digits else None
    return wire.number(value)


def _schedule(schedules: Sequence[wire.Record]) -> Details:
    """Return the gaps between the slots of all schedules, which may overlap, and between those of each kind."""
    slots = [
        (wire.status_word(it.get("backupType")), slot)
        for it in schedules
        for slot in _slots(wire.optional_object(it, "scheduling"))
    ]
    gaps = {kind: largest_gap((slot for own, slot in slots if own == kind), WEEK) for kind in KINDS.values()}
    return Details(
        scheduled=bool(schedules),
        interval=largest_gap((slot for _, slot in slots), WEEK),
        intervals={kind: gap for kind, gap in gaps.items() if gap is not None},
    )


def _slots(scheduling: wire.Record) -> Iterator[float]:
    """Yield a schedule's slots in seconds from Monday 00:00; where a list is empty, the first day, hour or minute."""
    interval = wire.status_word(scheduling.get("interval"))
    if interval not in INTERVALS:
        return
    days = _numbers(scheduling.get("day"), 7) if interval == "weekly" else range(7)
    hours = range(24) if interval == "hourly" else _numbers(scheduling.get("hour"), 24)
    for day, hour, minute in product(days, hours, _numbers(scheduling.get("minute"), 60)):
        yield day * DAY + hour * HOUR + minute * MINUTE


def _numbers(value: object, limit: int) -> Sequence[float]:
    numbers = [wire.number(element) for element in value] if isinstance(value, list) else []
    return [number for number in numbers if number is not None and number < limit] or [0]


def _last_restore(restores: Sequence[wire.Record]) -> Restore | None:
    """Return the newest restore that has ended."""
    ended = []
    for restore in restores:
        started = wire.timestamp(restore.get("restoreTimestamp"))
        status = STATUSES.get(wire.status_word(restore.get("status")), Status.UNKNOWN)
        if started is not None and status not in UNFINISHED:
            ended.append(Restore(started=started, status=status))
    return max(ended, key=lambda restore: restore.started, default=None)


PROVIDER = Provider(
    options=Options,
    rate_limit=RateLimit(requests=1000, per=HOUR),
    scopes=scopes,
    resources=resources,
    details=details,
    pages=pages,
    backup=backup,
    newest_first=False,
    refresh=refresh,
    download=download,
)

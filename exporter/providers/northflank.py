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

`volumes: true` watches the projects' volumes too, as resources `project/volumes/volume` of the kind `volume`.

Least rights: an API role (team settings, API, Roles) with `Project > Projects > Manage > Read` and
`Project > Addons > General > Read`, with `volumes: true` also `Project > Volumes > General > Read` and
`Project > Volumes > Backups > Read`, limited to the projects you want watched; then a token made from that role.
Deleting the role revokes the token.

Reads:
- `GET /v1/projects`
- `GET /v1/projects/{project}/addons`
- `GET /v1/projects/{project}/addons/{addon}/backup-schedules`
- `GET /v1/projects/{project}/addons/{addon}/restores`
- `GET /v1/projects/{project}/addons/{addon}/backups`
- `GET /v1/projects/{project}/addons/{addon}/backups/{backup}`, while one is running
- with `volumes: true`: `GET /v1/projects/{project}/volumes`, and below each volume `backup-schedules`, `backups` and,
  while one is running, `backups/{backup}`

The list of backup destinations is never read: it holds the secrets of the buckets.

Requests: in every poll one for each addon, or as many as it has hundreds of backups; one more whenever a running
backup is followed; in every discovery one for the projects, one for each project and two for each addon. Twenty addons
with up to a hundred backups each, polled every five minutes, cost about 300 of the 1000 requests an hour. With
`volumes: true`, a volume costs one request in every poll, one in every discovery, and each project one more there.

Does not report:
- how far a running backup has come;
- whether a schedule or a human made a backup;
- when an addon was created, as the list of addons does not say;
- the time zone of the schedules, which matters little: only the gaps between their slots are used;
- the full size of a snapshot: its size is what changed since the one before;
- when a volume's backup ended, its size and its kind, and restores of volumes.

`backup_configured_retention_seconds` is the longest retention of an addon's or a volume's schedules. An addon or volume
with a new `uid` is another one, even under the same name: nothing is remembered of the older.

Backups that were imported (`config.source.type` among `import_sources`) prove nothing about a schedule and are left
out. What `sameAddon` made is a `dump`. An addon without schedules has its backups switched off. A project without a
list of volumes (404) has none; one whose volumes may not be listed (403) is an unreadable scope, which is asked for
again with each discovery, and the source stays up. A volume without schedules (404) needs `max_age` for a limit.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from exporter import wire
from exporter.errors import MalformedError, NotFoundError
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
VOLUMES, VOLUME = "volumes", "volume"
API = Url("https://api.northflank.com")
PER_PAGE = 100
LONGEST_SIZE = 20  # digits; more is no number of bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the configuration says about one Northflank account."""

    token: Secret = field(repr=False)
    team_id: str = ""
    import_sources: tuple[str, ...] = ("fileUpload", "externalDump", "liveInstance")
    volumes: bool = False
    base_url: Url = API


async def scopes(api: Api, options: Options) -> Sequence[Scope]:
    """List the projects that the token may see, each with a scope of its own for its volumes if they are watched."""
    found = []
    for project in await _whole(api, options, "projects", "projects"):
        if wire.status_word(project.get("lifecycleStatus")) in GONE:
            continue
        own, name = wire.record_id(project), wire.text(project.get("name")) or ""
        found.append(Scope(id=own, name=name))
        if options.volumes:
            found.append(Scope(id=f"{own}/{VOLUMES}", name=f"{name or own}/{VOLUMES}", optional=True))
    return found


async def resources(api: Api, options: Options, scope: Scope) -> Sequence[Resource]:
    """List a project's addons, or its volumes, but those that are being deleted; a project may have no such list."""
    project = scope.id.removesuffix(f"/{VOLUMES}") if scope.optional else scope.id
    name, below = (VOLUMES, (VOLUMES,)) if scope.optional else ("addons", ())
    try:
        found = wire.by_turns(await _whole(api, options, name, "projects", project, name))
    except NotFoundError:
        if scope.optional:
            return []
        raise
    return [_resource(project, one, *below) async for one in found if wire.status_word(one.get("status")) not in GONE]


async def details(api: Api, options: Options, resource: Resource) -> Details:
    """Read the schedules of an addon or a volume, and an addon's last restore."""
    try:
        parts = [part async for part in _parts(api, options, _Part, *_path_segments(resource), "backup-schedules")]
    except NotFoundError:
        if resource.kind != VOLUME:
            raise
        return Details()  # older documents know of no schedules of volumes
    details = _schedule(parts)
    if resource.kind == VOLUME:
        return details
    restores = await _whole(api, options, "restores", *_path_segments(resource), "restores")
    return replace(details, restore=_last_restore(restores))


class _Listed(wire.Envelope):
    backups: wire.Records


class _Part(wire.Envelope):
    """A page of any list; Northflank calls what it lists by its name, inside `data`."""

    data: Any
    pagination: Any = None


class _Backups(_Part):
    """A page of the list of backups; that of a volume's is a bare list."""

    data: _Listed | wire.Records


async def pages(api: Api, options: Options, resource: Resource) -> AsyncIterator[RawPage]:
    """List the backups of an addon or a volume, in whatever order Northflank has them."""
    async for part in _parts(api, options, _Backups, *_path_segments(resource), "backups"):
        yield RawPage(records=part.data if isinstance(part.data, list) else part.data.backups)


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
    """Return the list `data.<name>`, or the list `data`, its pages put together."""
    parts = _parts(api, options, _Part, *path)
    found = [wire.records(part.data, *([] if isinstance(part.data, list) else [name])) async for part in parts]
    return [record for part in found for record in part]


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
    project, own = resource.path
    return "projects", project, VOLUMES if resource.kind == VOLUME else "addons", own


def _resource(project: str, found: wire.Record, *below: str) -> Resource:
    """Return an addon, or what stands `below` its project."""
    slug = wire.record_id(found)
    status = found.get("status")
    return Resource(
        id="/".join((project, *below, slug)),
        name=wire.text(found.get("name")) or slug,
        kind=VOLUME if below else wire.text(wire.optional_object(found, "spec").get("type")) or "addon",
        state=wire.text(status),
        created=wire.timestamp(found.get("createdAt")),
        uid=wire.text(found.get("uid")) or "",
        paused=wire.status_word(status) == "paused",
        path=(project, slug),
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


def _schedule(parts: Sequence[_Part]) -> Details:
    """Return the gaps between the slots of all schedules, which may overlap, and between those of each kind.

    A list of schedules may be left out, and then is empty; where something else stands in its place, nothing is known.
    """
    listed = [part.data if isinstance(part.data, list) else wire.record(part.data).get("schedules") for part in parts]
    known = [some for some in listed if some is not None]
    if not all(isinstance(some, list) and all(isinstance(one, dict) for one in some) for some in known):
        return Details()
    schedules = [schedule for some in known for schedule in some]
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
        retention=_retention(schedules),
    )


def _retention(schedules: Sequence[wire.Record]) -> float | None:
    """Return the longest retention of all schedules; Northflank counts days."""
    days = [wire.number(schedule.get("retentionTime")) for schedule in schedules]
    return max((day * DAY for day in days if day), default=None)


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

"""Scalingo: the backups of all apps' database addons, and the recovery windows of dedicated PostgreSQL databases.

Hosts: `https://auth.scalingo.com`, `https://api.{region}.scalingo.com`, `https://db-api.{region}.scalingo.com`. The
vendor's documentation: https://developers.scalingo.com. The API token is exchanged for a token of one hour, and that
one for a token of one hour for each addon; both are renewed in time. Nothing is paged; backups come newest first. The
limit is 60 requests a minute for all of this together; a 429 is plain text and does not say how long to wait.

    - name: shop
      provider: scalingo
      token: ${SCALINGO_TOKEN}
      region: osc-fr1

`auth_url`, `api_url` and `db_api_url` replace the hosts that follow from `region`, for a proxy in front of the API.

A resource is a database addon, named after its app and its technology (`storefront/redis`); other addons are left out.
A dedicated PostgreSQL (`postgresql-ng`) can be restored to any point of a window of time and has no daily backups,
whatever it says: its last success is the newest such point, its kind is `pitr`, and a newer point is expected every 12
hours. A PostgreSQL on shared resources has periodic backups; if it has continuous ones too, its recovery window stands
beside them under the kind `pitr`. A suspended addon and a stopped database count as paused. One whose periodic backups
are switched off does not: `backup_schedule_enabled` is 0, and no limit is derived.

Least rights:

- An API token may do all that its user may. Make a user for the exporter alone, invite it as a collaborator to the
  apps to be watched, and create the token there. A limited collaborator may not see backups: these are `forbidden`.
- Use one source for each region, with a token of its own: two sources with one token would share its limit.

Reads:

- `POST /v1/tokens/exchange` and `POST /v1/apps/{app}/addons/{addon}/token`, which change nothing
- `GET /v1/apps`, `GET /v1/apps/{app}/addons`, `GET /v1/databases`, with `events: true` also `GET /v1/apps/{app}/events`
- `GET /api/databases/{addon}`: the schedule and the state
- `GET /api/databases/{addon}/backups`, for PostgreSQL `GET /api/databases/{addon}/pitr/recovery_window`
- with `verify_downloads`, `GET /api/databases/{addon}/backups/{id}/archive`: the address of a backup's file

Requests:

- A poll costs one request for each database, one more for each shared PostgreSQL with continuous backups, and with
  `events: true` one for each app that has databases; every hour, one more for the account and each database (tokens).
- A discovery costs two for the account, and one more for each app, dedicated PostgreSQL and database; and where a
  shared PostgreSQL does not say whether it has continuous backups, one to ask for its window.

Does not report:

- when a backup ended, so there is no duration of any kind, unless `events: true` reads it from the apps' events;
- progress in percent, restores, why a backup failed; of a dedicated PostgreSQL single backups, their sizes and counts.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from exporter import json_web_token, wire
from exporter.errors import ForbiddenError, NotFoundError
from exporter.model import Backup, Details, RecoveryWindow, Resource, Scope, Status
from exporter.provider import Api, BasicAuth, Download, Provider, RateLimit, RawPage, Token, TokenExchange, Url, address
from exporter.schedule import DAY, HOUR, largest_gap
from exporter.secret import Secret

STATUSES: Mapping[str, Status] = {
    "done": Status.COMPLETED,
    "error": Status.FAILED,
    "running": Status.IN_PROGRESS,
    "cancelling": Status.IN_PROGRESS,
    "scheduled": Status.PENDING,
    "pending": Status.PENDING,
    "cancelled": Status.CANCELLED,
}
KINDS = frozenset({"periodic", "manual"})
DEDICATED, SHARED = "postgresql-ng", "postgresql"
BACKUP_EVENTS = frozenset({"database_backup_succeeded", "database_backup_failed"})
EMPTY: Mapping[str, Secret | str] = {}  # the body of a POST that has nothing to say, as the official clients send it
DATABASES = frozenset({DEDICATED, "postgresql", "mysql", "mongodb", "redis", "elasticsearch", "opensearch", "influxdb"})
ALIVE = frozenset({"running", "provisioning", "suspended"})
DEDICATED_SCOPE = Scope(id="/v1/databases", name="dedicated databases")  # no app has a slash in its id or name
DERIVED = Url("")
RECOVERY_KIND, RECOVERY_INTERVAL = "pitr", 12 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a source of this provider is configured with; an empty address follows from the region."""

    token: Secret = field(repr=False)
    region: str = "osc-fr1"
    auth_url: Url = DERIVED
    api_url: Url = DERIVED
    db_api_url: Url = DERIVED
    events: bool = False


async def scopes(api: Api, options: Options) -> Sequence[Scope]:
    """Return one scope for the dedicated databases, whose word on what they are counts, and then the apps."""
    body = await _get(api, options, "apps")
    return (DEDICATED_SCOPE, *(_app(app) for app in wire.records(body, "apps")))


async def resources(api: Api, options: Options, scope: Scope) -> Sequence[Resource]:
    """Return the databases among the app's addons, or the dedicated databases of the region."""
    return await (_list_dedicated(api, options) if scope == DEDICATED_SCOPE else _addons(api, options, scope))


async def details(api: Api, options: Options, resource: Resource) -> Details:
    """Return the database's schedule and state; what a dedicated one says about its schedule does not count."""
    dedicated = resource.kind == DEDICATED
    try:
        database = wire.record(await _get_of(api, options, resource), "database")
    except (ForbiddenError, NotFoundError):
        if not dedicated:
            raise
        database = {}  # nothing but its state would have come from there
    enabled, interval = (None, RECOVERY_INTERVAL) if dedicated else _schedule(database)
    state = wire.text(database.get("status")) if resource.state in (None, "running") else None
    recovers = bool(database["first_pitr_backup"]) if "first_pitr_backup" in database else None
    if recovers is None and resource.kind == SHARED:  # asked for here, and not in vain by each poll
        recovers = await _window_beside_backups(api, options, resource) is not None
    return Details(
        scheduled=enabled,
        interval=interval,
        intervals={} if interval is None else {RECOVERY_KIND if dedicated else "periodic": interval},
        state=state or resource.state,
        paused=resource.paused or wire.status_word(database.get("status")) == "stopped",
        recovers=recovers,
    )


class _Backups(wire.Envelope):
    """The answer that lists a database's backups."""

    database_backups: wire.Records


async def pages(api: Api, options: Options, resource: Resource) -> AsyncIterator[RawPage]:
    """Yield the one page there is: all the backups, a dedicated database's recovery window, or both of a shared one."""
    if resource.kind == DEDICATED:
        yield RawPage(recovery=await _recovery_window(api, options, resource))
        return
    window = await _window_beside_backups(api, options, resource)  # first: a listing that is as it was ends the reading
    records = (await _get_of(api, options, resource, "backups", envelope=_Backups)).database_backups
    yield RawPage(records=records, recovery=window)


async def _recovery_window(api: Api, options: Options, resource: Resource) -> RecoveryWindow:
    window = wire.record(await _get_of(api, options, resource, "pitr", "recovery_window"), "recovery_window")
    earliest, latest = (wire.timestamp(window.get(f"{end}_recoverable_at")) for end in ("earliest", "latest"))
    return RecoveryWindow(kind=RECOVERY_KIND, earliest=earliest, latest=latest)


async def _window_beside_backups(api: Api, options: Options, resource: Resource) -> RecoveryWindow | None:
    """Return the recovery window of a shared PostgreSQL that has continuous backups, as far as is known."""
    if resource.kind != SHARED or (resource.details is not None and resource.details.recovers is False):
        return None
    try:
        window = await _recovery_window(api, options, resource)
    except NotFoundError:
        return None
    known = window.earliest is not None or window.latest is not None
    return replace(window, interval=RECOVERY_INTERVAL, beside_backups=True) if known else None


async def ends(api: Api, options: Options, found: Sequence[Resource]) -> Mapping[str, float]:
    """Return when backups ended, by the events of three days (one answer; a page has 20) of the resources' app."""
    shared = [resource for resource in found if resource.kind != DEDICATED]
    if not options.events or not shared:
        return {}
    body = await _get(api, options, "apps", shared[0].path[0], "events", **{"from": 72})
    reported = {}
    async for event in wire.by_turns(wire.records(body, "events")):
        data = wire.optional_object(event, "type_data")
        backup_id, ended = wire.text(data.get("backup_id")), wire.timestamp(data.get("ended_at"))
        if wire.status_word(event.get("type")) in BACKUP_EVENTS and backup_id is not None and ended is not None:
            reported[backup_id] = ended
    return reported


async def download(api: Api, options: Options, resource: Resource, completed: Backup) -> Download:
    """Return the address of a completed backup's archive."""
    answer = wire.record(await _get_of(api, options, resource, "backups", completed.id, "archive"))
    return Download(link=wire.link(answer.get("download_url")))


async def _get(api: Api, options: Options, *segments: str, **query: int) -> Any:
    return (await api.get(address(_api_url(options), "v1", *segments, **query), auth=_account(options))).body


async def _get_of(api: Api, options: Options, resource: Resource, *segments: str, envelope: Any = Any) -> Any:
    """Return what the database API returns of one addon, with the addon's own token."""
    app, addon = resource.path
    base = options.db_api_url or f"https://db-api.{options.region}.scalingo.com"
    url, auth = address(_api_url(options), "v1", "apps", app, "addons", addon, "token"), _account(options)
    exchange = TokenExchange(url=url, read=_token, auth=auth, json=EMPTY, lifetime=HOUR, source_wide=False)
    return (await api.get(address(base, "api", "databases", addon, *segments), auth=exchange, envelope=envelope)).body


def _api_url(options: Options) -> str:
    return options.api_url or f"https://api.{options.region}.scalingo.com"


def _account(options: Options) -> TokenExchange:
    url = address(options.auth_url or "https://auth.scalingo.com", "v1", "tokens", "exchange")
    auth = BasicAuth(user="", password=options.token)
    return TokenExchange(url=url, read=_token, auth=auth, json=EMPTY, lifetime=HOUR, source_wide=True)


def _token(body: Any) -> Token:
    """Take the account's token, or an addon's, which stands one level deeper."""
    addon = wire.optional_object(body, "addon")
    value = wire.usable_token((addon if "token" in addon else wire.record(body)).get("token"))
    return Token(value, *json_web_token.lifetime(value))


def _app(app: wire.Record) -> Scope:
    own = wire.record_id(app, "id" if app.get("id") else "name")
    return Scope(id=own, name=wire.text(app.get("name")) or own)


async def _addons(api: Api, options: Options, app: Scope) -> Sequence[Resource]:
    """Return the databases among an app's addons; the app is asked for by its id, and if need be by its name."""
    try:
        key, body = app.id, await _get(api, options, "apps", app.id, "addons")
    except NotFoundError:
        if app.name == app.id:
            raise
        key, body = app.name, await _get(api, options, "apps", app.name, "addons")
    listed = wire.by_turns(wire.records(body, "addons"))
    found = [_addon(key, app.name, addon) async for addon in listed if not _is_gone(addon)]
    return [resource for resource in found if resource.kind in DATABASES]


async def _list_dedicated(api: Api, options: Options) -> Sequence[Resource]:
    """Return the dedicated PostgreSQL databases; a region that knows no such list has none."""
    try:
        body = await _get(api, options, "databases")
    except NotFoundError:
        return ()
    listed = wire.records(body, "databases") if isinstance(body, dict) else wire.records(body)
    found: list[Resource] = []
    for entry in listed:
        if "addon" in entry:
            found += _listed_addon(entry)
            continue
        database = entry if "id" in entry else wire.record(entry, "database")
        if _technology(database.get("technology")) == DEDICATED:
            found += await _behind(api, options, _app(database))
    return found


def _listed_addon(entry: wire.Record) -> Sequence[Resource]:
    """Return the database of an entry that holds its app and its addon; none if the addon is of another provider."""
    app, addon = _app(wire.record(entry, "app")), wire.record(entry, "addon")
    provider = _technology(wire.optional_object(addon, "addon_provider").get("id"))
    technology = _technology(wire.optional_object(entry, "database").get("technology"))
    if provider not in (DEDICATED, SHARED) or DEDICATED not in (provider, technology) or _is_gone(addon):
        return ()
    return (replace(_addon(app.id, app.name, addon), name=f"{app.name}/{DEDICATED}", kind=DEDICATED),)


async def _behind(api: Api, options: Options, database: Scope) -> Sequence[Resource]:
    """Return the addon behind a dedicated database, which is an app as well; without one, the database itself."""
    try:
        addons = [addon for addon in await _addons(api, options, database) if addon.kind in (DEDICATED, SHARED)]
    except NotFoundError:
        addons = []
    name, place = f"{database.name}/{DEDICATED}", (database.name, database.id)
    found = [replace(addon, name=name, kind=DEDICATED) for addon in addons]
    return found or [Resource(id=database.id, name=name, kind=DEDICATED, path=place)]


def _addon(app: str, app_name: str, addon: wire.Record) -> Resource:
    own, technology = wire.record_id(addon), _technology(wire.optional_object(addon, "addon_provider").get("id"))
    return Resource(
        id=own,
        name=f"{app_name}/{technology}",
        kind=technology,
        state=wire.text(addon.get("status")),
        created=wire.timestamp(addon.get("provisioned_at")),
        paused=wire.status_word(addon.get("status")) == "suspended",
        path=(app, own),
    )


def _technology(value: object) -> str:
    return value.strip().lower().removeprefix("scalingo-") if isinstance(value, str) else ""


def _is_gone(addon: wire.Record) -> bool:
    """Return whether an addon was removed; an upgrade sets the same instant, but leaves it alive."""
    removed = wire.timestamp(addon.get("deprovisioned_at"))
    return removed is not None and wire.status_word(addon.get("status")) not in ALIVE


def _schedule(database: wire.Record) -> tuple[bool | None, float | None]:
    """Return whether periodic backups are on, and if so the largest gap between their hours."""
    enabled = wire.boolean(database.get("periodic_backups_enabled"))
    hours = database.get("periodic_backups_scheduled_at")
    given = [wire.number(hour) for hour in (hours if isinstance(hours, list) else [hours])]
    slots = [hour * HOUR for hour in given if hour is not None and hour < 24]
    return enabled, (largest_gap(slots, DAY) or DAY) if enabled else None


def backup(_options: Options, entry: wire.Record) -> Backup | None:
    """Return what a record means: nothing, if it is hidden."""
    if entry.get("hidden") is True:
        return None
    kind, began, created = wire.status_word(entry.get("method")), entry.get("started_at"), entry.get("created_at")
    return wire.backup(
        STATUSES,
        entry.get("status"),
        given={"started": wire.first_given(began, created), "size": entry.get("size")},
        id=wire.record_id(entry),
        started=wire.timestamp(began) or wire.timestamp(created),
        size=wire.number(entry.get("size")),
        kind=kind if kind in KINDS else "",
    )


PROVIDER = Provider(
    options=Options,
    rate_limit=RateLimit(requests=60, per=60),
    scopes=scopes,
    resources=resources,
    details=details,
    pages=pages,
    backup=backup,
    newest_first=False,  # nothing is paged: the one page is the whole listing
    download=download,
    ends=ends,
)

"""ClickHouse Cloud: the backups of an organization's services.

The OpenAPI interface of ClickHouse Cloud, version 1, at `https://api.clickhouse.cloud`; its documentation is at
https://clickhouse.com/docs/cloud/manage/openapi. A resource is a service; of a warehouse only the primary one, since
the secondary ones have no backups of their own. Authentication is HTTP Basic, with the key's id as the user and its
secret as the password. No list is paged, and backups come newest first. ClickHouse admits 10 requests in 10 seconds
for each key; a 429 says in `X-RateLimit-Reset` how many seconds to wait.

    - name: analytics
      provider: clickhouse_cloud
      key_id: ${CLICKHOUSE_KEY_ID}
      key_secret: ${CLICKHOUSE_KEY_SECRET}

`organization_id` saves the request that finds out the organization to which the key belongs, and serves a key that may
not ask for it. `base_url` is for a proxy in front of the API.

A service without a schedule of its own (nothing configured, or a tier in which it cannot be) is backed up every 24
hours. ClickHouse may skip a slot while a good backup younger than a day exists, so the derived limit of the age is
twice the period and 3 hours more. By default a backup is kept for 24 hours only: after a failure or two the vendor's
list may hold no success at all, and the age then keeps growing from the last known one. A service that is stopped,
being deleted or deleted counts as paused; one that is idle does not.

With your own bucket, ClickHouse also keeps making its own backup every day. The backups in the bucket have the
kinds `full_external` and `incremental_external`; as soon as a service lists both sorts, each is judged by itself, under
the kind of its newest success. A `backupStartTime` means a period of a day at least, whatever else is configured.
`backup_configured_retention_seconds` is the retention of the service's configuration.

Managed Postgres services are resources of the kind `postgresql`, backed up every 24 hours; a read replica is none. An
organization without a list of them (404) has none; where the list may not be read, that is an unreadable scope, and the
source stays up.

Least rights:

- Create a key of its own in the console under "API keys". It needs to read services and nothing more: the service
  role "Service API reader", or "Developer" where roles are still the two old ones.
  Managed Postgres needs `control-plane:postgres-service:view`.
- Give it an expiry date, and the addresses of the exporter as the only ones allowed to use it.
- A key belongs to one organization: use one source for each. Two sources with one key would share its limit.

Reads:

- `GET /v1/organizations`, unless `organization_id` is set
- `GET /v1/organizations/{organization}/services`
- `GET /v1/organizations/{organization}/services/{service}/backupConfiguration`
- `GET /v1/organizations/{organization}/services/{service}/backups`
- `GET /v1/organizations/{organization}/services/{service}/backups/{backup}`, only while that backup runs
- `GET /v1/organizations/{organization}/postgres`, and for each service of that list
  `GET /v1/organizations/{organization}/postgres/{service}/backups`

Requests:

- A poll costs one request for each service.
- A discovery costs one more for each service, and three for the account (two with `organization_id`).
- At the documented limit, the first poll of 30 services takes about a minute and each later one half of that.

Does not report:

- progress in percent, restores, and why a backup failed: the API has none of them;
- whether backups are on at all, so there is no `backup_schedule_enabled`;
- an interval by kind, as ClickHouse decides what is full; the size of an incremental backup is what it added.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Raw

from exporter import wire
from exporter.errors import ForbiddenError, MalformedError, NotFoundError
from exporter.model import Backup, Details, KindGroup, Resource, Scope, Status
from exporter.provider import Answer, Api, BasicAuth, Provider, RateLimit, RawPage, Url, address
from exporter.schedule import DAY, HOUR
from exporter.secret import Secret

BASE_URL = Url("https://api.clickhouse.cloud")
STATUSES: Mapping[str, Status] = {
    "done": Status.COMPLETED,
    "error": Status.FAILED,
    "in_progress": Status.IN_PROGRESS,
}
ENDED = frozenset({Status.COMPLETED, Status.FAILED})
KINDS, EXTERNAL_KINDS = ("full", "incremental"), ("full_external", "incremental_external")
"""The external ones are in a bucket of the customer's own; ClickHouse continues to make its own backups beside them."""
FIELDS = {"started": "startedAt", "finished": "finishedAt", "size": "sizeInBytes"}
POSTGRES, POSTGRES_KIND = "postgres", "postgresql"
POSTGRES_DETAILS = Details(interval=DAY)  # its backups have no configuration to ask for
POSTGRES_AT_REST = frozenset({"stopped", "deleting"})
POSTGRES_STATUSES: Mapping[str, Status] = {
    **STATUSES,
    "": Status.COMPLETED,  # base backups that are retained, which need not have a status
    "completed": Status.COMPLETED,
    "failed": Status.FAILED,
    "running": Status.IN_PROGRESS,
}
POSTGRES_PAGE = 100  # the most the vendor allows
NOT_AT_WORK = frozenset({"stopped", "terminating", "terminated", "softdeleting", "softdeleted"})
DEFAULT_PERIOD = 24 * HOUR
START_TIME = re.compile(r"[0-2]?\d:[0-5]\d", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a source of this provider is configured with."""

    key_id: Secret = field(repr=False)
    key_secret: Secret = field(repr=False)
    organization_id: str = ""
    base_url: Url = BASE_URL


async def scopes(api: Api, options: Options) -> Sequence[Scope]:
    """Return the configured organization, or the one that the key belongs to; its Managed Postgres apart."""
    if options.organization_id:
        found = [Scope(id=options.organization_id)]
    else:
        answer = await _get(api, options)
        found = [
            Scope(id=wire.record_id(organization), name=wire.text(organization.get("name")) or "")
            for organization in wire.records(answer.body, "result")
        ]
    return tuple(scope for organization in found for scope in (organization, _postgres_of(organization)))


def _postgres_of(organization: Scope) -> Scope:
    name = organization.name or organization.id
    return Scope(id=f"{organization.id}/{POSTGRES}", name=f"{name}/{POSTGRES}", optional=True)


async def resources(api: Api, options: Options, scope: Scope) -> Sequence[Resource]:
    """Return the organization's services that have backups of their own, or its Managed Postgres services."""
    if scope.optional:
        return await _list_postgres(api, options, scope.id.removesuffix(f"/{POSTGRES}"))
    answer = await _get(api, options, scope.id, "services")
    found = [
        _service(scope, service)
        async for service in wire.by_turns(wire.records(answer.body, "result"))
        if service.get("isPrimary") is not False  # services older than warehouses may lack it
    ]
    return tuple(found)


async def _list_postgres(api: Api, options: Options, organization: str) -> Sequence[Resource]:
    """Return the Managed Postgres services that are no read replicas; an organization need not have such a list."""
    try:
        answer = await _get(api, options, organization, POSTGRES)
    except NotFoundError:
        return ()
    listed = wire.by_turns(wire.records(answer.body, "result"))
    return [_postgres(organization, one) async for one in listed if one.get("isPrimary") is not False]


def _postgres(organization: str, service: wire.Record) -> Resource:
    own, state = wire.record_id(service), service.get("state")
    return Resource(
        id=own,
        name=wire.text(service.get("name")) or own,
        kind=POSTGRES_KIND,
        state=wire.text(state),
        created=wire.timestamp(service.get("createdAt")),
        paused=wire.status_word(state) in POSTGRES_AT_REST,
        path=(organization, own),
        details=POSTGRES_DETAILS,
    )


async def details(api: Api, options: Options, resource: Resource) -> Details:
    """Return how often the service is backed up; in a tier without a choice, asking for it is forbidden."""
    if resource.kind == POSTGRES_KIND:  # known from a state file, before it is discovered
        return POSTGRES_DETAILS
    try:
        answer = await _get(api, options, *_path(resource), "backupConfiguration")
    except ForbiddenError:
        return _details({})
    result = wire.record(answer.body).get("result")
    return _details(wire.record(answer.body, "result") if result else {})


def _details(configuration: wire.Record) -> Details:
    """Return what a configuration means; with a start time, ClickHouse makes no more than one backup a day."""
    hours = wire.number(configuration.get("backupPeriodInHours"))
    period = hours * HOUR if hours else DEFAULT_PERIOD
    start = configuration.get("backupStartTime")
    if isinstance(start, str) and START_TIME(start.strip()):
        period = max(period, DAY)
    kept = wire.number(configuration.get("backupRetentionPeriodInHours"))
    own, external = KindGroup(kinds=KINDS, interval=max(period, DAY)), KindGroup(kinds=EXTERNAL_KINDS, interval=period)
    return Details(interval=period, groups=(own, external), retention=kept * HOUR if kept else None)


class _Backups(wire.Envelope):
    """The answer that lists a service's backups."""

    result: wire.Records


class _PostgresBackups(wire.Envelope):
    """A page of a Managed Postgres service's backups."""

    result: wire.Records
    nextCursor: Any = None  # noqa: N815 - the vendor's name


async def pages(api: Api, options: Options, resource: Resource) -> AsyncIterator[RawPage]:
    """Yield the one page that holds every backup of a service, or the pages of a Managed Postgres service's."""
    if resource.kind == POSTGRES_KIND:
        async for page in _postgres_pages(api, options, resource):
            yield page
        return
    answer = await _get(api, options, *_path(resource), "backups", envelope=_Backups)
    yield RawPage(records=answer.body.result)


async def _postgres_pages(api: Api, options: Options, resource: Resource) -> AsyncIterator[RawPage]:
    cursor: dict[str, str | int] = {}
    while True:
        path = (*_path(resource), "backups")
        answer = await _get(api, options, *path, envelope=_PostgresBackups, limit=POSTGRES_PAGE, **cursor)
        body: _PostgresBackups = answer.body
        # marked, since what one record means is decided by the record alone
        yield RawPage(records=[Raw(b'{"%s":%s}' % (POSTGRES.encode(), bytes(one))) for one in body.result])
        if body.nextCursor in (None, ""):
            return
        if isinstance(body.nextCursor, bool) or not isinstance(body.nextCursor, (str, int)):
            raise MalformedError("nextCursor is not a valid cursor")
        cursor = {"cursor": body.nextCursor}


async def refresh(api: Api, options: Options, resource: Resource, run: Backup) -> Sequence[Backup]:
    """Return a backup as it now is; of a Managed Postgres service, all on the newest page."""
    if resource.kind == POSTGRES_KIND:
        body = (await _get(api, options, *_path(resource), "backups", limit=POSTGRES_PAGE)).body
        return [_postgres_backup(one) for one in wire.records(body, "result")]
    answer = await _get(api, options, *_path(resource), "backups", run.id)
    return (backup(options, wire.record(answer.body, "result")),)


def two_periods(interval: float) -> float:
    """Return the age limit: the scheduler may skip a slot, and a backup takes up to 3 hours."""
    return 2 * interval + 3 * HOUR


async def _get(api: Api, options: Options, *segments: str, envelope: Any = Any, **query: str | int) -> Answer:
    url = address(options.base_url, "v1", "organizations", *segments, **query)
    return await api.get(url, auth=BasicAuth(user=options.key_id, password=options.key_secret), envelope=envelope)


def _path(resource: Resource) -> tuple[str, str, str]:
    organization, service = resource.path
    return organization, POSTGRES if resource.kind == POSTGRES_KIND else "services", service


def _service(scope: Scope, service: wire.Record) -> Resource:
    own, state = wire.record_id(service), service.get("state")
    return Resource(
        id=own,
        name=wire.text(service.get("name")) or own,
        kind="clickhouse",
        state=wire.text(state),
        created=wire.timestamp(service.get("createdAt")),
        paused=wire.status_word(state) in NOT_AT_WORK,
        path=(scope.id, own),
    )


def backup(_options: Options, entry: wire.Record) -> Backup:
    """Return what a record means."""
    if POSTGRES in entry:
        return _postgres_backup(wire.record(entry, POSTGRES))
    return wire.backup(
        STATUSES,
        entry.get("status"),
        given={name: entry.get(key) for name, key in FIELDS.items()},
        id=wire.record_id(entry),
        started=wire.timestamp(entry.get("startedAt")),
        finished=_finish_time(entry),
        size=wire.number(entry.get("sizeInBytes")),
        kind=_kind(entry),
    )


def _kind(entry: wire.Record) -> str:
    kind = wire.status_word(entry.get("type"))
    if kind not in KINDS:
        return ""
    return f"{kind}_external" if wire.optional_object(entry, "bucket") else kind


def _postgres_backup(entry: wire.Record) -> Backup:
    """Return what a base backup's record means; its fields are not documented, so all likely names are tried."""
    began = wire.first_given(*(entry.get(key) for key in ("startedAt", "startTime", "createdAt", "lastModified")))
    ended = wire.first_given(*(entry.get(key) for key in ("finishedAt", "completedAt", "endedAt", "endTime")))
    size = wire.first_given(*(entry.get(key) for key in ("sizeInBytes", "sizeBytes", "size")))
    key = next((key for key in ("id", "key", "backupId", "name") if entry.get(key)), "id")
    kind, said = wire.status_word(entry.get("type")), wire.first_given(entry.get("status"), entry.get("state"))
    return wire.backup(
        POSTGRES_STATUSES,
        said if said is None or isinstance(said, str) else "no text",
        given={"started": began, "finished": ended, "size": size},
        id=wire.record_id(entry, key),
        started=wire.timestamp(began),
        finished=wire.timestamp(ended),
        size=wire.number(size),
        kind=kind if kind in KINDS else "",
    )


def _finish_time(entry: wire.Record) -> float | None:
    finished = wire.timestamp(entry.get("finishedAt"))
    if finished is not None or STATUSES.get(wire.status_word(entry.get("status"))) not in ENDED:
        return finished  # of a backup that runs, `durationInSeconds` is the time up to now
    started, duration = wire.timestamp(entry.get("startedAt")), wire.number(entry.get("durationInSeconds"))
    return None if started is None or duration is None else started + duration


PROVIDER = Provider(
    options=Options,
    rate_limit=RateLimit(requests=10, per=10),
    scopes=scopes,
    resources=resources,
    details=details,
    pages=pages,
    backup=backup,
    newest_first=False,  # nothing is paged: the one page is the whole listing
    refresh=refresh,
    delta_kinds=frozenset({KINDS[1], EXTERNAL_KINDS[1]}),
    max_age=two_periods,
)

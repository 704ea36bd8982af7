"""ClickHouse Cloud: the backups of an organization's services.

The OpenAPI interface of ClickHouse Cloud, version 1, at `https://api.clickhouse.cloud`; its documentation is at
https://clickhouse.com/docs/cloud/manage/openapi. A resource is a service; of a warehouse only the primary one, since
the secondary ones have no backups of their own. Authentication is HTTP Basic, with the key's id as the user and its
secret as the password. No list is paged, and backups come newest first. ClickHouse admits 10 requests in 10 seconds
for each key; a 429 tells in `X-RateLimit-Reset` how many seconds to wait.

    - name: analytics
      provider: clickhouse_cloud
      key_id: ${CLICKHOUSE_KEY_ID}
      key_secret: ${CLICKHOUSE_KEY_SECRET}

`organization_id` saves the request that finds out the organization to which the key belongs, and serves a key that may
not ask for it. `base_url` is for a proxy in front of the API.

A service without a schedule of its own (nothing configured, or a tier in which it cannot be) is backed up every 24
hours. ClickHouse may skip a slot while a good backup younger than a day exists, so the derived limit of the age is
twice the period and 3 hours more. By default a backup is kept for 24 hours only: after a failure or two the vendor's
list may hold no success at all, and the age then goes on from the last one that was seen. A service that is stopped,
being deleted or deleted counts as paused; one that is idle does not.

Least rights:

- Create a key of its own in the console under "API keys". It needs to read services and nothing more: the service
  role "Service API reader", or "Developer" where roles are still the two old ones.
- Give it an expiry date, and the addresses of the exporter as the only ones allowed to use it.
- A key belongs to one organization: use one source for each. Two sources with one key would share its limit.

Reads:

- `GET /v1/organizations`, unless `organization_id` is set
- `GET /v1/organizations/{organization}/services`
- `GET /v1/organizations/{organization}/services/{service}/backupConfiguration`
- `GET /v1/organizations/{organization}/services/{service}/backups`
- `GET /v1/organizations/{organization}/services/{service}/backups/{backup}`, only while that backup runs

Requests:

- A poll costs one request for each service.
- A discovery costs one more for each service, and two for the account (one with `organization_id`).
- At the documented limit, the first poll of 30 services takes about a minute and each later one half of that.

Cannot tell:

- progress in percent, restores, and why a backup failed: the API has none of them;
- whether backups are on at all, so there is no `backup_schedule_enabled`;
- an interval by kind: there is one period, and ClickHouse decides what is full and what incremental. The size of an
  incremental backup is what it added, not the size of the data.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter import wire
from exporter.errors import ForbiddenError
from exporter.model import Backup, Details, Resource, Scope, Status
from exporter.provider import Answer, Api, BasicAuth, Provider, RateLimit, RawPage, Url, address
from exporter.schedule import HOUR
from exporter.secret import Secret

BASE_URL = Url("https://api.clickhouse.cloud")
STATUSES: Mapping[str, Status] = {
    "done": Status.COMPLETED,
    "error": Status.FAILED,
    "in_progress": Status.IN_PROGRESS,
}
ENDED = frozenset({Status.COMPLETED, Status.FAILED})
KINDS = frozenset({"full", "incremental"})
NOT_AT_WORK = frozenset({"stopped", "terminating", "terminated", "softdeleting", "softdeleted"})
DEFAULT_PERIOD = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a source of this provider is configured with."""

    key_id: Secret = field(repr=False)
    key_secret: Secret = field(repr=False)
    organization_id: str = ""
    base_url: Url = BASE_URL


async def scopes(api: Api, options: Options) -> Sequence[Scope]:
    """Return the configured organization, or the one that the key belongs to."""
    if options.organization_id:
        return (Scope(id=options.organization_id),)
    answer = await _get(api, options)
    return tuple(
        Scope(id=wire.record_id(organization), name=wire.text(organization.get("name")) or "")
        for organization in wire.records(answer.body, "result")
    )


async def resources(api: Api, options: Options, scope: Scope) -> Sequence[Resource]:
    """Return the organization's services that have backups of their own."""
    answer = await _get(api, options, scope.id, "services")
    found = [
        _service(scope, service)
        async for service in wire.by_turns(wire.records(answer.body, "result"))
        if service.get("isPrimary") is not False  # services older than warehouses may lack it
    ]
    return tuple(found)


async def details(api: Api, options: Options, resource: Resource) -> Details:
    """Return how often the service is backed up; in a tier without a choice, asking for it is forbidden."""
    try:
        answer = await _get(api, options, *_path(resource), "backupConfiguration")
    except ForbiddenError:
        return Details(interval=DEFAULT_PERIOD)
    return Details(interval=_period(answer))


class _Backups(wire.Envelope):
    """The answer that lists a service's backups."""

    result: wire.Records


async def pages(api: Api, options: Options, resource: Resource) -> AsyncIterator[RawPage]:
    """Yield the one page that holds every backup the vendor keeps."""
    answer = await _get(api, options, *_path(resource), "backups", envelope=_Backups)
    yield RawPage(records=answer.body.result)


async def refresh(api: Api, options: Options, resource: Resource, run: Backup) -> Sequence[Backup]:
    """Return a backup as it now is."""
    answer = await _get(api, options, *_path(resource), "backups", run.id)
    return (backup(options, wire.record(answer.body, "result")),)


def two_periods(interval: float) -> float:
    """Return the age limit: the scheduler may skip a slot, and a backup takes up to 3 hours."""
    return 2 * interval + 3 * HOUR


async def _get(api: Api, options: Options, *segments: str, envelope: Any = Any) -> Answer:
    url = address(options.base_url, "v1", "organizations", *segments)
    return await api.get(url, auth=BasicAuth(user=options.key_id, password=options.key_secret), envelope=envelope)


def _path(resource: Resource) -> tuple[str, str, str]:
    organization, service = resource.path
    return organization, "services", service


def _service(scope: Scope, service: wire.Record) -> Resource:
    own = wire.record_id(service)
    state = service.get("state")
    return Resource(
        id=own,
        name=wire.text(service.get("name")) or own,
        kind="clickhouse",
        state=wire.text(state),
        created=wire.timestamp(service.get("createdAt")),
        paused=wire.status_word(state) in NOT_AT_WORK,
        path=(scope.id, own),
    )


def _period(answer: Answer) -> float:
    if not wire.record(answer.body).get("result"):
        return DEFAULT_PERIOD
    hours = wire.number(wire.record(answer.body, "result").get("backupPeriodInHours"))
    return hours * HOUR if hours else DEFAULT_PERIOD


def backup(_options: Options, entry: wire.Record) -> Backup:
    """Return what a record means."""
    kind = wire.status_word(entry.get("type"))
    return wire.backup(
        STATUSES,
        entry.get("status"),
        given={
            "started": entry.get("startedAt"),
            "finished": entry.get("finishedAt"),
            "size": entry.get("sizeInBytes"),
        },
        id=wire.record_id(entry),
        started=wire.timestamp(entry.get("startedAt")),
        finished=_finish_time(entry),
        size=wire.number(entry.get("sizeInBytes")),
        kind=kind if kind in KINDS else "",
    )


def _finish_time(entry: wire.Record) -> float | None:
    told = wire.timestamp(entry.get("finishedAt"))
    if told is not None or STATUSES.get(wire.status_word(entry.get("status"))) not in ENDED:
        return told  # of a backup that runs, `durationInSeconds` is the time up to now
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
    max_age=two_periods,
)

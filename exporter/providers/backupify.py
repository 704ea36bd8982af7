"""Backupify: the backups of each backup instance of a vendor's account, and how often they are due.

The API is Backupify's platform API for vendors, version 1, at `https://api.backupify.com` (described at
<https://api.backupify.com/docs/json/api.json>); an old one, and not that of Datto SaaS Protection. A client id and a
client secret are exchanged at `/oauth/token` for a bearer token of about 15 minutes, and renewed before it expires.

Lists are bare arrays, ascending by id, 20 to a page, with the other pages' addresses in the `Link` header. The newest
backups are thus on the last page: reading goes there first and then backwards, and stops at what is known. The
vendor documents no rate limit; the default is one request per second. A 401 may also mean that the account has no
rights to one customer or instance, and then counts against that one alone.

`backup_schedule_enabled` and the expected interval come from `backup_frequency`: `daily` is 24 h, `weekly` 168 h, `off`
is no schedule. The vendor's `last_backup_state` is the state of a backup, not of the instance: it is not exported as
`backup_resource_state`, since the listing says the same and more.

`last_successful_backup` counts as a success of its own while it is more than 60 s later than every backup listed; its
size and duration are unknown. A list of exactly one full page without any link is not taken for the whole list where
that success is newer than all of it: the resource is then `malformed`. `backup_last_success_failures` is the length of
the newest successful backup's `failures`.

    - name: workspace
      provider: backupify
      client_id: ${BACKUPIFY_CLIENT_ID}
      client_secret: ${BACKUPIFY_CLIENT_SECRET}
      # backup_instance_ids: ["1001", "1002"]   # only these; asks for no list of customers
      # backup_definition_ids: ["3"]            # or all instances of these definitions; both together: the union

Least rights:

- The API knows one scope, `write`, and gives every token all that the account may do; a client that can only read
  does not exist. Generate a pair of keys for the exporter alone, so that it can be revoked by itself.
- Keep the secret in a file that only the exporter can read, and name it by `client_secret_file`.
- Where only some instances are of interest, name them in `backup_instance_ids`: no others are ever asked for.

Reads:

- `POST /oauth/token`, the only request that is no GET
- `GET /v1/customers` and `GET /v1/customers/{id}/backup_instances`, if neither kind of ids is configured
- `GET /v1/backup_instances?backup_definition_id={id}` for each of `backup_definition_ids`
- `GET /v1/backup_instances/{id}` for each of `backup_instance_ids`
- `GET /v1/backup_instances/{id}/backups`
- `GET /v1/backup_instances/{id}/backups/active` and `.../backups/{backup_id}`, only while a backup runs

Requests:

- A poll: 1 per instance with up to 20 backups, otherwise 2 (the first page says where the last one is); one for each
  20 backups when the whole listing is read, at the start and at each `discovery_interval`.
- Discovery: 1 per 20 customers, and 1 per 20 instances of each customer or definition (at least one each).
- A token every quarter of an hour; while a backup runs, 1 or 2 at each `progress_interval`.

Does not report:

- Sizes: `backup_last_success_size_bytes`, `backup_typical_size_bytes` and `backup_stored_bytes` are absent.
- `backup_progress_percent`, `backup_resource_state`, `backup_resource_created_timestamp_seconds`, kinds.
- Restores: the vendor lists exports (downloads), not restores.
"""

from collections.abc import AsyncIterator, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from exporter import wire
from exporter.errors import MalformedError
from exporter.model import Backup, Details, Resource, Scope, Status
from exporter.provider import Answer, Api, Auth, Provider, RateLimit, RawPage, Token, TokenExchange, Url, address
from exporter.schedule import DAY, WEEK
from exporter.secret import Secret

STATUSES: Mapping[str, Status] = MappingProxyType({
    "successful": Status.COMPLETED,
    "failed": Status.FAILED,
    "in_progress": Status.IN_PROGRESS,
    "queued": Status.PENDING,
    "cancelled": Status.CANCELLED,
})  # fmt: skip
INTERVALS: Mapping[str, float] = MappingProxyType({"daily": DAY, "weekly": WEEK})
SYNONYMS: Mapping[str, str] = MappingProxyType({"prev": "previous"})  # both are registered
BASE_URL = Url("https://api.backupify.com")
TOKEN_LIFETIME = 899.0  # as the vendor's example has it
PER_PAGE = 20
SAME_EVENT_TOLERANCE = 60.0
"""So many seconds may lie between the times that an instance and its backups have for the same event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The keys of a Backupify source."""

    client_id: Secret = field(repr=False)
    client_secret: Secret = field(repr=False)
    backup_instance_ids: tuple[str, ...] = ()
    backup_definition_ids: tuple[str, ...] = ()
    base_url: Url = BASE_URL


async def scopes(api: Api, options: Options) -> Sequence[Scope]:
    """Return the configured ids as scopes; without any, the account's customers."""
    found = [Scope(id=f"definition/{name}") for name in dict.fromkeys(options.backup_definition_ids)]
    if options.backup_instance_ids:
        found.append(Scope(id="instances"))
    if found:
        return found
    answers = await _onward(api, _auth(options), address(options.base_url, "v1", "customers"))
    return [
        Scope(id=f"customer/{wire.record_id(customer)}", name=wire.text(customer.get("name")) or "")
        for answer in answers
        for customer in wire.records(answer.body)
    ]


async def resources(api: Api, options: Options, scope: Scope) -> Sequence[Resource]:
    """Return the backup instances of a customer or a definition, or those that are configured one by one."""
    source, _, key = scope.id.partition("/")
    if source == "instances":
        names = dict.fromkeys(options.backup_instance_ids)
        return [Resource(id=name, name=name, kind="backup_instance") for name in names]
    if source == "customer":
        url = address(options.base_url, "v1", "customers", key, "backup_instances")
    else:
        url = address(options.base_url, "v1", "backup_instances", backup_definition_id=key)
    answers = await _onward(api, _auth(options), url)
    listed = (instance for answer in answers for instance in wire.records(answer.body))
    return [_resource(instance, scope.name) async for instance in wire.by_turns(listed)]


async def details(api: Api, options: Options, resource: Resource) -> Details:
    """Return the schedule of an instance that no list contains."""
    answer = await api.get(address(options.base_url, "v1", "backup_instances", resource.id), auth=_auth(options))
    return _details(wire.record(answer.body))


async def pages(api: Api, options: Options, resource: Resource) -> AsyncIterator[RawPage]:
    """Yield the listing from its last page back to its first.

    The first page has to be asked for, as only its links name the last one; it is kept and yielded at the end.
    """
    auth = _auth(options)
    first = await api.get(_backups(options, resource), auth=auth, envelope=wire.Records)
    if len(first.body) == PER_PAGE and not first.links:
        known = resource.details or await details(api, options, resource)
        _require_whole(first, known.last_success)
    last = _link(api, first, "last")
    newest = [] if last in _addresses_of_first(api, first) else await _onward(api, auth, last, envelope=wire.Records)
    for answer in reversed(newest):  # more than one, if the list has grown meanwhile
        yield _page(answer)
    walked = {answer.url for answer in newest}
    oldest = newest[0] if newest else None
    while oldest and not _adjoin(api, first, oldest) and (target := _link(api, oldest, "prev")):
        oldest = await api.get(target, auth=auth, envelope=wire.Records)
        walked.add(target)
        yield _page(oldest)
    if not (oldest and _adjoin(api, first, oldest)):  # one page only; or no `last`, or no `prev` that leads here
        further = await _onward(api, auth, _link(api, first, "next"), until=walked, envelope=wire.Records)
        for answer in reversed(further):
            yield _page(answer)
    yield replace(_page(first), last=True)


def _require_whole(only: Answer, last_success: float | None) -> None:
    """Raise MalformedError if a full page without any link cannot be the whole list: a success is newer than it."""
    if last_success is None:
        return
    records = [wire.record(wire.decode(bytes(one))) for one in only.body]
    times = [wire.timestamp(record.get(key)) for record in records for key in ("started_at", "ended_at")]
    if last_success > max((time for time in times if time is not None), default=0.0) + SAME_EVENT_TOLERANCE:
        raise MalformedError("a full page without links, but last_successful_backup is newer than all its backups")


async def refresh(api: Api, options: Options, resource: Resource, run: Backup) -> Sequence[Backup]:
    """Return the backup that is active now, and the one asked about if that is another."""
    auth, listing = _auth(options), _backups(options, resource)
    active = await api.get(address(listing, "active"), auth=auth, empty=True)
    found = [] if active.body is None else [backup(options, wire.record(active.body))]
    if all(one.id != run.id for one in found):
        asked = await api.get(address(listing, run.id), auth=auth)
        found.append(backup(options, wire.record(asked.body)))
    return found


def _resource(instance: wire.Record, customer: str) -> Resource:
    key = wire.record_id(instance)
    name = f"{customer}/{key}" if customer else key
    return Resource(id=key, name=name, kind="backup_instance", details=_details(instance))


def _details(instance: wire.Record) -> Details:
    said, last_success = instance.get("backup_frequency"), wire.timestamp(instance.get("last_successful_backup"))
    if said is False or wire.status_word(said) == "off":  # an unquoted `off` is false to older YAML, on its way to JSON
        return Details(scheduled=False, last_success=last_success)
    interval = INTERVALS.get(wire.status_word(said))
    return Details(scheduled=True if interval else None, interval=interval, last_success=last_success)


def _page(answer: Answer) -> RawPage:
    return RawPage(records=answer.body)


def _ids(answer: Answer) -> set[str]:
    return {wire.record_id(wire.record(wire.decode(bytes(one)))) for one in answer.body}


def backup(_options: Options, source: wire.Record) -> Backup:
    """Return what a record means."""
    return wire.backup(
        STATUSES,
        source.get("status"),
        given={"started": source.get("started_at"), "finished": source.get("ended_at")},
        id=wire.record_id(source),
        started=wire.timestamp(source.get("started_at")),
        finished=wire.timestamp(source.get("ended_at")),
        failures=len(failures) if isinstance(failures := source.get("failures"), list) else None,
    )


def _backups(options: Options, resource: Resource) -> str:
    return address(options.base_url, "v1", "backup_instances", resource.id, "backups")


async def _onward(
    api: Api, auth: Auth, url: str | None, *, until: Container[str] = (), envelope: Any = Any
) -> list[Answer]:
    """Return the answer at `url` and those that its `next` links lead to, as far as `until`."""
    answers: list[Answer] = []
    while url and url not in until:
        answers.append(await api.get(url, auth=auth, envelope=envelope))
        url = _link(api, answers[-1], "next")
    return answers


def _link(api: Api, answer: Answer, rel: str) -> str | None:
    return api.link(answer, answer.links.get(rel) or answer.links.get(SYNONYMS.get(rel, rel)))


def _addresses_of_first(api: Api, *answers: Answer) -> set[str | None]:
    """Return what links may call the first page, which itself was asked for without the vendor's parameters."""
    return {answers[0].url, *(_link(api, answer, "first") for answer in answers)}


def _adjoin(api: Api, first: Answer, oldest: Answer) -> bool:
    """Return whether nothing lies between the two pages, or they are one under two addresses."""
    if _link(api, oldest, "prev") in _addresses_of_first(api, first, oldest) - {None}:
        return True
    if _link(api, first, "next") == oldest.url:
        return True
    return not _ids(first).isdisjoint(_ids(oldest))


def _auth(options: Options) -> Auth:
    return TokenExchange(
        url=address(options.base_url, "oauth", "token"),
        read=_token,
        form={
            "client_id": options.client_id,
            "client_secret": options.client_secret,
            "grant_type": "client_credentials",
            "scope": "write",
        },
        lifetime=TOKEN_LIFETIME,
        source_wide=True,
    )


def _token(body: object) -> Token:
    answer = wire.record(body)
    value = answer.get("access_token")
    if not isinstance(value, str) or not value.strip():
        raise MalformedError("the token response has no access_token")
    said = answer.get("expires_in")
    seconds = wire.number(float(said) if isinstance(said, str) and said.isdecimal() else said)
    return Token(value.strip(), seconds or None)


PROVIDER = Provider(
    options=Options,
    rate_limit=RateLimit(requests=1, per=1.0),
    scopes=scopes,
    resources=resources,
    details=details,
    pages=pages,
    backup=backup,
    newest_first=True,
    sizes=False,
    refresh=refresh,
)

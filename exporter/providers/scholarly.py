"""Scholarly: database backups of one institution, by the Scholarly API v1.

Base URL: `https://api.scholarlysoftware.com`; JSON:API documents (`application/vnd.api+json`). Vendor's documentation:
https://api-docs.scholarlysoftware.com

Authentication: an API key (`sch_...`) as bearer token. It is static: a refused one is not tried again.
Paging: up to 100 backups a page, asked for newest first; the body's `links.next` leads on, absolute or relative.
Limits: 1 request a second for each institution, unless your contract says otherwise.

    - name: campus
      provider: scholarly
      token: ${SCHOLARLY_TOKEN}
      max_age: 26h

Least rights: an API key belongs to a Scholarly user and may do all that this user may. Make a service account for the
exporter alone, give it one institution and no more than is needed to see that institution's backups, and create the
key there. The API does not say which institution a backup belongs to: use one key, and one source, per institution.

Reads:

- `GET /api/v1/institutions`: the institution's id and name.
- `GET /api/v1/backups`: the backups, newest first.
- `GET /api/v1/backups/{id}`: a running backup, for its progress; with `verify_downloads` a completed one, for its
  `download_url` and checksum.

Requests: one at each discovery, one per poll for every 100 backups that have to be read (usually one), and one each
time a running backup is followed.

Which resource: if the key sees exactly one institution, its id is the resource. If it may not list institutions (403,
404), sees none or sees several, the resource is named after the source instead.

What stands for what: a backup starts when it was requested (`created_at`). A finish is not reported; `updated_at`, as
first seen on the completed backup, stands in for it, so that a duration is an approximation. Answers come from a
replica that may be some seconds behind.

Where a running backup has no percentage, `completed_tables` of `total_tables` give it.

Does not report:

- a schedule: `backup_schedule_enabled`, `backup_expected_interval_seconds`, and any limit of its own: set `max_age`.
- kinds of backups: there is only one.
- the state of an institution: `backup_resource_state`.
- restores: `backup_last_restore_timestamp_seconds`, `backup_last_restore_status`.
- how long a failed backup took.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exporter import wire
from exporter.errors import ForbiddenError, MalformedError, NotFoundError
from exporter.model import Backup, Resource, Scope, Status
from exporter.provider import Answer, Api, BearerAuth, Download, Provider, RateLimit, RawPage, Url, address
from exporter.secret import Secret

BASE_URL = Url("https://api.scholarlysoftware.com")
MEDIA_TYPE = "application/vnd.api+json"
PAGE_SIZE = 100  # the most the vendor allows

STATUSES: Mapping[str, Status] = {
    "pending": Status.PENDING,
    "processing": Status.IN_PROGRESS,
    "completed": Status.COMPLETED,
    "failed": Status.FAILED,
}

NAMED_AFTER_SOURCE = Resource(id="", name="", kind="institution")
"""The one resource of a key whose institution is not reported.

A provider does not know its source's name: an empty id asks the core to put that name in its place. The core also sees
to it that an id once chosen stays, whichever of the two a later discovery finds.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The keys of a source of this provider."""

    token: Secret = field(repr=False)
    base_url: Url = BASE_URL


async def scopes(_api: Api, _options: Options) -> Sequence[Scope]:
    """Return the one part there is: what the key sees."""
    return (Scope(id="institution"),)


async def resources(api: Api, options: Options, _scope: Scope) -> Sequence[Resource]:
    """Return the institution, or its stand-in where the key does not see exactly one."""
    try:
        answer = await _get(api, options, address(options.base_url, "api", "v1", "institutions"))
    except (ForbiddenError, NotFoundError):
        return (NAMED_AFTER_SOURCE,)
    institutions = wire.records(answer.body, "data")
    if len(institutions) != 1 or _next(api, answer, wire.optional_object(answer.body, "links")) is not None:
        return (NAMED_AFTER_SOURCE,)
    return (_institution(institutions[0]),)


class _Backups(wire.Envelope):
    """A page of the list of backups."""

    data: wire.Records
    links: Any = None
    meta: Any = None


async def pages(api: Api, options: Options, _resource: Resource) -> AsyncIterator[RawPage]:
    """Yield the backups newest first, as long as pages have any and name a next one."""
    query: dict[str, str | int] = {"sort": "-created_at", "page[size]": PAGE_SIZE}
    url: str | None = address(options.base_url, "api", "v1", "backups", **query)
    read: set[str] = set()
    while url is not None:
        read.add(url)
        answer = await _get(api, options, url, envelope=_Backups)
        page: _Backups = answer.body
        url = _next(api, answer, page.links) if page.data else None
        if url in read:  # said before the page is handed over, after which reading may stop
            raise MalformedError("a page link leads back to a page already read")
        yield RawPage(records=page.data, total=_total(page.meta), last=url is None)


async def refresh(api: Api, options: Options, _resource: Resource, run: Backup) -> Sequence[Backup]:
    """Return how far a running backup has come."""
    answer = await _get(api, options, address(options.base_url, "api", "v1", "backups", run.id))
    return (backup(options, wire.record(answer.body, "data")),)


async def download(api: Api, options: Options, _resource: Resource, completed: Backup) -> Download:
    """Return the address of a completed backup's file and its checksum."""
    answer = await _get(api, options, address(options.base_url, "api", "v1", "backups", completed.id))
    attributes = wire.optional_object(wire.record(answer.body, "data"), "attributes")
    return Download(
        link=wire.link(attributes.get("download_url")), md5=wire.text(attributes.get("download_checksum_md5"))
    )


async def _get(api: Api, options: Options, url: str, envelope: Any = Any) -> Answer:
    return await api.get(url, auth=BearerAuth(options.token), accept=MEDIA_TYPE, envelope=envelope)


def _next(api: Api, answer: Answer, links: object) -> str | None:
    """Return the next page's address; JSON:API allows a link to be a text or an object that holds one."""
    target = wire.optional_object(links).get("next")
    return api.link(answer, target.get("href") if isinstance(target, dict) else target)


def _total(meta: object) -> int | None:
    """Return how many backups there are by either generation of the list's documentation."""
    for total in (wire.optional_object(meta).get("total"), wire.optional_object(meta, "page").get("total_count")):
        if isinstance(total, int) and not isinstance(total, bool) and total >= 0:
            return total
    return None


def _institution(source: wire.Record) -> Resource:
    attributes = wire.optional_object(source, "attributes")
    return Resource(
        id=wire.record_id(source),
        name=wire.text(attributes.get("name")) or "",
        kind="institution",
        created=wire.timestamp(attributes.get("created_at")),
    )


def backup(_options: Options, source: wire.Record) -> Backup:
    """Map a record; the requester's name, the download address and the progress message stay unread."""
    attributes = wire.optional_object(source, "attributes")
    said = attributes.get("status")
    completed = STATUSES.get(wire.status_word(said)) is Status.COMPLETED
    return wire.backup(
        STATUSES,
        said,
        given={
            "started": attributes.get("created_at"),
            "finished": attributes.get("updated_at"),
            "size": attributes.get("file_size"),
        },
        id=wire.record_id(source),
        started=wire.timestamp(attributes.get("created_at")),
        finished=wire.timestamp(attributes.get("updated_at")) if completed else None,
        size=wire.number(attributes.get("file_size")),
        progress=_percentage(wire.optional_object(attributes, "progress")),
    )


def _percentage(progress: wire.Record) -> float | None:
    """Return how far a backup has come; where no percentage is given, by the tables that are done."""
    percentage = wire.number(progress.get("percentage"))
    if percentage is None:
        done, total = (wire.number(progress.get(f"{which}_tables")) for which in ("completed", "total"))
        percentage = 100 * done / total if done is not None and total else None
    return percentage if percentage is not None and percentage <= 100 else None


PROVIDER = Provider(
    options=Options,
    rate_limit=RateLimit(requests=1, per=1.0),
    scopes=scopes,
    resources=resources,
    pages=pages,
    backup=backup,
    newest_first=True,
    refresh=refresh,
    download=download,
)

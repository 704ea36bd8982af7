"""The contract between a vendor's file and the rest: what it declares, and the requests it may send.

A provider maps; it does not retry, wait, log, count or read a clock: its `Api` offers none of these.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Literal, NewType, Protocol
from urllib.parse import quote, urlencode

from msgspec import Raw

from exporter.errors import MalformedError
from exporter.model import Backup, Details, RecoveryWindow, Resource, Scope, Status
from exporter.schedule import HOUR, AgeLimit
from exporter.secret import Secret

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Opts = TypeVar("Opts", default=Any)
else:
    from typing import TypeVar

    Opts = TypeVar("Opts")

UNESCAPED = re.compile(r"[A-Za-z0-9_.~-]+", re.ASCII).fullmatch
"""Text that needs no escaping in a path; most ids need none, and matching is quicker than escaping."""

Url = NewType("Url", str)
"""An option that holds the base URL of an API: scheme, host, port and maybe a leading path."""


@dataclass(frozen=True, slots=True)
class Token:
    """A credential that a vendor gave in exchange for another."""

    value: str = field(repr=False)
    lifetime: float | None = None
    """Seconds from its receipt, where the vendor gives them."""
    expires: float | None = None
    """The instant (Unix seconds) at which it expires, where the vendor gives only that."""


Parts = tuple[Secret | str, ...]
"""A text in parts, some of them credentials: joined when it is sent, so that a rotated file is read first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicAuth:
    """HTTP Basic authentication."""

    user: Secret | str = field(repr=False)
    password: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class BearerAuth:
    """A token that does not expire."""

    token: Secret = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key in a header or a query parameter of its own, optionally with a prefix."""

    name: str
    location: Literal["header", "query"]
    parts: Parts = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenExchange:
    """A bearer token that a POST returns: kept while valid, renewed before it expires and after a 401."""

    url: str
    read: Callable[[Any], Token]
    """Take the token from the decoded answer; MalformedError if there is none."""
    auth: "Auth | None" = None
    """What the POST itself is signed with."""
    form: Mapping[str, Parts | Secret | str] | None = field(default=None, repr=False)
    """The body as a form."""
    json: Mapping[str, Parts | Secret | str] | None = field(default=None, repr=False)
    """The body as JSON; at most one of the two."""
    lifetime: float
    """Seconds to assume if the answer gives no lifetime."""
    source_wide: bool
    """Whether the whole source depends on it; if not, its refusal affects one resource."""
    part: str = ""
    """Which part of the answer `read` takes, where exchanges that are alike take different ones."""

    @property
    def identity(self) -> Hashable:
        """What a token is held by: exchanges that differ in what they send or take have a token each.

        It holds secrets as `Secret`, which a `repr` does not show and a rotated file does not change.
        """
        auth = self.auth.identity if isinstance(self.auth, TokenExchange) else self.auth
        bodies = [None if body is None else tuple(body.items()) for body in (self.form, self.json)]
        return self.url, auth, *bodies, self.part


Auth = BasicAuth | BearerAuth | ApiKey | TokenExchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A vendor's decoded answer."""

    body: Any = field(repr=False)
    links: Mapping[str, str] = field(default_factory=dict)
    """The `Link` header's targets by their `rel`, as written: `Api.link` makes addresses of them."""
    url: str
    size: int = 0
    """Bytes of the body as it came."""


NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Api(Protocol):
    """All the requests that a provider may send."""

    async def get(
        self,
        url: str,
        *,
        auth: Auth | None,
        accept: str = "application/json",
        headers: Mapping[str, str] = NO_HEADERS,
        empty: bool = False,
        envelope: Any = Any,
    ) -> Answer:
        """Return the decoded JSON body, or raise a PollError.

        `url` is whole: made by `address`, or a vendor's page link that went through `link`. `headers` go beside
        `Accept`, or replace it. With `empty`, a 204 is an answer whose body is None. With an `envelope` (see
        `wire.Envelope`) the body comes in that form.
        """
        ...

    def link(self, answer: Answer, target: object) -> str | None:
        """Return a page link of `answer` as an address on the same host; None if it is no link at all.

        It may be a text or an object with an `href`, and stays under the path of the configured base URL. A link to
        another host is MalformedError: credentials never leave the configured one.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPage:
    """A part of a resource's listing, as one answer of the vendor gave it."""

    records: Sequence[Raw] = ()
    """JSON objects as they came; the provider's `backup` says what one means."""
    total: int | None = None
    """How many backups the vendor says it lists in all."""
    recovery: RecoveryWindow | None = None
    last: bool = False
    """Whether this is the last page: with it, the listing is whole and costs no further request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Where one backup can be fetched without credentials."""

    link: Secret = field(repr=False)
    """It gives access to the backup."""
    md5: str | None = None
    """The file's MD5 in hexadecimal digits, where the vendor gives it."""
    expires: float | None = None
    """When the link expires, where the vendor reports that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """At most `requests` in any window of `per` seconds, of which this exporter may use the part `share`."""

    requests: int
    per: float
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateHeaders:
    """The headers in which a vendor reports what is left of its rate limit; names in lower case."""

    remaining: str = "x-ratelimit-remaining"
    reset: str = "x-ratelimit-reset"
    epoch: bool = False
    """Whether the reset is an instant (Unix seconds) and not a number of seconds."""


add_slack = AgeLimit(2 * HOUR)
"""The age limit of a vendor whose backups may be 2 hours late."""


DELTA_KINDS = frozenset({"incremental", "snapshot"})
"""The usual names of the kinds of backups that hold differences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider(Generic[Opts]):
    """One vendor: its options, its default rate limit, and the functions that read what it knows.

    The functions take an instance of `options`, whose type is `Opts`. Each raises PollErrors and lets them pass.
    """

    options: type[Opts]
    """A frozen dataclass; its fields are the configuration keys (Secret, Url, str, tuple[str, ...])."""
    rate_limit: RateLimit
    rate_headers: RateHeaders = RateHeaders()
    vendor: str = ""
    """Whose API it is, where several providers ask the same; empty: the provider's own name."""
    scopes: Callable[[Api, Opts], Awaitable[Sequence[Scope]]]
    """(api, options): the parts of the account that are listed each by itself."""
    inner_scopes: Callable[[Api, Opts, Scope], Awaitable[Sequence[Scope]]] | None = None
    """(api, options, scope): the parts one level below a scope that says it has `inner` ones."""
    resources: Callable[[Api, Opts, Scope], Awaitable[Sequence[Resource]]]
    """(api, options, scope): what is backed up there."""
    details: Callable[[Api, Opts, Resource], Awaitable[Details]] | None = None
    """(api, options, resource): schedule, state, restores; read once per discovery interval."""
    has_schedule: bool = True
    """Whether `details` give a schedule; if not, an age limit is never derived."""
    pages: Callable[[Api, Opts, Resource], AsyncIterator[RawPage]]
    """(api, options, resource): the listing; where the vendor's order allows it, newest page first. The resource's
    details, as far as they are known by then, stand in `resource.details`."""
    backup: Callable[[Opts, Mapping[str, Any]], Backup | None]
    """(options, record): what one record of a listing means; None: no backup of ours. It depends on the record alone,
    so that the result for the same bytes can be reused."""
    newest_first: bool
    """Whether a page never holds a backup newer than those of the pages before, so that reading may stop early."""
    ends: Callable[[Api, Opts, Sequence[Resource]], Awaitable[Mapping[str, float]]] | None = None
    """(api, options, resources of one scope): when backups ended, by their ids, where that is reported outside the
    listings; asked once a scope and poll."""
    refresh: Callable[[Api, Opts, Resource, Backup], Awaitable[Sequence[Backup]]] | None = None
    """(api, options, resource, backup): a running backup read again; None: only the listing shows it."""
    download: Callable[[Api, Opts, Resource, Backup], Awaitable[Download | None]] | None = None
    """(api, options, resource, backup): where a completed backup can be fetched; None, without a request: nowhere, by
    its kind. MissingError if the vendor has no link for it."""
    identity: Callable[[Resource], object] | None = None
    """(resource): what differs between two resources to which one id was given; None: ids are the vendor's own."""
    sizes: bool = True
    """Whether the vendor gives sizes; if not, the stored bytes of no backup are unknown, not zero."""
    statuses: frozenset[Status] = frozenset(Status)
    """The statuses that a backup can have; if the vendor lists no failures, series about failures are absent."""
    delta_kinds: frozenset[str] = DELTA_KINDS
    """The kinds of backups that hold differences: the size of one is not comparable with the next, and not judged."""
    base_urls: Callable[[Opts], tuple[str, ...]] | None = None
    """(options): the addresses of the APIs, where they do not stand in the options themselves."""
    max_age: Callable[[float], float] = add_slack
    """The age limit in seconds that follows from the interval."""
    title: str = field(default="", compare=False)
    docs: str = field(default="", compare=False)
    """The address of the vendor's documentation."""
    checked: str = field(default="", compare=False)
    """The date on which it was last checked against that."""

    @property
    def lists_failures(self) -> bool:
        """Whether the vendor lists backups that failed."""
        return Status.FAILED in self.statuses


def address(base: str, *segments: str, **query: str | int) -> str:
    """Return the URL of `segments` (each escaped as one) under `base`.

    MalformedError for `.` and `..`: a path cannot hold them, escaped or not (RFC 3986, 5.2.4).
    """
    if "." in segments or ".." in segments:
        raise MalformedError("an id is . or .., which cannot be part of a path")
    path = "/".join(segment if UNESCAPED(segment) else quote(segment, safe="") for segment in segments)
    return f"{base.rstrip('/')}/{path}" + (f"?{urlencode(query)}" if query else "")

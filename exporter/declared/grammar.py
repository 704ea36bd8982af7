"""The grammar of a declaration as frozen values; equal declarations compare equal, so a reload changes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from exporter.declared.expressions import Expression
from exporter.declared.fields import Field, StatusField
from exporter.declared.templates import Template
from exporter.provider import RateHeaders, RateLimit
from exporter.schedule import HOUR

Templates = tuple[tuple[str, Template], ...]
"""Names with what stands under them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A key of the source beside the common ones."""

    name: str
    secret: bool = False
    default: str | None = None
    """None: it is required."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTemplate:
    """A path under one of the base URLs, with the query that is written with it."""

    host: str = ""
    """The name of the base URL; empty where there is one."""
    path: Template
    query: Templates = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PathChoice:
    """A path, and for which resources it is the one to take."""

    template: PathTemplate
    when: Expression | None = None


# Authentication: each names options of the source.


@dataclass(frozen=True, slots=True)
class BearerOf:
    """`Authorization: Bearer` with an option's value."""

    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicOf:
    """HTTP Basic authentication; the user may be left out."""

    username: str | None = None
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyOf:
    """A header or a query parameter that holds the key."""

    name: str
    location: Literal["header", "query"]
    template: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """A token by OAuth 2.0 client credentials: RFC 6749, section 4.4."""

    url: PathTemplate
    client_id: str
    client_secret: str
    in_body: bool = False
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenExchangeOf:
    """A token that another credential is exchanged for."""

    url: PathTemplate
    token: Expression
    lifetime: float = HOUR
    auth: "AuthOf | None" = None
    json: Templates | None = None
    form: Templates | None = None


AuthOf = BearerOf | BasicOf | ApiKeyOf | ClientCredentials | TokenExchangeOf


# Paging: plain data, so that each walk starts from nothing.


@dataclass(frozen=True, slots=True)
class SinglePage:
    """Everything in one answer."""


@dataclass(frozen=True, slots=True)
class HeaderLink:
    """The `Link` header's `rel="next"`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLink:
    """A link in the body."""

    next_url: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A value in the body that the next request sends back."""

    cursor: Expression
    cursor_param: str
    has_more: Expression | None = None
    page_param: str | None = None
    """Sent with the number of the page where there is more and no cursor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNumber:
    """Pages by their number."""

    page_param: str = "page"
    base_page: int = 1
    total_pages: Expression | None = None
    total_records: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """Pages by the number of records before them."""

    limit: int
    offset_param: str = "offset"
    limit_param: str = "limit"
    total_records: Expression | None = None


Paginator = SinglePage | HeaderLink | JsonLink | Cursor | PageNumber | Offset


# Steps.


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A request, or a walk over pages; what it inherits is filled in."""

    name: str
    """Where it stands: `backups`, `scopes[0]`."""
    paths: tuple[PathChoice, ...] = ()
    headers: Templates = ()
    params: Templates = ()
    auth: AuthOf | None = None
    paginator: Paginator = field(default_factory=SinglePage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Which records an answer holds, and which of them count."""

    path: str = field(compare=False)
    records: Expression | None = None
    """None: the whole answer is the list."""
    where: Expression | None = None
    exclude: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeStep:
    """A level of what an account is divided into."""

    step: Step
    records: Records
    name: str
    """Under which its values stand in placeholders: `as`."""
    id: Field
    title: Field | Template | None = None
    keep: tuple[tuple[str, Field], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcesStep:
    """What is backed up."""

    step: Step
    records: Records
    static: tuple[Mapping[str, Any], ...] | None = None
    """The resources themselves, for an API without discovery."""
    id: Field
    label: Template | None = None
    title: Field | Template | None = None
    kind: Field | None = None
    state: Field | None = None
    created: Field | None = None
    paused: Field | None = None
    keep: tuple[tuple[str, Field], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleStep:
    """How often a resource is backed up, by the vendor."""

    step: Step
    enabled: Field | None = None
    interval: Field | None = None
    intervals: tuple[tuple[str, Field], ...] = ()
    state: Field | None = None
    paused: Field | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoresStep:
    """A resource's restores."""

    step: Step
    records: Records
    started: Field
    status: StatusField


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOf:
    """A window of time to any point of which can be restored."""

    kind: str
    earliest: Field | None = None
    latest: Field | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupsStep:
    """A resource's backups."""

    step: Step
    records: Records
    newest_first: bool = False
    id: Field
    status: StatusField
    started: Field | None = None
    finished: Field | None = None
    duration: Field | None = None
    size: Field | None = None
    kind: Field | None = None
    progress: Field | None = None
    expires: Field | None = None
    recovery: WindowOf | None = None
    window_alone: bool = False
    """Whether the window stands in place of a list."""

    @property
    def fields(self) -> Iterator[tuple[str, Field | StatusField]]:
        """What is read of a record, by name."""
        for name in ("id", "started", "finished", "duration", "size", "kind", "progress", "expires", "status"):
            if (found := getattr(self, name)) is not None:
                yield name, found


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowStep:
    """One backup read again while it runs."""

    step: Step
    record: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleAnswer:
    """What a test's vendor answers to a request."""

    key: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: Any = None
    """None with `empty`: no body at all."""
    empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """An example inside a declaration: answers, and what comes of them."""

    path: str
    name: str
    options: Mapping[str, str]
    answers: tuple[ExampleAnswer, ...]
    expect: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One vendor."""

    name: str
    vendor: str
    title: str = field(default="", compare=False)
    docs: str = field(default="", compare=False)
    checked: str = field(default="", compare=False)
    options: tuple[Option, ...] = ()
    hosts: tuple[tuple[str, Template], ...]
    """Base URLs by name; a single one has the empty name."""
    rate_limit: RateLimit
    rate_headers: RateHeaders = field(default_factory=RateHeaders)
    slack: float = 2 * HOUR
    scopes: tuple[ScopeStep, ...] = ()
    resources: ResourcesStep
    schedule: ScheduleStep | None = None
    restores: RestoresStep | None = None
    backups: BackupsStep
    follow: FollowStep | None = None
    tests: tuple[Test, ...] = field(default=(), compare=False)

    @property
    def url_options(self) -> Iterator[tuple[str, str]]:
        """The option that replaces a base URL, with the base URL's name."""
        for name, _ in self.hosts:
            yield (f"{name}_url" if name else "base_url"), name

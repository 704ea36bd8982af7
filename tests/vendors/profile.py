"""What the tests and benchmarks that all vendors share need to know of one vendor.

Each folder beside this file is a vendor, named as its provider; its `profile.py` holds one `PROFILE`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from exporter.demo.http import Request

Kind = Literal["start", "token", "discovery", "subtree", "resource", "facts", "host"]
ALL = ("*",)

POLLS = 288
"""How many polls a day has, at the default interval."""
LOOKS = 2880
"""How often a day something that runs all the time is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A backup that the simulator stages and that is followed while it runs.

    It begins between 0 and 40 seconds into the story, and ends between 60 and 110 seconds into it.
    """

    resource: str
    """The name of its resource."""
    begins: float
    ends: float
    asked: tuple[str, ...]
    """The ends of the paths that following it asks for, in order; `{id}` stands for the backup's id."""
    shows_progress: bool = False
    """Whether the vendor reports how far a backup has come."""
    shows_end: bool = True
    """Whether the vendor reports when a backup ended."""
    keys: Mapping[str, Any] = field(default_factory=dict)
    """Configuration with which a first poll at the default rate limit takes no longer than three seconds."""
    resource_alone: str = ""
    """The resource's name with these keys, where that is another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a day of one account comes to: its resources, and the fewest and most requests of 288 polls."""

    resources: int
    fewest: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One completed backup as the vendor lists it, and where in it the vendor writes what may be unreadable."""

    value: Mapping[str, Any]
    paths: Mapping[str, tuple[str, ...]]
    """The keys that lead to `started`, `finished` and `size`; those that the vendor does not report are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a fault strikes, and which resources may then fail."""

    name: str
    kind: Kind
    path: str = ".*"
    """What the struck requests' paths look like; `{name}` stands for the id of the resource of that name."""
    hosts: tuple[str, ...] = ()
    """What is struck where a fault befalls hosts."""
    failing: tuple[str, ...] = ALL
    """The names of the resources that fail with it."""
    paged: bool = False
    """Whether what is asked for there comes in pages."""
    signed: Literal["", "static", "exchanged"] = "static"
    """What the requests there are signed with; nothing where the credential itself is exchanged."""
    method: str = "GET"
    keys: Mapping[str, Any] = field(default_factory=dict)
    """Configuration that this place needs."""
    excused: Mapping[str, str] = field(default_factory=dict)
    """By the fault's name: why it fails nothing here."""
    tries: Mapping[str, int] = field(default_factory=dict)
    """By the fault's name: how often one address may be asked, where that is not the usual number."""
    renewed: bool = False
    """Whether a token is renewed for a refusal that the simulator stages, which costs one more request."""

    def strikes(self, asked: Request) -> bool:
        """Return whether a request is struck."""
        return re.fullmatch(self.path, asked.path) is not None


def from_the_start(*hosts: str, signed: Literal["static", "exchanged"] = "static") -> Endpoint:
    """Return the place of faults that strike every request, in the first poll."""
    return Endpoint(name="everything, from the start", kind="start", hosts=hosts, signed=signed)


def whole_host(*hosts: str) -> Endpoint:
    """Return the place of faults that befall a host."""
    return Endpoint(name=f"the {' and '.join(hosts)} host", kind="host", hosts=hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The places where faults strike: the start, each host, each request of discovery, a resource's, a detail's."""

    endpoints: Sequence[Endpoint]
    """`from_the_start` first, then `whole_host` for each host, then one for each request of discovery and reading."""
    keys: Mapping[str, Any] = field(default_factory=dict)
    """Configuration that keeps the account small: one to three resources."""
    follows_links: bool = True
    """Whether the next page is asked for by a link from the answer, and not by a number or a cursor."""
    more_pages: Mapping[str, Any] = field(default_factory=dict)
    """What a page's body says when the same page follows again, where a link is not what says it; may be impossible."""
    token_calls: str = ""
    """The paths of the requests that are sent by POST, as a regular expression."""
    path_of: Callable[[str], str] = lambda identity: identity
    """What stands in a path for a resource's id."""
    further_ids: Callable[[Any], Mapping[str, str]] = lambda _account: {}
    """By name: what an account's paths hold beside its resources' ids."""
    bystander: str = ""
    """An account with one resource, named as the account, that is polled beside another vendor that is struck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The requests that `n` resources of one credential cost, as the vendor's page says; docs/scaling.md shows it."""

    poll: Callable[[int], int]
    discovery: Callable[[int], int]
    """Schedules, details and tokens among them."""
    assumed: str = ""
    """What is assumed of the account, in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """How the benchmarks watch the ready-made answers of `listings.py`."""

    options: Mapping[str, str]
    """The configuration's keys without which it is not valid, but for the addresses."""
    listing: str
    """The path of a resource's listing; `{key}` stands for the resource's own part of its id."""
    requests: int = 1
    """What a poll may cost a resource of 200 backups, one of which is new."""
    resources: int = 5
    """How many resources are watched to see that."""
    measures: Literal["", "polls", "arrivals"] = ""
    """What is measured with this vendor and no other: polls, memory and the start; answers that arrive in-process."""
    path: tuple[str, ...] = ()
    """The `path` of a resource, where arrivals are measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One vendor."""

    name: str = ""
    """The name of the provider, of its simulator, and of its folder here, from which it is taken."""
    account: str
    """The simulated account that stages a backup to follow, and that the faults strike."""
    staged: Staged
    day: Mapping[str, Day]
    """By the name of the account: every simulated account of the vendor."""
    record: Record
    urls: Mapping[str, str]
    """The configuration's keys of addresses, and the host that each leads to: a short name, such as `api`."""
    faults: Faults
    benchmark: Benchmark
    cost: Cost | None
    """None where a credential has one resource."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of its hosts."""
        return tuple(dict.fromkeys(self.urls.values()))

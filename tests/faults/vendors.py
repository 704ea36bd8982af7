"""The five vendors as the faults meet them: an account, how it is watched, and the places where a fault can strike."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

from exporter.demo.http import Account, Request, Story
from tests.faults.leaping import START

Kind = Literal["start", "token", "discovery", "subtree", "resource", "facts", "host"]
ALL = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a fault strikes, and which resources it may then make fail."""

    name: str
    kind: Kind
    path: str = ".*"
    """What the struck requests' paths look like."""
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

    def strikes(self, asked: Request) -> bool:
        """Tell whether a request is struck."""
        return re.fullmatch(self.path, asked.path) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One of the five."""

    name: str
    account: str
    urls: Mapping[str, str]
    """The configuration's URL keys and the host that each leads to."""
    endpoints: Sequence[Endpoint]
    keys: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of its hosts."""
        return tuple(dict.fromkeys(self.urls.values()))

    def open(self, start: float = START) -> Account:
        """Return a fresh account that counts no requests: what is refused here, the fault refuses."""
        accounts: Callable[[Story], Sequence[Account]]
        accounts = import_module(f"exporter.demo.vendors.{self.name}").accounts
        account: Any = next(one for one in accounts(Story(start=start)) if one.name == self.account)
        for window in ("_window", "_hour"):
            if hasattr(account, window):
                getattr(account, window).requests = 10**9
        opened: Account = account
        return opened


def _start(*hosts: str, signed: Literal["static", "exchanged"] = "static") -> Endpoint:
    return Endpoint(name="everything, from the start", kind="start", hosts=hosts, signed=signed)


def _host(*hosts: str) -> Endpoint:
    return Endpoint(name=f"the {' and '.join(hosts)} host", kind="host", hosts=hosts)


CLICKHOUSE = Vendor(
    name="clickhouse_cloud",
    account="analytics",
    urls={"base_url": "api"},
    keys={"include": ["orders", "billing", "search"]},
    endpoints=(
        _start("api"),
        _host("api"),
        Endpoint(name="organizations", kind="discovery", path="/v1/organizations"),
        Endpoint(name="services", kind="discovery", path="/v1/organizations/[^/]+/services"),
        Endpoint(name="one service's backups", kind="resource", path=".*/{orders}/backups", failing=("orders",)),
        Endpoint(name="its configuration", kind="facts", path=".*/{orders}/backupConfiguration", failing=("orders",)),
    ),
)
NORTHFLANK = Vendor(
    name="northflank",
    account="platform",
    urls={"base_url": "api"},
    keys={"include": ["payments/ledger-db", "payments/risk-db", "media/catalog"]},
    endpoints=(
        _start("api"),
        _host("api"),
        Endpoint(name="projects", kind="discovery", path="/v1/projects", paged=True),
        Endpoint(
            name="one project's addons",
            kind="subtree",
            path="/v1/projects/payments/addons",
            failing=("Ledger Db", "Risk Db"),
            paged=True,
        ),
        Endpoint(
            name="one addon's backups",
            kind="resource",
            path="/v1/projects/{Ledger Db}/backups",
            failing=("Ledger Db",),
            paged=True,
        ),
        Endpoint(
            name="its schedules",
            kind="facts",
            path="/v1/projects/{Ledger Db}/backup-schedules",
            failing=("Ledger Db",),
            paged=True,
        ),
        Endpoint(
            name="its restores",
            kind="facts",
            path="/v1/projects/{Ledger Db}/restores",
            failing=("Ledger Db",),
            paged=True,
        ),
    ),
)
SHOP = "storefront/postgresql"
SCALINGO = Vendor(
    name="scalingo",
    account="shop",
    urls={"auth_url": "auth", "api_url": "api", "db_api_url": "db-api"},
    keys={"include": [SHOP, "intranet/mongodb", "reports/*"]},
    endpoints=(
        _start("auth", "api", "db-api", signed="exchanged"),
        _host("auth"),
        _host("api"),
        _host("db-api"),
        Endpoint(name="token", kind="token", path="/v1/tokens/exchange", signed="", method="POST"),
        Endpoint(name="apps", kind="discovery", path="/v1/apps", signed="exchanged"),
        Endpoint(
            name="one app's addons",
            kind="subtree",
            path="/v1/apps/({app:storefront}|storefront)/addons",
            failing=(SHOP,),
            signed="exchanged",
        ),
        Endpoint(
            name="one addon's token",
            kind="facts",
            path="/v1/apps/[^/]+/addons/{storefront/postgresql}/token",
            failing=(SHOP,),
            signed="exchanged",
            method="POST",
        ),
        Endpoint(
            name="one addon's backups",
            kind="resource",
            path="/api/databases/{storefront/postgresql}/backups",
            failing=(SHOP,),
            signed="exchanged",
        ),
        Endpoint(
            name="its database",
            kind="facts",
            path="/api/databases/{storefront/postgresql}",
            failing=(SHOP,),
            signed="exchanged",
        ),
        Endpoint(
            name="a recovery window",
            kind="resource",
            path="/api/databases/{reports/postgresql-ng}/pitr/recovery_window",
            failing=("reports/postgresql-ng",),
            signed="exchanged",
        ),
    ),
)
BACKUPIFY = Vendor(
    name="backupify",
    account="workspace",
    urls={"base_url": "api"},
    keys={"include": ["101", "102", "201"]},
    endpoints=(
        _start("api", signed="exchanged"),
        _host("api"),
        Endpoint(name="token", kind="token", path="/oauth/token", signed="", method="POST"),
        Endpoint(name="customers", kind="discovery", path="/v1/customers", paged=True, signed="exchanged"),
        Endpoint(
            name="one customer's instances",
            kind="subtree",
            path="/v1/customers/7/backup_instances",
            failing=("Harbour School/101", "Harbour School/102"),
            paged=True,
            signed="exchanged",
        ),
        Endpoint(
            name="one instance's backups",
            kind="resource",
            path="/v1/backup_instances/101/backups",
            failing=("Harbour School/101",),
            paged=True,
            signed="exchanged",
        ),
        Endpoint(
            name="a single instance",
            kind="facts",
            path="/v1/backup_instances/101",
            failing=("101",),
            signed="exchanged",
            keys={"backup_instance_ids": ["101", "201"]},
        ),
    ),
)
SCHOLARLY = Vendor(
    name="scholarly",
    account="campus",
    urls={"base_url": "api"},
    endpoints=(
        _start("api"),
        _host("api"),
        Endpoint(name="institutions", kind="discovery", path="/api/v1/institutions", paged=True),
        Endpoint(name="backups", kind="resource", path="/api/v1/backups", paged=True),
    ),
)
VENDORS = (BACKUPIFY, CLICKHOUSE, NORTHFLANK, SCALINGO, SCHOLARLY)

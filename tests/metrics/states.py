"""States of the store whose exposition is kept in the golden files, each made by a function of its name."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from exporter.counters import Counters
from exporter.model import Backup, Details, RecoveryWindow, Resource, Restore, Status
from exporter.provider import Provider, RateLimit
from exporter.settings import Override, Source
from exporter.state.download_check import DownloadCheck
from exporter.state.listing import Listing, Page
from exporter.state.resource import ResourceStatus, UnreadableScope
from exporter.state.store import Store

NOW = 1_800_000_000.0
HOUR = 3600.0


class Clock:
    """Stands still until it is released."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def never_called(*_: Any) -> Any:
    raise AssertionError("the exposition asks no vendor")


def source(name: str, provider: str = "acme", **fields: Any) -> Source:
    limit = RateLimit(requests=1, per=1)
    stub = Provider(
        options=object,
        rate_limit=limit,
        scopes=never_called,
        resources=never_called,
        pages=never_called,
        backup=never_called,
        newest_first=True,
    )
    return Source(name=name, provider=stub, provider_name=provider, options=None, rate_limit=limit, **fields)


def thing(own: str, **fields: Any) -> ResourceStatus:
    details = fields.pop("details", None)
    resource = Resource(**{"id": own, "name": own.upper(), "kind": "postgresql", **fields})
    return ResourceStatus(resource=resource, first_seen=NOW - 1000 * HOUR, details=details, up=None)


def with_listing(
    resource_status: ResourceStatus, *backups: Backup, recovery: RecoveryWindow | None = None
) -> ResourceStatus:
    listing = Listing().merge_pages([Page(backups=backups, recovery=recovery)], whole=True)
    return replace(resource_status.update_listing(listing, sizes=True), up=True)


def backup(own: str, hours_ago: float | None, status: Status = Status.COMPLETED, **fields: Any) -> Backup:
    return Backup(id=own, status=status, started=None if hours_ago is None else NOW - hours_ago * HOUR, **fields)


def done(own: str, hours_ago: float, minutes: float, size: float | None, kind: str) -> Backup:
    return backup(own, hours_ago, finished=NOW - hours_ago * HOUR + 60 * minutes, size=size, kind=kind)


ORDERS = with_listing(
    thing(
        "shop/orders",
        state="running",
        created=NOW - 2000 * HOUR,
        details=Details(
            scheduled=True,
            interval=6 * HOUR,
            intervals={"full": 24 * HOUR, "incremental": 6 * HOUR},
            restore=Restore(started=NOW - 50.5 * HOUR, status=Status.FAILED),
        ),
    ),
    backup("12", 0.05, Status.IN_PROGRESS, kind="full", progress=12.5),
    backup("11", 0.02, Status.PENDING, kind="full"),
    backup("10", 0.1, Status.IN_PROGRESS, kind="full", progress=62.25),
    backup("9", 3, Status.FAILED, kind="incremental"),
    done("8", 6.5, 5.25, 2_000_000, "incremental"),
    done("7", 12, 20, 9_007_199_254_740_993, "full"),
    backup("6", 13, Status.FAILED, kind="full"),
    backup("5", 14, Status.CANCELLED, kind="full"),
    backup("4", 15, Status.UNSUPPORTED),
    backup("3", None, Status.UNKNOWN, unmapped="odd"),
    *(
        done(f"full-{format_number}", 24 + 24 * format_number, 10 + format_number, 1000 + format_number, "full")
        for format_number in range(4)
    ),
    *(
        done(f"incremental-{format_number}", 18 + 6 * format_number, 1, None, "incremental")
        for format_number in range(3)
    ),
)
DOWNLOADED = DownloadCheck().fail(NOW - 30 * HOUR, 20.5, "timeout").succeed(NOW - 6 * HOUR, 0.25)
PLAIN = with_listing(thing("plain", kind="institution", details=Details(scheduled=False)), done("1", 30, 2.5, 7, ""))
PLAIN = replace(PLAIN, download_check=DOWNLOADED)
WINDOW = with_listing(
    thing("window"), recovery=RecoveryWindow(kind="pitr", earliest=NOW - 168 * HOUR, latest=NOW - 0.25)
)
NEW = thing("new", kind="redis", paused=True)
FULL = source(
    "main",
    labels=(("squad", "data"),),
    max_age=26 * HOUR,
    overrides=(Override(pattern="shop/*", min_backups=4, min_retention=72 * HOUR, labels=(("tier", "1"),)),),
)


def record_poll(store: Store, name: str, **status: Any) -> Counters:
    """Note a first poll, well or badly, and what it asked for."""
    entry = store.entries[name]
    store.set_status(name, replace(entry.status, resources=len(entry.resources), duration=1.5, **status))
    store.count_poll(name, status.get("failure"))
    return entry.counters


def never_polled(_: Clock, store: Store) -> None:
    store.add_source(source("main"))


def good(_: Clock, store: Store) -> None:
    store.add_source(FULL)
    for resource_status in (ORDERS, PLAIN, WINDOW, NEW):
        store.put("main", resource_status)
    listed = {"listed_resources": 6, "matching_resources": 4}
    poll = {"up": True, "last_success": NOW - 2, "interval": 450.0, "limits": frozenset({"pages", "body"})}
    counters = record_poll(store, "main", **poll, **listed)
    for code, seconds in (("200", 0.05), ("200", 0.06), ("404", 0.4), ("none", 31.0)):
        counters.count_request(code, seconds)
    counters.count_throttled(2.25)
    counters.record_remaining(17)
    store.record_state_write(succeeded=True)


def good_then_failing(clock: Clock, store: Store) -> None:
    good(clock, store)
    clock.now += HOUR
    for resource_status in list(store.entries["main"].resources.values()):
        store.put("main", replace(resource_status, up=False, failure="timeout"))
    counters = record_poll(store, "main", up=False, failure="timeout", limits=frozenset())
    for _ in range(4):
        store.count_resource_failure("main", "timeout")
    counters.count_request("none", 20.0)
    store.record_reload(succeeded=False)
    store.record_state_write(succeeded=False)


def two_sources(_: Clock, store: Store) -> None:
    for name, provider in (("east", "acme"), ("west", "globex")):
        store.add_source(source(name, provider))
        store.put(name, PLAIN)
    record_poll(store, "east", up=True, last_success=NOW)
    record_poll(store, "west", up=False, failure="unauthorized")


def odd_labels(_: Clock, store: Store) -> None:
    odd = 'a "quoted" \\ back\\nslash\nand a new line, {braces} = ü'
    store.add_source(source("main", labels=(("note", odd),)))
    store.put("main", with_listing(thing("odd", name=odd, state=odd), backup("1", 1, kind=odd, size=3)))


def vanished(_: Clock, store: Store) -> None:
    store.add_source(source("main"))
    for resource_status in (PLAIN, ORDERS):
        store.put("main", resource_status)
    store.retain("main", ["plain"])
    record_poll(store, "main", up=True, last_success=NOW)


def known_further(_: Clock, store: Store) -> None:
    """What only some vendors report."""
    store.add_source(source("main"))
    details = Details(interval=24 * HOUR, intervals={"dump": 24 * HOUR}, retention=7 * 24 * HOUR)
    newest = done("2", 3, 5, 700, "")
    backups = replace(newest, failures=2, expires=NOW + 165 * HOUR), done("1", 27, 5, 600, "")
    recovery = RecoveryWindow(kind="pitr", earliest=NOW - 100 * HOUR, latest=NOW - 60, beside_backups=True)
    store.put("main", with_listing(thing("plain", details=details), *backups))
    store.put("main", with_listing(thing("window", details=details), *backups, recovery=recovery))
    closed = UnreadableScope(id="p1", name="closed", reason="forbidden")
    record_poll(store, "main", up=True, last_success=NOW, unreadable_scopes=(closed,))


STATES: dict[str, Callable[[Clock, Store], None]] = {
    state.__name__: state
    for state in (never_polled, good, good_then_failing, two_sources, odd_labels, vanished, known_further)
}

"""States of the board whose exposition is kept in the golden files, each made by a function of its name."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from exporter.knowledge.listing import Listing
from exporter.knowledge.state import Watched
from exporter.metrics.board import Board
from exporter.metrics.source_families import ExporterView
from exporter.model import Backup, Facts, Page, Recovery, Resource, Restore, Status
from exporter.provider import Provider, RateLimit
from exporter.settings import Override, Source
from exporter.transport.meter import Meter

NOW = 1_800_000_000.0
HOUR = 3600.0


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def unasked(*_: Any) -> Any:
    raise AssertionError("the exposition asks no vendor")


def source(name: str, provider: str = "acme", **fields: Any) -> Source:
    limit = RateLimit(requests=1, per=1)
    stub = Provider(
        options=object,
        rate_limit=limit,
        scopes=unasked,
        resources=unasked,
        pages=unasked,
        backup=unasked,
        newest_first=True,
    )
    return Source(name=name, provider=stub, provider_name=provider, options=None, rate_limit=limit, **fields)


def thing(own: str, **fields: Any) -> Watched:
    facts = fields.pop("facts", None)
    resource = Resource(**{"id": own, "name": own.upper(), "kind": "postgresql", **fields})
    return Watched(resource=resource, first_seen=NOW - 1000 * HOUR, facts=facts, up=None)


def listed(watched: Watched, *backups: Backup, recovery: Recovery | None = None) -> Watched:
    listing = Listing().after([Page(backups=backups, recovery=recovery)], whole=True)
    return replace(watched.listed(listing, sizes=True), up=True)


def made(own: str, hours_ago: float | None, status: Status = Status.COMPLETED, **fields: Any) -> Backup:
    return Backup(id=own, status=status, started=None if hours_ago is None else NOW - hours_ago * HOUR, **fields)


def done(own: str, hours_ago: float, minutes: float, size: float | None, kind: str) -> Backup:
    return made(own, hours_ago, finished=NOW - hours_ago * HOUR + 60 * minutes, size=size, kind=kind)


ORDERS = listed(
    thing(
        "shop/orders",
        state="running",
        created=NOW - 2000 * HOUR,
        facts=Facts(
            scheduled=True,
            interval=6 * HOUR,
            intervals={"full": 24 * HOUR, "incremental": 6 * HOUR},
            restore=Restore(started=NOW - 50.5 * HOUR, status=Status.FAILED),
        ),
    ),
    made("12", 0.05, Status.IN_PROGRESS, kind="full", progress=12.5),
    made("11", 0.02, Status.PENDING, kind="full"),
    made("10", 0.1, Status.IN_PROGRESS, kind="full", progress=62.25),
    made("9", 3, Status.FAILED, kind="incremental"),
    done("8", 6.5, 5.25, 2_000_000, "incremental"),
    done("7", 12, 20, 9_007_199_254_740_993, "full"),
    made("6", 13, Status.FAILED, kind="full"),
    made("5", 14, Status.CANCELLED, kind="full"),
    made("4", 15, Status.UNSUPPORTED),
    made("3", None, Status.UNKNOWN, unmapped="odd"),
    *(done(f"full-{number}", 24 + 24 * number, 10 + number, 1000 + number, "full") for number in range(4)),
    *(done(f"incremental-{number}", 18 + 6 * number, 1, None, "incremental") for number in range(3)),
)
PLAIN = listed(thing("plain", kind="institution", facts=Facts(scheduled=False)), done("1", 30, 2.5, 7, ""))
WINDOW = listed(thing("window"), recovery=Recovery(kind="pitr", earliest=NOW - 168 * HOUR, latest=NOW - 0.25))
NEW = thing("new", kind="redis", paused=True)
FULL = source(
    "main",
    labels=(("squad", "data"),),
    max_age=26 * HOUR,
    overrides=(Override(pattern="shop/*", min_backups=4, min_retention=72 * HOUR, labels=(("tier", "1"),)),),
)


def polled(board: Board, name: str, **status: Any) -> Meter:
    """Note a first poll, well or badly, and what it asked for."""
    entry = board.entries[name]
    board.note(name, replace(entry.status, resources=len(entry.watched), duration=1.5, **status))
    entry.meter.polls += 1
    return entry.meter


def never_polled(_: Clock, board: Board) -> None:
    board.open(source("main"), Meter())


def good(_: Clock, board: Board) -> None:
    board.open(FULL, Meter())
    for watched in (ORDERS, PLAIN, WINDOW, NEW):
        board.put("main", watched)
    meter = polled(board, "main", up=True, last_success=NOW - 2, interval=450.0, limits=frozenset({"pages", "body"}))
    for code, seconds in (("200", 0.05), ("200", 0.06), ("404", 0.4), ("none", 31.0)):
        meter.request(code, seconds)
    meter.throttled, meter.remaining = 2.25, 17
    board.exporter = replace(board.exporter, state_written=True)


def good_then_failing(clock: Clock, board: Board) -> None:
    good(clock, board)
    clock.now += HOUR
    for watched in list(board.entries["main"].watched.values()):
        board.put("main", replace(watched, up=False, failure="timeout"))
    meter = polled(board, "main", up=False, failure="timeout", limits=frozenset())
    meter.poll_failures["timeout"] += 1
    meter.resource_failures["timeout"] += 4
    meter.request("none", 20.0)
    board.exporter = ExporterView(reload_succeeded=False, reload_succeeded_at=NOW, state_written=False)


def two_sources(_: Clock, board: Board) -> None:
    for name, provider in (("east", "acme"), ("west", "globex")):
        board.open(source(name, provider), Meter())
        board.put(name, PLAIN)
    polled(board, "east", up=True, last_success=NOW)
    polled(board, "west", up=False, failure="unauthorized").poll_failures["unauthorized"] += 1


def odd_labels(_: Clock, board: Board) -> None:
    odd = 'a "quoted" \\ back\\nslash\nand a new line, {braces} = ü'
    board.open(source("main", labels=(("note", odd),)), Meter())
    board.put("main", listed(thing("odd", name=odd, state=odd), made("1", 1, kind=odd, size=3)))


def vanished(_: Clock, board: Board) -> None:
    board.open(source("main"), Meter())
    for watched in (PLAIN, ORDERS):
        board.put("main", watched)
    board.keep("main", ["plain"])
    polled(board, "main", up=True, last_success=NOW)


STATES: dict[str, Callable[[Clock, Board], None]] = {
    state.__name__: state for state in (never_polled, good, good_then_failing, two_sources, odd_labels, vanished)
}

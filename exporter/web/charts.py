"""Works out the geometry of the page's small pictures: pure functions from backups to coordinates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exporter.human import duration, size
from exporter.model import Backup, Status
from exporter.web.labels import write_time

WIDTH, HEIGHT, BASE = 960, 150, 128
NARROWEST = 3.0
LOWEST = 8.0
MAX_BARS = 400
MAX_POINTS = 30
MAX_SLOTS = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """One backup: its place is when, its width how long, its height how large."""

    x: float
    y: float
    width: float
    height: float
    status: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A label under the axis."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The listed backups of one resource over time."""

    bars: tuple[Bar, ...]
    slots: tuple[float, ...]
    ticks: tuple[Tick, ...]
    description: str
    width: int = WIDTH
    height: int = HEIGHT
    base: int = BASE


def draw_sizes(dated: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return the points of a sparkline in a box of 100 by 20, of backups' starts and sizes in their order."""
    if len(dated) < 3:
        return ()
    largest = max(amount for _, amount in dated) or 1.0
    step = 100 / (len(dated) - 1)
    return tuple((round(at * step, 1), round(19 - 18 * amount / largest, 1)) for at, (_, amount) in enumerate(dated))


def draw_backups(backups: Iterable[Backup], now: float, interval: float | None = None) -> Chart | None:
    """Return the chart of the newest backups up to now; None where none has a start.

    With an interval, the slots of a schedule are marked: counted back from the newest backup.
    """
    dated = sorted((one.started, one) for one in _date(backups))[-MAX_BARS:]
    if not dated:
        return None
    begin, end = dated[0][0] or 0.0, max(now, dated[-1][0] or now)
    scale = WIDTH / max(end - begin, 1.0)
    largest = max((one.size or 0.0 for _, one in dated), default=0.0)
    bars = tuple(_bar(one, begin, scale, largest, now) for _, one in dated)
    return Chart(
        bars=bars,
        slots=_slots(dated[-1][0] or now, begin, end, interval, scale),
        ticks=_ticks(begin, end),
        description=f"{len(bars)} backups from {write_time(begin)} to {write_time(end)}",
    )


def _date(backups: Iterable[Backup]) -> list["_Dated"]:
    return [_Dated(one) for one in backups if one.started is not None]


class _Dated:
    """A backup that sorts by its id where starts are equal."""

    def __init__(self, backup: Backup) -> None:
        self.backup, self.started = backup, backup.started or 0.0
        self.size, self.status = backup.size, backup.status

    def __lt__(self, other: "_Dated") -> bool:
        return self.backup.id < other.backup.id


def _bar(one: _Dated, begin: float, scale: float, largest: float, now: float) -> Bar:
    took = one.backup.duration
    if took is None and one.status is Status.IN_PROGRESS:
        took = max(0.0, now - one.started)
    width = max(NARROWEST, (took or 0.0) * scale)
    share = (one.size or 0.0) / largest if largest else 0.5
    height = LOWEST + (BASE - LOWEST - 6) * (share if one.size is not None or not largest else 0.25)
    x = min((one.started - begin) * scale, WIDTH - NARROWEST)
    return Bar(
        round(x, 1), round(BASE - height, 1), round(width, 1), round(height, 1), str(one.status), _title(one, took)
    )


def _title(one: _Dated, took: float | None) -> str:
    parts = [write_time(one.started), str(one.status), one.backup.kind]
    parts.append("" if took is None else duration(took))
    parts.append("" if one.size is None else size(one.size))
    return ", ".join(filter(None, parts))


def _slots(newest: float, begin: float, end: float, interval: float | None, scale: float) -> tuple[float, ...]:
    if not interval or (end - begin) / interval > MAX_SLOTS:
        return ()
    instants: list[float] = []
    at = newest + interval * int((end - newest) // interval)
    while at >= begin and len(instants) < MAX_SLOTS:
        instants.append(at)
        at -= interval
    return tuple(round((instant - begin) * scale, 1) for instant in reversed(instants))


def _ticks(begin: float, end: float) -> tuple[Tick, ...]:
    return (
        Tick(0, write_time(begin), "start"),
        Tick(WIDTH / 2, write_time((begin + end) / 2), "middle"),
        Tick(WIDTH, write_time(end), "end"),
    )

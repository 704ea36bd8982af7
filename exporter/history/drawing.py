"""Draws a resource's past: its age over the period against its limit, as numbers that the page's SVG is made of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporter.history.report import Period
from exporter.history.timeline import Timeline, find_start
from exporter.model import Backup, Status

WIDTH, HEIGHT = 960.0, 72.0
COLUMNS = 320
"""The period is drawn in so many parts: what is finer cannot be seen."""
HIGHEST = 6.0
"""What is older than so many limits is cut off, so that the rest can be seen."""
MARKED: Mapping[Status, str] = {Status.COMPLETED: "done", Status.FAILED: "failed", Status.CANCELLED: "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A timeline in units of the picture, as the paths of an SVG; the origin is at the top left."""

    areas: Mapping[str, str]
    """Of the ages within the limit (`good`) and beyond it (`late`)."""
    marks: Mapping[str, str]
    """Where backups started, by what became of them."""
    limit: float | None
    """How far down the limit's line is."""
    known: float
    """How far right the age begins to be known; WIDTH if it never is."""
    width: float = WIDTH
    height: float = HEIGHT


def draw(known: Timeline, period: Period) -> Drawing:
    """Return the picture of one resource's period."""
    since, until = period.since, max(period.until, period.since + 1)
    ages = list(_find_largest_ages(known, since, until))
    highest = max((age for _, age in ages), default=0.0)
    limit = known.limit or highest
    top = max(1.5 * limit, min(highest, HIGHEST * limit), 1.0)

    def right(instant: float) -> float:
        return round((instant - since) / (until - since) * WIDTH, 1)

    areas, marks = dict[str, str](), dict[str, str]()
    for column, age in ages:
        state = "late" if known.limit is not None and age > known.limit else "good"
        areas[state] = areas.get(state, "") + _draw_bar(column, min(age / top, 1.0))
    for place, word in sorted({(right(find_start(run)), word) for run, word in _mark(known, since, until)}):
        marks[word] = marks.get(word, "") + f"M{place:g} {HEIGHT + 3:g}v10"
    begin = known.known_since(since, until)
    return Drawing(
        areas=areas,
        marks=marks,
        limit=None if known.limit is None else round(HEIGHT - known.limit / top * HEIGHT, 1),
        known=WIDTH if begin is None else right(begin),
    )


def _draw_bar(column: int, share: float) -> str:
    """Return one part of the period as a piece of a path; `share` is that of the whole height."""
    width, height = WIDTH / COLUMNS, round(share * HEIGHT, 1)
    return f"M{column * width:g} {HEIGHT:g}v-{height:g}h{width:g}v{height:g}z"


def _find_largest_ages(known: Timeline, since: float, until: float) -> Iterator[tuple[int, float]]:
    for column in range(COLUMNS):
        begin, end = (since + (until - since) * edge / COLUMNS for edge in (column, column + 1))
        gap = known.longest_gap(begin, end)
        if gap is not None:
            yield column, gap.seconds


def _mark(known: Timeline, since: float, until: float) -> Iterator[tuple[Backup, str]]:
    for run in known.runs:
        if run.status in MARKED and since <= find_start(run) <= until:
            yield run, MARKED[run.status]

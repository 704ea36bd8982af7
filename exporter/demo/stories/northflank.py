"""What happens to the addons and volumes of a simulated Northflank: their schedules, and what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from exporter.demo.http import Story
from exporter.demo.timeline import Alteration, BackupPattern, Run, failing, lasting, until
from exporter.model import Status
from exporter.schedule import DAY, HOUR

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Plan:
    """One backup schedule of an addon or a volume, and what came of it."""

    kind: str
    interval: str
    first: float
    """The start of its run number 1."""
    size: int
    keep: float = 14 * DAY
    takes: float = 240.0
    alter: Alteration = lambda run: run

    def runs(self, now: float) -> list[Run]:
        """Return what has started and is kept at `now`, newest first."""
        every = {"hourly": HOUR, "daily": DAY, "weekly": 7 * DAY}[self.interval]
        pattern = BackupPattern(
            first=self.first, every=every, takes=self.takes, size=self.size, growth=0.001, alter=self.alter
        )
        return pattern.runs(now, self.keep)


@dataclass(frozen=True, slots=True)
class Addon:
    """One addon and all that happens to it."""

    project: str
    id: str
    type: str
    status: str = "running"
    plans: Sequence[Plan] = ()
    others: Sequence[tuple[str, Run]] = ()
    """Backups that no schedule made, each with its source type."""
    restores: Sequence[tuple[str, float]] = ()
    """How each restore ended, and when it began; each of the newest backup of the first plan."""


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume and all that happens to it."""

    project: str
    id: str
    status: str = "running"
    plans: Sequence[Plan] = ()


def addons(story: Story) -> Sequence[Addon]:
    """Return all addons: some well, one paused, one switched off, one on its way out; see also those below."""
    start = story.start
    manual = Run(number=0, start=start - 33 * DAY, end=start - 33 * DAY + 400, size=3 * GIB)
    queue = Plan("dump", "daily", start + 2 * HOUR, GIB // 4, keep=30 * DAY, alter=until(start - 9 * DAY))
    return (
        _ledger(story),
        Addon("payments", "queue", "redis", status="paused", plans=[queue]),
        _risk(start),
        _catalog(start),
        Addon("media", "thumbnails", "minio", others=[("sameAddon", manual)]),
        _uploads(story),
        Addon("media", "old-blog", "mysql", status="deleting"),
    )


def volumes(story: Story) -> Sequence[Volume]:
    """Return a volume that is well, one whose last snapshot failed, and one on its way out."""
    start = story.start
    nightly = Plan("snapshot", "daily", start + 3 * HOUR, 6 * GIB, keep=21 * DAY)
    weekly = Plan("snapshot", "weekly", start + 50 * HOUR, GIB, keep=90 * DAY, alter=failing(0))
    return (
        Volume("media", "originals", plans=[nightly]),
        Volume("media", "thumbnail-cache", plans=[weekly]),
        Volume("media", "old-scratch", status="deleting"),
    )


def _ledger(story: Story) -> Addon:
    """Return a database whose hourly dump suddenly has a tenth of its size; imports lie among its backups."""
    brief = 10 / story.speed
    dumps = Plan("dump", "hourly", story.at(45), 40 * GIB, keep=4 * DAY, takes=brief, alter=_shrink)
    snapshots = Plan("snapshot", "daily", story.start + 5 * HOUR, 2 * GIB, keep=12 * DAY, takes=brief)
    starts = (story.start - 600, story.start - 30 * DAY)
    imports = [("fileUpload", Run(number=0, start=start, end=start + 60, size=GIB)) for start in starts]
    return Addon("payments", "ledger-db", "postgresql", plans=[dumps, snapshots], others=imports)


def _risk(start: float) -> Addon:
    """Return a database whose dumps came to an end four days ago without a failure, while its snapshots go on."""
    dumps = Plan("dump", "daily", start + 23 * HOUR, 8 * GIB, alter=until(start - 4 * DAY))
    snapshots = Plan("snapshot", "daily", start + 18 * HOUR, GIB)
    return Addon("payments", "risk-db", "mysql", plans=[dumps, snapshots])


def _catalog(start: float) -> Addon:
    """Return a database with two schedules for its dumps, whose last restore failed."""
    daily = Plan("dump", "daily", start + 14 * HOUR, 12 * GIB, alter=failing(-4))
    weekly = Plan("dump", "weekly", start + 79 * HOUR, 12 * GIB, keep=56 * DAY, alter=_abort)
    restores = [("completed", start - 20 * DAY), ("failed", start - DAY)]
    return Addon("media", "catalog", "mongodb", plans=[daily, weekly], restores=restores)


def _uploads(story: Story) -> Addon:
    """Return a database whose dump can be seen running."""
    minute = 60 / story.speed
    dumps = Plan("dump", "daily", story.at(30), 90 * GIB, takes=minute, alter=lasting(1, minute))
    return Addon("media", "uploads", "postgresql", plans=[dumps])


def _abort(run: Run) -> Run:
    return replace(run, outcome=Status.CANCELLED) if run.number == -2 else run


def _shrink(run: Run) -> Run:
    return replace(run, size=run.size // 10) if run.number >= 1 else run

"""What happens to the databases of a simulated Scalingo account."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from exporter.demo.http import Story
from exporter.demo.timeline import Alteration, BackupPattern, Run, failing, until
from exporter.schedule import DAY, HOUR, MINUTE

GIGABYTE = 1_000_000_000
QUEUE = 5.0  # seconds from a backup's creation to its start


def fingerprint(text: str, length: int) -> str:
    """Return hexadecimal digits that are the same each time."""
    return sha256(text.encode()).hexdigest()[:length]


Runs = Callable[[float], Sequence[Run]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addon:
    """An addon of an app, and its backups as a function of time."""

    app: str
    technology: str
    runs: Runs = lambda _: ()
    hours: tuple[int, ...] = ()
    """The UTC hours of the periodic backups; none: they are switched off."""
    suspended: bool = False
    revoked: float = float("inf")
    """From when on the account may not see this database any more."""
    continuous: bool = False
    """Whether a PostgreSQL on shared resources has continuous backups beside the periodic ones."""
    id_length: int = 32
    """An id of this many digits: one that is absurdly long meets a cap of the exporter's."""

    @property
    def id(self) -> str:
        """The addon's id, by which the database API knows the database."""
        return f"ad-{fingerprint(f'{self.app}/{self.technology}', 32).ljust(self.id_length, '0')}"


def addons(story: Story) -> Sequence[Addon]:
    """Return steady databases, one without a schedule, a backup that is on its way, and one to be revoked."""
    on_demand = BackupPattern(
        first=story.start + 3 * DAY, every=9 * DAY, takes=6 * MINUTE, size=3 * GIGABYTE, kinds=("manual",)
    )
    staged = Run(number=1, start=story.at(30), end=story.at(100), size=11 * GIGABYTE, kind="manual")
    shop = _merge(_daily(story, 2, 3 * GIGABYTE, failing(-3)), lambda now: on_demand.runs(now, 40 * DAY))
    intranet = _merge(_daily(story, 3, 11 * GIGABYTE), lambda now: [staged] if staged.start - QUEUE <= now else [])
    wiki = _daily(story, 22, 2 * GIGABYTE)
    legacy = _daily(story, 1, 5 * GIGABYTE, until(story.start - 30 * DAY))
    return (
        Addon(app="storefront", technology="postgresql", runs=shop, hours=(2,)),
        Addon(app="storefront", technology="redis"),
        Addon(app="warehouse", technology="mysql", runs=_daily(story, 23, GIGABYTE), hours=(23,), revoked=story.at(50)),
        Addon(app="intranet", technology="mongodb", runs=intranet, hours=(3,)),
        Addon(app="intranet", technology="postgresql", runs=wiki, hours=(22,), continuous=True),
        Addon(app="intranet", technology="tcp-gateway"),
        Addon(app="intranet", technology="influxdb", id_length=300),
        Addon(app="reports", technology="postgresql-ng", hours=(1,)),
        Addon(app="legacy", technology="elasticsearch", runs=legacy, hours=(1,), suspended=True),
    )


def _daily(story: Story, hour: int, size: int, alter: Alteration = lambda run: run) -> Runs:
    """Return a backup a day at a UTC hour: those of a week are kept, and beyond it one a week and one a month."""
    first = story.start - story.start % DAY + hour * HOUR
    first += DAY if first <= story.start else 0
    pattern = BackupPattern(
        first=first, every=DAY, takes=8 * MINUTE, size=size, growth=0.002, kinds=("periodic",), alter=alter
    )

    def retain(run: Run, now: float) -> bool:
        day = datetime.fromtimestamp(run.start, UTC)
        age = now - run.start
        return age < 7 * DAY or (age < 56 * DAY and day.weekday() == 6) or day.day == 1

    return lambda now: [run for run in pattern.runs(now, 365 * DAY) if retain(run, now)]


def _merge(*parts: Runs) -> Runs:
    return lambda now: sorted((run for part in parts for run in part(now)), key=lambda run: run.start, reverse=True)

"""What happens to the services of a simulated ClickHouse Cloud: how each is backed up, and what goes wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import NAMESPACE_URL, uuid5

from exporter.demo.http import Story
from exporter.demo.timeline import Alteration, BackupPattern, Run, failing, lasting
from exporter.model import Status
from exporter.schedule import DAY, HOUR, MINUTE

CHAIN = ("full", *["incremental"] * 6)
GIB = 2**30
UNTIL_THE_END = 1000 * DAY
KEPT_IN_A_BUCKET = 21 * DAY


def identifier(what: str, name: str) -> str:
    """Return a UUID that is the same each time."""
    return str(uuid5(NAMESPACE_URL, f"simulated:clickhouse:{what}:{name}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service, how it is backed up, and for how many hours each backup is kept."""

    name: str
    pattern: BackupPattern
    retention: int = 24
    state: str = "running"
    warehouse: str = ""
    primary: bool = True
    own_schedule: bool = True
    external: BackupPattern | None = None
    """How it is backed up into a bucket of the customer's, beside the vendor's own backups."""

    @property
    def id(self) -> str:
        """Return the id, the same in each demo."""
        return identifier("service", self.name)

    def runs(self, now: float) -> list[Run]:
        """Return what the vendor keeps of its own at `now`, newest first."""
        keep = self.retention * HOUR
        late = self.pattern.every  # a run may have been moved away from its slot
        return [run for run in self.pattern.runs(now, keep + late) if run.start > now - keep]

    def external_runs(self, now: float) -> list[Run]:
        """Return what lies in the customer's bucket, where nothing is deleted but by the customer, newest first."""
        return [] if self.external is None else self.external.runs(now, KEPT_IN_A_BUCKET)

    def forgets(self, wanted: str, now: float) -> bool:
        """Return whether a backup of this id once was."""
        return any(self.backup_id(run) == wanted for run in self.pattern.runs(now, UNTIL_THE_END))

    def backup_id(self, run: Run, *, external: bool = False) -> str:
        """Return the id of a run."""
        return identifier("backup", f"{self.name}/{'bucket/' if external else ''}{run.number}")


def analytics(story: Story) -> Sequence[Service]:
    """Return services of which three are well: `orders`, `search`, and `archive`, which is stopped."""
    orders = Service(name="orders", pattern=frequent(story), retention=168)
    start = story.start
    stuck_since = start - 9 * HOUR
    sessions = BackupPattern(first=stuck_since + DAY, every=DAY, takes=20 * MINUTE, size=90 * GIB, kinds=CHAIN)
    billing = BackupPattern(first=start + 10 * HOUR, every=12 * HOUR, takes=5 * MINUTE, size=40 * GIB, kinds=CHAIN)
    archive = BackupPattern(first=start + 7 * HOUR, every=DAY, takes=30 * MINUTE, size=600 * GIB, kinds=CHAIN)
    search = BackupPattern(first=start + 3 * HOUR, every=DAY, takes=25 * MINUTE, size=2048 * GIB, kinds=("full",))
    bucket = replace(search, first=start + 5 * HOUR, every=8 * HOUR)
    return (
        orders,
        replace(orders, name="orders readers", warehouse="orders", primary=False),
        Service(name="clickstream", pattern=forget_service(story)),
        Service(name="billing", pattern=replace(billing, alter=failing(0, -1)), retention=96),
        Service(name="sessions", pattern=replace(sessions, alter=lasting(0, UNTIL_THE_END)), retention=168),
        Service(name="archive", pattern=replace(archive, alter=ending(-20)), retention=1080, state="stopped"),
        Service(name="search", pattern=search, retention=72, state="idle", external=bucket),
    )


def managed_postgres(story: Story) -> Sequence[Service]:
    """Return a Managed Postgres service that is well, a read replica of it, and one that is stopped."""
    daily = BackupPattern(first=story.start + 4 * HOUR, every=DAY, takes=6 * MINUTE, size=30 * GIB, kinds=("full",))
    accounts = Service(name="accounts", pattern=daily, retention=168)
    return (
        accounts,
        replace(accounts, name="accounts replica", primary=False),
        Service(name="sandbox", pattern=replace(daily, alter=ending(-2)), retention=168, state="stopped"),
    )


def staging(story: Story) -> Sequence[Service]:
    """Return the one service of an organization in the cheapest tier, where the schedule is not one's own."""
    pattern = BackupPattern(first=story.start + 19 * HOUR, every=DAY, takes=3 * MINUTE, size=GIB, kinds=CHAIN)
    return (Service(name="playground", pattern=pattern, own_schedule=False),)


def frequent(story: Story) -> BackupPattern:
    """Return a pattern that is never late, with one run that a user can watch from start to end."""
    begins, ends = story.at(20), story.at(80)
    every = BackupPattern(first=begins, every=6 * HOUR, takes=65, size=120 * GIB, kinds=CHAIN)
    return replace(every, alter=lasting(1, ends - begins))


def forget_service(story: Story) -> BackupPattern:
    """Return a pattern whose next run fails shortly before the last success is a day old and drops out of the list."""

    def alter(run: Run) -> Run:
        if run.number == 0:
            late = story.at(60) - DAY
            return replace(run, start=late, end=late + run.end - run.start)
        return replace(run, end=story.at(42), outcome=Status.FAILED) if run.number == 1 else run

    return BackupPattern(first=story.at(40), every=DAY, takes=4 * MINUTE, size=300 * GIB, kinds=CHAIN, alter=alter)


def ending(number: int) -> Alteration:
    """Return a change that drops all runs after this number."""
    return lambda run: run if run.number <= number else None


def outage(story: Story) -> Callable[[float], bool]:
    """Return what says whether a minute has come, the second of every ten, in which nothing works."""

    def down(now: float) -> bool:
        elapsed = (now - story.start) * story.speed
        return elapsed >= MINUTE and elapsed % (10 * MINUTE) // MINUTE == 1

    return down

"""The verdicts on one source and its resources: taken anew when something is read, or when their time has come."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf

from exporter.human import duration
from exporter.settings import Policy
from exporter.state.case import is_stale
from exporter.state.observations import DAY
from exporter.state.observe import observe, shift
from exporter.state.problem import WARNING, Problem, Standing
from exporter.state.problems import NOTHING_STANDS, Verdict, judge
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.source_problems import judge_source

PolicyOf = Callable[[ResourceStatus], Policy]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disappeared:
    """A resource that a complete discovery no longer has; it is reported for a day."""

    name: str
    policy: Policy
    since: float

    @property
    def until(self) -> float:
        """When it is no longer reported."""
        return self.since + DAY

    def verdict(self, now: float) -> Verdict:
        """Return what is wrong with it."""
        text = f"It has been missing from the vendor's complete listing for {duration(now - self.since)}."
        problem = Problem("disappeared", WARNING, text, since=self.since, until=self.until)
        if problem.word in self.policy.ignore:
            return Verdict(ignored=(problem,), due=self.until)
        return Verdict(problems=(problem,), state=WARNING.value, due=self.until)


class SourceVerdicts:
    """What is wrong with one source and with each of its resources; the Store's, which alone changes it."""

    def __init__(self, ignore: frozenset[str]) -> None:
        """Nothing is judged yet; `ignore` are the words that are no problem of the source."""
        self.ignore = ignore
        self.source = Verdict()
        self.resources: dict[str, Verdict] = {}
        self.disappeared: dict[str, Disappeared] = {}
        self.restored: dict[str, Standing] = {}
        """The problems of resources before a restart, until they are judged for the first time."""
        self._stale = False
        self._due = inf
        """No verdict on a resource is due before."""

    def judge_source(self, status: SourceStatus, now: float) -> None:
        """Take the verdict on the source anew."""
        self.source = judge_source(status, self.ignore, now, standing=self.source.standing)

    def put(
        self, before: ResourceStatus | None, status: ResourceStatus, policy: Policy, source: SourceStatus, now: float
    ) -> ResourceStatus:
        """Take the verdict on a resource that was just read; return it with what is observed of it."""
        key = status.resource.id
        if before is not None and before.first_seen != status.first_seen:
            before = None  # another thing under an old name
            standing = NOTHING_STANDS
        else:
            standing = self._standing(key)
        seen = observe(before, status, policy, now, source=source, standing=standing)
        status = status if seen is status.observed else replace(status, observed=seen)
        self._set(key, judge(status, policy, now, source=source, standing=standing))
        self.disappeared.pop(key, None)
        return status

    def remove(self, key: str) -> None:
        """Forget a resource that is no longer there."""
        self.resources.pop(key, None)
        self.restored.pop(key, None)

    def refresh(
        self, statuses: Mapping[str, ResourceStatus], policy_of: PolicyOf, source: SourceStatus, now: float
    ) -> list[str]:
        """Take the verdicts anew that time alone may have changed; return the resources of which it did."""
        if self.source.due <= now:
            self.judge_source(source, now)
        self.disappeared = {key: one for key, one in self.disappeared.items() if now < one.until}
        stale = is_stale(source, now)
        if stale is not self._stale:
            self._stale, due = stale, list(statuses)
        elif self._due <= now:
            due = [key for key, verdict in self.resources.items() if verdict.due <= now]
        else:
            return []
        self._due = inf
        changed = self.judge(due, statuses, policy_of, source, now)
        self._due = min((verdict.due for verdict in self.resources.values()), default=inf)
        return due if stale else changed

    def judge(
        self,
        keys: Iterable[str],
        statuses: Mapping[str, ResourceStatus],
        policy_of: PolicyOf,
        source: SourceStatus,
        now: float,
    ) -> list[str]:
        """Take some verdicts anew; return the resources of which it is another."""
        changed = []
        for key in keys:
            before = self.resources[key]
            self._set(key, self.now_on(statuses[key], policy_of(statuses[key]), source, now))
            if outline(before) != outline(self.resources[key]):
                changed.append(key)
        return changed

    def now_on(self, status: ResourceStatus, policy: Policy, source: SourceStatus, now: float) -> Verdict:
        """Return the verdict on a resource as of now, with the numbers of now in its texts."""
        return judge(status, policy, now, source=source, standing=self._standing(status.resource.id))

    def _standing(self, key: str) -> Standing:
        verdict = self.resources.get(key)
        if verdict is not None:
            return verdict.standing
        return self.restored.get(key, NOTHING_STANDS)

    def _set(self, key: str, verdict: Verdict) -> None:
        self.restored.pop(key, None)
        self.resources[key] = verdict
        self._due = min(self._due, verdict.due)


def outline(verdict: Verdict) -> tuple[object, ...]:
    """Return what the metrics show of a verdict."""
    return verdict.state, tuple((one.word, one.kind, one.severity) for one in verdict.problems)


def shifted(status: ResourceStatus, by: float) -> ResourceStatus:
    """Return a resource whose observations are on a clock that was set by so many seconds."""
    return replace(status, observed=shift(status.observed, by))

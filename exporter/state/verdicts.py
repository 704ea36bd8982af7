"""The verdicts on one source and its resources, judged when something is read or when a verdict is due."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf

from exporter.human import duration
from exporter.model import Resource
from exporter.schedule import DAY
from exporter.settings import Policy, Source
from exporter.state.observations import UNOBSERVED_SOURCE, SourceObservations
from exporter.state.observe import observe, shift
from exporter.state.problem import WARNING, Problem, Standing
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.resource_verdict import NOTHING_STANDS, Verdict, judge
from exporter.state.source_verdict import judge_source
from exporter.state.steady_clock import Jump
from exporter.state.verdict_inputs import is_fresh, is_stale
from exporter.state.view import ResourceView


@dataclass(frozen=True, slots=True, kw_only=True)
class DisappearedResource:
    """A resource that a complete discovery no longer has; it is reported for a day."""

    name: str
    policy: Policy = field(default_factory=Policy)
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

    def view(self, id_: str, now: float) -> ResourceView:
        """Return it as a resource of which nothing but its problem is known."""
        status = ResourceStatus(resource=Resource(id=id_, name=self.name, kind=""), first_seen=self.since)
        return ResourceView(status=status, policy=self.policy, verdict=self.verdict(now))


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredSource:
    """What a state file held of a source itself."""

    provider: str
    observed: SourceObservations = UNOBSERVED_SOURCE
    problems: tuple[Problem, ...] = ()
    disappeared: Mapping[str, DisappearedResource] = field(default_factory=dict)
    options: str | None = None
    """The digest of its options."""


class SourceVerdicts:
    """The verdicts on one source and on each of its resources; only the store changes them."""

    def __init__(self, source: Source) -> None:
        """Start without a verdict."""
        self.source = source
        self.verdict = Verdict()
        """The one on the source itself."""
        self.views: dict[str, ResourceView] = {}
        self.disappeared: dict[str, DisappearedResource] = {}
        self._policies: dict[Policy, Policy] = {}
        """One object for all resources with the same policy."""
        self._stale = False
        self._due = inf
        """No verdict on a resource is due before."""

    def restore(self, verdict: Verdict, disappeared: Mapping[str, DisappearedResource]) -> None:
        """Continue from the verdicts before a restart or a reload."""
        self.verdict = verdict
        self.disappeared.update(
            (key, replace(one, policy=self.source.policy(key, one.name)))
            for key, one in disappeared.items()
            if self.source.watches(key, one.name)
        )

    def judge_source(self, status: SourceStatus, now: float) -> None:
        """Judge the source again."""
        self.verdict = self.source_at(status, now)

    def source_at(self, status: SourceStatus, now: float) -> Verdict:
        """Return the verdict on the source as of now."""
        return judge_source(status, self.source.ignore, now, standing=self.verdict.standing)

    def judge(self, status: ResourceStatus, polling: SourceStatus, now: float) -> ResourceView:
        """Return the view of a resource that was just read, with what is observed of it; nothing is changed yet."""
        before, standing = self._previous(status)
        if status.restored and status.resource.id not in self.views:
            status = replace(status, restored=())
        if before is not None and (
            status.observed is not before.observed or status.first_seen != before.first_seen
        ):  # the clock was set while it was read
            status = replace(status, observed=before.observed, first_seen=before.first_seen)
        policy = self._policy_of(status.resource)
        seen = observe(before, status, policy, now, source=polling, standing=standing)
        status = status if seen is status.observed else replace(status, observed=seen)
        return _view(status, policy, polling, now, standing)

    def _previous(self, status: ResourceStatus) -> tuple[ResourceStatus | None, Standing]:
        """Return the status at a resource's last verdict, and the problems of that verdict.

        Before the first verdict there is no status, and the problems are those before the restart. Another thing under
        an old name has neither.
        """
        view = self.views.get(status.resource.id)
        if view is None:
            return None, {one.key: one for one in status.restored}
        if view.status.first_seen != status.first_seen and status.summary is None:
            return None, NOTHING_STANDS
        return view.status, view.verdict.standing

    def _policy_of(self, resource: Resource) -> Policy:
        """Return the policy of a resource; resources with equal policies share one object."""
        view = self.views.get(resource.id)
        if view is not None and view.status.resource == resource:
            return view.policy
        policy = self.source.policy(resource.id, resource.name)
        return self._policies.setdefault(policy, policy)

    def set(self, view: ResourceView) -> None:
        """Replace the view of a resource."""
        key = view.status.resource.id
        self.views[key] = view
        self.disappeared.pop(key, None)
        self._due = min(self._due, view.verdict.due)

    def remove(self, key: str, disappeared: float | None = None) -> None:
        """Forget a resource that is no longer there; report it if it `disappeared` at that time and was not paused."""
        view = self.views.pop(key, None)
        if view is not None and disappeared is not None and view.verdict.state != "paused":
            name = view.status.resource.name
            self.disappeared[key] = DisappearedResource(name=name, policy=view.policy, since=disappeared)

    def judge_due(self, polling: SourceStatus, now: float) -> Iterator[tuple[ResourceView, ResourceView]]:
        """Judge again what time alone may have changed; yield the views of resources, before and after.

        Each is replaced when the next one is asked for.
        """
        if self.verdict.due <= now:
            self.judge_source(polling, now)
        if self.disappeared:
            for key in [key for key, one in self.disappeared.items() if now >= one.until]:
                del self.disappeared[key]
        stale = is_stale(polling, now)
        if stale is self._stale and now < self._due:
            return
        due = list(self.views.values())
        if stale is self._stale:
            due = [view for view in due if view.verdict.due <= now]
        self._stale = stale
        yield from self._rejudge(due, polling, now)
        self._due = min((view.verdict.due for view in self.views.values()), default=inf)

    def judge_all(self, polling: SourceStatus, now: float) -> Iterator[tuple[ResourceView, ResourceView]]:
        """Judge all again after a poll that ended a long silence; yield views as `judge_due` does.

        What that poll read was judged while the poll before it was still the newest, and so as stale.
        """
        self._stale = is_stale(polling, now)
        yield from self._rejudge(list(self.views.values()), polling, now)

    def judge_unsettled(self, polling: SourceStatus, now: float) -> Iterator[tuple[ResourceView, ResourceView]]:
        """Judge again the resources whose verdict depends on the source's polling; yield views as `judge_due` does."""
        views = [view for view in self.views.values() if view.status.up is False or _has_progress(view.status)]
        yield from self._rejudge(views, polling, now)

    def _rejudge(
        self, views: Iterable[ResourceView], polling: SourceStatus, now: float
    ) -> Iterator[tuple[ResourceView, ResourceView]]:
        """Judge some resources again; yield the views before and after."""
        for before in views:
            after = refresh_view(before, polling, now)
            yield before, after
            self.set(after)

    def shift(self, jump: Jump) -> None:
        """Move what was timed to a clock that has been set."""
        self.verdict = self.verdict.shift(jump)
        for key, view in self.views.items():
            status = view.status
            status = replace(status, first_seen=jump.move(status.first_seen), observed=shift(status.observed, jump))
            self.views[key] = replace(view, status=status, verdict=view.verdict.shift(jump))
        for key, one in self.disappeared.items():
            self.disappeared[key] = replace(one, since=jump.move(one.since))
        self._due = -inf


def refresh_view(view: ResourceView, polling: SourceStatus, now: float) -> ResourceView:
    """Return a view as of now, with the numbers of now in the texts of its verdict."""
    return _view(view.status, view.policy, polling, now, view.verdict.standing)


def exposed_verdict(view: ResourceView) -> tuple[object, ...]:
    """Return what the metrics show of a verdict."""
    problems = view.verdict.problems
    if not problems:
        return view.up, view.verdict.state
    return view.up, view.verdict.state, *((one.word, one.kind, one.severity) for one in problems)


def _has_progress(status: ResourceStatus) -> bool:
    return status.summary is not None and status.summary.progress is not None


def _view(
    status: ResourceStatus, policy: Policy, polling: SourceStatus, now: float, standing: Standing
) -> ResourceView:
    verdict = judge(status, policy, now, source=polling, standing=standing)
    up = None if status.up is None else is_fresh(status, polling, now)
    return ResourceView(status=status, policy=policy, verdict=verdict, up=up)

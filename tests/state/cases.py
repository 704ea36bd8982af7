"""Resources and sources put together for a verdict, all times given as seconds before `NOW`."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from exporter.model import Details, Resource
from exporter.settings import Policy
from exporter.state.observations import Observations
from exporter.state.problem import Problem, Standing
from exporter.state.resource import ResourceStatus, SourceStatus
from exporter.state.resource_verdict import NOTHING_STANDS, judge
from exporter.state.summary import Summary

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86400.0

ABSENT = Summary(
    last_success=None,
    last_success_by_kind={},
    last_size={},
    last_duration={},
    typical_size={},
    typical_duration={},
    last_attempt=None,
    last_failure=None,
    last_finished=None,
    failures=None,
    failures_by_kind={},
    counts={},
    stored_bytes=None,
    oldest_success=None,
    running=None,
    running_since=None,
    progress=None,
)
INSTANTS = frozenset(("last_success", "last_attempt", "last_failure", "oldest_success", "running_since", "future"))
UP = SourceStatus(configured_interval=300.0, interval=300.0, up=True, last_success=NOW, polled_at=NOW)
OFF_LIMITS = Policy(max_age=1e9)
"""A limit that nothing here reaches, so that only the word in question is judged."""


def ago(seconds: float) -> float:
    return NOW - seconds


def summary(**given: Any) -> Summary:
    """Return a summary; what is an instant is given in seconds before now."""
    own: dict[str, Any] = {
        name: ago(value) if name in INSTANTS and value is not None else value for name, value in given.items()
    }
    if "last_success_by_kind" in own:
        own["last_success_by_kind"] = {kind: ago(seconds) for kind, seconds in own["last_success_by_kind"].items()}
    return replace(ABSENT, **own)


def status(
    *,
    up: bool | None = True,
    created: float | None = None,
    first_seen: float = 0.0,
    failure: str | None = None,
    details: Details | None = None,
    paused: bool = False,
    observed: Observations | None = None,
    **given: Any,
) -> ResourceStatus:
    """Return a resource; what is no field of its own is one of its summary's."""
    others = {name: given.pop(name) for name in ("unreadable_records", "download_check") if name in given}
    resource = Resource(
        id="r", name="R", kind="postgresql", created=None if created is None else ago(created), paused=paused
    )
    return ResourceStatus(
        resource=resource,
        first_seen=ago(first_seen),
        details=details,
        summary=summary(**given) if given else None,
        up=up,
        failure=failure,
        observed=Observations() if observed is None else observed,
        **others,
    )


def find_problems(
    status: ResourceStatus,
    policy: Policy = OFF_LIMITS,
    *,
    now: float = NOW,
    source: SourceStatus | None = None,
    standing: Standing = NOTHING_STANDS,
) -> set[str]:
    """Return the words of a verdict, with their kinds and the severities that are not a warning."""
    if source is None:  # where the source is down too, its resources are not `unreadable`
        source = replace(UP, up=False) if status.up is False else UP
    return name_problems(judge(status, policy, now, source=source, standing=standing).problems)


def name_problems(problems: tuple[Problem, ...]) -> set[str]:
    return {
        " ".join(filter(None, (one.word, one.kind, one.limit, "" if one.severity == "warning" else one.severity.value)))
        for one in problems
    }


def standing(*problems: Problem) -> Mapping[tuple[str, str, str], Problem]:
    return {one.key: one for one in problems}


assert {one.name for one in fields(Summary)} >= INSTANTS

"""Decides which kinds of backups of a resource are judged by themselves, and by which interval."""

from collections.abc import Mapping, Sequence

from exporter.model import Details, KindGroup
from exporter.state.summary import Summary


def scheduled_intervals(details: Details | None, summary: Summary | None) -> Mapping[str, float]:
    """Return the interval of each kind that has one."""
    if details is None:
        return {}
    windows = summary.window_intervals if summary is not None else {}
    if not windows and not details.groups:
        return details.intervals
    return {**details.intervals, **windows, **_intervals_of_groups(details.groups, summary)}


def judged_intervals(details: Details | None, summary: Summary | None) -> Mapping[str, float]:
    """Return the interval of each kind that has an age limit of its own.

    Where no record names a kind, a limit of a kind could never be kept: then only a recovery window has one.
    """
    if details is None or summary is None:
        return {}
    intervals = scheduled_intervals(details, summary)
    if summary.kinds:
        return intervals
    return {kind: interval for kind, interval in intervals.items() if kind in summary.windows}


def _intervals_of_groups(groups: Sequence[KindGroup], summary: Summary | None) -> Mapping[str, float]:
    """Return an interval for each group, under the kind of its newest success; none where all is of one group."""
    present = [group for group in groups if summary is not None and summary.kinds.intersection(group.kinds)]
    if summary is None or len(present) < 2:
        return {}
    return {_newest_kind(group, summary): group.interval for group in present}


def _newest_kind(group: KindGroup, summary: Summary) -> str:
    named = [kind for kind in group.kinds if kind in summary.kinds]
    return max(named, key=lambda kind: summary.last_success_by_kind.get(kind, float("-inf")))

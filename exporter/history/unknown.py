"""Writes in sentences what a report cannot know of a resource."""

from collections.abc import Collection, Iterator, Sequence

from exporter.history.instants import format_iso
from exporter.history.timeline import Timeline
from exporter.human import duration
from exporter.model import Backup, Status
from exporter.state.resource import ResourceStatus


def explain_unknown(
    resource_status: ResourceStatus, known: Timeline, since: float, until: float, now: float
) -> Iterator[str]:
    """Yield what cannot be known of one resource in a period, each in one sentence."""
    if resource_status.failure is not None:
        yield f"The resource could not be read ({resource_status.failure}); what is not listed here is not known."
    if resource_status.listing is None:
        yield "Its list of backups could not be read, so the period cannot be judged."
        return
    if known.window is not None:
        yield "The vendor keeps a window for point-in-time recovery, so the age at a past instant is not known."
    else:
        yield from _explain_age(known, since, until, now)
    yield from _explain_list(known.listed, now)
    restore = resource_status.details.restore if resource_status.details is not None else None
    if restore is not None and restore.started > until:
        yield "The last restore began after the period; the ones before it are not known."


def explain_unlisted_failures(statuses: Collection[Status]) -> Iterator[str]:
    """Yield what cannot be known where a backup of the vendor cannot have every status."""
    if Status.FAILED not in statuses:
        yield "The vendor lists no failed backups, so failures are not known; only the age shows them."


def _explain_age(known: Timeline, since: float, until: float, now: float) -> Iterator[str]:
    if known.limit is None:
        yield "No age limit is configured or can be derived, so the age cannot be judged."
    if known.begin is None:
        yield "No completed backup is known, so the age is not known at any time."
    elif known.begin > until:
        first = format_iso(known.begin)
        yield f"The period ends before the first completed backup that is known, which finished at {first}."
    elif known.begin > since:
        yield _explain_beginning(known, known.begin, since, now)
    attainment = known.attainment(since, until)
    if attainment is not None and attainment < 1:
        yield "A backup that the vendor has deleted is not seen, so a gap may be one that deletion left."


def _explain_beginning(known: Timeline, begin: float, since: float, now: float) -> str:
    if known.created is not None and since <= known.created <= begin:
        return f"The resource was created at {format_iso(known.created)}; its age is known from {format_iso(begin)} on."
    if known.listed_from is None:
        return f"The vendor lists no backup any more; history before {format_iso(begin)} is not known."
    return f"The vendor lists {duration(now - known.listed_from)}; history before {format_iso(begin)} is not known."


def _explain_list(backups: Sequence[Backup], now: float) -> Iterator[str]:
    if undated := sum(backup.started is None for backup in backups):
        yield f"{_some(undated)} without a usable start; counted nowhere."
    if early := sum(backup.started is not None and backup.started > now for backup in backups):
        yield f"{_some(early)} with a start in the future; not counted before that time."
    completed = [backup for backup in backups if backup.status is Status.COMPLETED]
    if completed and all(run.finished is None for run in completed):
        yield "The vendor gives no finish, so a backup counts from its start and has no duration."
    if completed and all(run.size is None for run in completed):
        yield "The vendor gives no sizes."
    yield from _explain_words(backups)


def _explain_words(backups: Sequence[Backup]) -> Iterator[str]:
    if odd := sum(backup.status is Status.UNKNOWN for backup in backups):
        yield f"{_some(odd)} with a status that is not understood; counted nowhere."


def _some(count: int) -> str:
    return "The vendor lists 1 backup" if count == 1 else f"The vendor lists {count} backups"

"""Which kinds of backups are judged by themselves."""

from dataclasses import replace

import pytest

from exporter.model import Backup, Details, KindGroup, RecoveryWindow, Resource, Status
from exporter.state.listing import Listing, Page
from exporter.state.resource import ResourceStatus

DAY = 86400.0
NOW = 1_800_000_000.0
OWN, EXTERNAL = ("full", "incremental"), ("full_external", "incremental_external")
GROUPS = (KindGroup(kinds=OWN, interval=DAY), KindGroup(kinds=EXTERNAL, interval=DAY / 4))
BOTH = {"incremental": DAY, "full_external": DAY / 4}
SCHEDULED = Details(interval=DAY, intervals={"dump": DAY, "snapshot": 7 * DAY})


def backup(kind: str, days_ago: float, status: Status = Status.COMPLETED) -> Backup:
    return Backup(id=f"{kind}-{days_ago}-{status}", status=status, started=NOW - days_ago * DAY, kind=kind)


def resource_status(
    details: Details | None, *backups: Backup, recovery: RecoveryWindow | None = None
) -> ResourceStatus:
    known = ResourceStatus(resource=Resource(id="r", name="r", kind="any"), first_seen=0.0, details=details)
    return known.update_listing(
        Listing().merge_pages([Page(backups=backups, recovery=recovery)], whole=True), sizes=True
    )


def test_each_scheduled_kind_has_a_limit_if_any_record_names_a_kind() -> None:
    assert resource_status(SCHEDULED, backup("dump", 1), backup("", 2)).judged_intervals == {
        "dump": DAY,
        "snapshot": 7 * DAY,
    }
    assert resource_status(SCHEDULED, backup("manual", 1, Status.FAILED)).judged_intervals.keys() == {
        "dump",
        "snapshot",
    }


@pytest.mark.parametrize("backups", [(), (backup("", 1), backup("", 2, Status.FAILED))], ids=["no record", "no kind"])
def test_no_kind_has_a_limit_where_no_record_names_one(backups: tuple[Backup, ...]) -> None:
    found = resource_status(SCHEDULED, *backups)

    assert found.judged_intervals == {}
    assert found.scheduled_intervals == SCHEDULED.intervals


def test_a_kind_that_only_the_memory_knows_still_has_a_limit() -> None:
    before = resource_status(SCHEDULED, backup("dump", 1))
    forgotten = before.update_listing(Listing(), sizes=True)

    assert forgotten.judged_intervals == SCHEDULED.intervals
    assert ResourceStatus(resource=before.resource, first_seen=0.0, details=SCHEDULED).judged_intervals == {}


def test_a_recovery_window_has_its_limit_and_lends_none_to_kinds_that_no_record_names() -> None:
    details = Details(interval=DAY / 2, intervals={"periodic": DAY, "pitr": DAY / 2})
    window = RecoveryWindow(kind="pitr", earliest=NOW - DAY, latest=NOW, beside_backups=True)
    unnamed = resource_status(details, backup("", 1), recovery=window)

    assert unnamed.judged_intervals == {"pitr": DAY / 2}
    assert resource_status(details, recovery=replace(window, latest=None)).judged_intervals == {"pitr": DAY / 2}
    assert resource_status(details, backup("manual", 1), recovery=window).judged_intervals == details.intervals
    assert replace(unnamed, listing=None).judged_intervals == {"pitr": DAY / 2}


def test_a_window_may_bring_its_interval_itself() -> None:
    window = RecoveryWindow(kind="pitr", latest=NOW, interval=DAY / 2, beside_backups=True)
    details = Details(interval=DAY, intervals={"periodic": DAY})

    assert resource_status(details, backup("", 1), recovery=window).judged_intervals == {"pitr": DAY / 2}
    found = resource_status(details, backup("periodic", 1), recovery=window)
    assert found.judged_intervals == found.scheduled_intervals == {"periodic": DAY, "pitr": DAY / 2}
    assert resource_status(Details(scheduled=False), recovery=window).judged_intervals == {"pitr": DAY / 2}


@pytest.mark.parametrize(
    ("backups", "judged"),
    [
        ([backup("full", 1), backup("incremental", 2)], {}),
        ([backup("full_external", 1), backup("incremental_external", 2)], {}),
        ([backup("full", 9), backup("full_external", 1)], {"full": DAY, "full_external": DAY / 4}),
        ([backup("full", 9), backup("incremental", 8), backup("full_external", 1)], BOTH),
        (
            [backup("full", 7), backup("incremental", 8), backup("full_external", 1)],
            {"full": DAY, "full_external": DAY / 4},
        ),
        ([backup("incremental", 1), backup("full_external", 1, Status.FAILED)], BOTH),
        ([backup("incremental", 1), backup("", 1), backup("pitr", 1)], {}),
    ],
)  # fmt: skip
def test_each_sort_is_judged_under_the_kind_of_its_newest_success(
    backups: list[Backup], judged: dict[str, float]
) -> None:
    found = resource_status(Details(interval=DAY, groups=GROUPS), *backups)

    assert found.judged_intervals == judged
    assert found.scheduled_intervals == judged

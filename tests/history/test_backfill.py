from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.history.backfill import BackfillPlan, make_plan, write
from exporter.history.files import MARK, UnwritableError
from exporter.history.series import ENDED, ResourceSeries, make_series
from exporter.history.timeline import make_timeline
from exporter.model import UNFINISHED, Backup, Status
from exporter.settings import Policy
from exporter.state.backup_table import BackupTable
from exporter.state.history import History
from exporter.state.listing import Listing
from exporter.state.summary import Summary, summarize
from tests.history.cases import DAY, NOW, PROVIDER, backup, known

pytestmark = pytest.mark.integration

LABELS = f'provider="{PROVIDER}",source="platform",resource="a"'


def write_files(
    folder: Path, *resources: ResourceSeries, since: float, step: int = 3600, now: float = NOW
) -> list[Path]:
    return write(resources, make_plan(resources, since, now, step), folder, lambda _: None)


def test_each_series_is_what_the_exporter_would_have_shown(tmp_path: Path) -> None:
    started = NOW - 7200
    runs = [
        Backup(id="1", status=Status.COMPLETED, started=started - 5000, finished=started - 4400, size=8, kind="dump"),
        Backup(id="2", status=Status.FAILED, started=started - 100, finished=started, kind="dump"),
        Backup(id="3", status=Status.COMPLETED, started=started + 3000.5, finished=started + 3600, kind="dump"),
    ]
    [path] = write_files(tmp_path, make_series(known(*runs), LABELS, limit=None), since=started, now=NOW - 1)

    assert path.name == "backups-2025-11-24.om"
    own = f"{{{LABELS}}}"
    kind = f'{{{LABELS},kind="dump"}}'
    stamps = 1764021600, 1764025200  # two hours and one hour before NOW
    samples = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert samples == [
        f"backup_age_seconds{own} 5000 {stamps[0]}",
        f"backup_age_seconds{own} 599.500 {stamps[1]}",
        f"backup_last_success_timestamp_seconds{own} 1764016600 {stamps[0]}",
        f"backup_last_success_timestamp_seconds{own} 1764024600.5 {stamps[1]}",
        f"backup_last_success_by_kind_timestamp_seconds{kind} 1764016600 {stamps[0]}",
        f"backup_last_success_by_kind_timestamp_seconds{kind} 1764024600.5 {stamps[1]}",
        f"backup_last_success_size_bytes{kind} 8 {stamps[0]}",
        f"backup_last_success_duration_seconds{kind} 600 {stamps[0]}",
        f"backup_last_success_duration_seconds{kind} 599.5 {stamps[1]}",
        f"backup_last_attempt_timestamp_seconds{own} 1764021500 {stamps[0]}",
        f"backup_last_attempt_timestamp_seconds{own} 1764024600.5 {stamps[1]}",
        f"backup_last_failure_timestamp_seconds{own} 1764021500 {stamps[0]}",
        f"backup_last_failure_timestamp_seconds{own} 1764021500 {stamps[1]}",
        *(
            f'backup_last_finished_status{{{LABELS},status="{word}"}} {int(word == now)} {stamp}'
            for word in ENDED
            for stamp, now in zip(stamps, ("failed", "completed"), strict=True)
        ),
        f"backup_failures_since_success{own} 1 {stamps[0]}",
        f"backup_failures_since_success{own} 0 {stamps[1]}",
    ]
    assert path.read_text().endswith("\n# EOF\n")


def test_the_files_are_openmetrics_and_each_holds_one_day(tmp_path: Path) -> None:
    series = make_series(known(*[backup(days) for days in range(5)]), LABELS, limit=100.0)
    paths = write_files(tmp_path, series, since=NOW - 3 * DAY, step=7200)

    assert [path.name for path in paths] == [f"backups-2025-11-{day}.om" for day in (22, 23, 24, 25)]
    stamps = []
    for path in paths:
        families = list(text_string_to_metric_families(path.read_text()))  # type: ignore[no-untyped-call]
        assert {family.type for family in families} == {"gauge"}
        ages = [sample for family in families for sample in family.samples if sample.name == "backup_age_seconds"]
        stamps += [float(sample.timestamp) for sample in ages]
    assert stamps == [NOW - 3 * DAY + 7200 * number for number in range(37)]


def test_timestamps_are_multiples_of_the_step_and_none_is_after_now(tmp_path: Path) -> None:
    series = make_series(known(*[backup(days) for days in range(5)]), LABELS, limit=None)
    now = NOW + 1234.5
    planned = make_plan([series], now - DAY, now, 3000)

    assert all(tick % 3000 == 0 for tick in planned.ticks)
    assert (now - DAY <= planned.ticks[0] < now - DAY + 3000, now - 3000 < planned.ticks[-1] <= now) == (True, True)


def test_a_second_run_writes_the_same(tmp_path: Path) -> None:
    series = make_series(known(*[backup(days) for days in range(5)]), LABELS, limit=None)
    first = {path.name: path.read_bytes() for path in write_files(tmp_path, series, since=NOW - 3 * DAY)}
    second = {path.name: path.read_bytes() for path in write_files(tmp_path, series, since=NOW - 3 * DAY, now=NOW + 60)}

    assert first == second


def test_the_limit_is_assumed_from_the_creation_or_the_first_backup(tmp_path: Path) -> None:
    series = make_series(known(backup(0.5)), LABELS, limit=95040.0)
    [path] = write_files(tmp_path, series, since=NOW - 0.75 * DAY, step=21600, now=NOW - 1)

    lines = [line for line in path.read_text().splitlines() if line.startswith("backup_max_age")]
    assert lines == [f"backup_max_age_seconds{{{LABELS}}} 95040 {1763985600 + 21600 * at}" for at in range(2)]


def test_before_all_knowledge_nothing_is_written(tmp_path: Path) -> None:
    assert (
        write_files(tmp_path, make_series(known(backup(1)), LABELS, limit=None), since=NOW - 9 * DAY, now=NOW - 2 * DAY)
        == []
    )
    assert list(tmp_path.iterdir()) == []


def test_never_a_success_gives_only_what_was_tried(tmp_path: Path) -> None:
    series = make_series(known(backup(0.5, Status.FAILED)), LABELS, limit=None)
    [path] = write_files(tmp_path, series, since=NOW - DAY, now=NOW - 1)

    names = {line.partition("{")[0] for line in path.read_text().splitlines() if not line.startswith("#")}
    assert names == {
        "backup_last_attempt_timestamp_seconds",
        "backup_last_failure_timestamp_seconds",
        "backup_last_finished_status",
    }


def test_the_estimate_is_near_the_truth(tmp_path: Path) -> None:
    series = [make_series(known(*[backup(days) for days in range(30)]), f"{LABELS}{at}", limit=None) for at in range(5)]
    planned = make_plan(series, NOW - 20 * DAY, NOW, 300)
    paths = write(series, planned, tmp_path, lambda _: None)

    content = b"".join(path.read_bytes() for path in paths)
    assert planned.samples == sum(not line.startswith(b"#") for line in content.splitlines())
    assert 0.9 < planned.size / len(content) < 1.2


def test_a_vendor_that_lists_no_failures_has_no_series_of_failures(tmp_path: Path) -> None:
    possible = frozenset({Status.COMPLETED})
    series = make_series(known(*[backup(days) for days in range(3)]), LABELS, limit=None, statuses=possible)
    text = "".join(path.read_text() for path in write_files(tmp_path, series, since=NOW - 2 * DAY))

    assert f'backup_last_finished_status{{{LABELS},status="completed"}} 1 ' in text
    assert "failure" not in text
    assert "failed" not in text
    assert "cancelled" not in text


def test_a_full_disk_is_said_before_anything_is_written(tmp_path: Path) -> None:
    series = make_series(known(backup(1)), LABELS, limit=None)
    planned = make_plan([series], NOW - DAY, NOW, 300)
    with pytest.raises(UnwritableError, match=r"cannot be written: needs about \d+ bytes, \d+ are free$"):
        write([series], BackfillPlan(planned.ticks, planned.samples, 2**62), tmp_path, lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_leaves_only_whole_files(tmp_path: Path) -> None:
    series = make_series(known(*[backup(days) for days in range(5)]), LABELS, limit=None)
    planned = make_plan([series], NOW - 3 * DAY, NOW, 3600)
    seen: list[list[str]] = []

    def interrupt(day: str) -> None:
        seen.append(sorted(path.name for path in tmp_path.iterdir()))
        if day == "2025-11-23":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write([series], planned, tmp_path, interrupt)
    assert seen == [["backups-2025-11-22.om"], ["backups-2025-11-22.om", "backups-2025-11-23.om"]]
    assert not [path for path in tmp_path.iterdir() if MARK in path.name]
    assert all(path.read_text().endswith("# EOF\n") for path in tmp_path.iterdir())


RUN = st.tuples(
    st.integers(1, 40),
    st.none() | st.integers(0, 15),
    st.sampled_from([*Status, *[Status.COMPLETED] * 4]),
    st.sampled_from(["", "dump"]),
    st.none() | st.integers(1, 9),
)


def as_listed(runs: Sequence[Backup], instant: float) -> list[Backup]:
    """Return what the vendor listed at an instant: what had started, and what of it was still running."""
    begun = [run for run in runs if (run.started or 0) <= instant]
    return [
        run
        if run.status in UNFINISHED or (run.started if run.finished is None else run.finished or 0) <= instant  # type: ignore[operator]
        else Backup(id=run.id, status=Status.IN_PROGRESS, started=run.started, kind=run.kind)
        for run in begun
    ]


def summary_at(runs: Sequence[Backup], instant: float) -> Summary:
    seen = as_listed(runs, instant)
    return summarize(Listing(backups=BackupTable(seen)), History().merge_listing(seen))


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.lists(RUN, max_size=6, unique_by=lambda run: run[0]).map(
        lambda drawn: [
            Backup(
                id=str(at),
                status=status,
                started=float(start),
                finished=None if took is None or status in UNFINISHED else float(start + took),
                kind=kind,
                size=size if status is Status.COMPLETED else None,
            )
            for at, (start, took, status, kind, size) in enumerate(drawn)
        ]
    )
)
def test_at_every_second_the_series_are_those_of_the_live_summary(runs: list[Backup]) -> None:
    of = make_timeline(Listing(backups=BackupTable(runs)), None, Policy(), None)
    series = make_series(of, "", limit=None)
    for instant in range(60):
        live = summary_at(runs, instant)
        if of.begin is not None and instant >= of.begin:
            assert series.last_success.value(instant) == live.last_success
            assert series.failures.value(instant) == live.failures
        for kind, one in series.by_kind.items():
            if one.started.begin is not None and instant >= one.started.begin:
                assert one.started.value(instant) == live.last_success_by_kind[kind]
                assert one.size.value(instant) == live.last_size.get(kind)
                assert one.duration.value(instant) == live.last_duration.get(kind)
        assert series.last_attempt.value(instant) == live.last_attempt
        if series.last_failure.begin is not None and instant >= series.last_failure.begin:
            assert series.last_failure.value(instant) == live.last_failure
        if series.finished.begin is not None and instant >= series.finished.begin:
            place = series.finished.value(instant)
            assert place is not None
            assert ENDED[int(place)] == live.last_finished

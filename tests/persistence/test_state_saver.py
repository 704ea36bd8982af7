"""What survives a restart, seen from the exposition: stop one exporter, start another on the same file."""

import json
from pathlib import Path

import pytest

from exporter.errors import ForbiddenError, ServerError
from exporter.model import Details
from tests.persistence.state_vendor import (
    DAY,
    HOUR,
    NOW,
    Exporter,
    Vendor,
    make_completed,
    poll_once,
    resource,
    source,
    usual_vendor,
)

pytestmark = pytest.mark.integration


async def test_what_is_remembered_is_told_at_once_and_nothing_that_is_counted(tmp_path: Path) -> None:
    path, up, down = tmp_path / "state.json", usual_vendor(), usual_vendor(down=ServerError("down"))
    before = await poll_once(path, up)
    after = await Exporter(path, source(down), now=NOW + DAY).start()
    for name in (
        "backup_last_success_timestamp_seconds",
        "backup_resource_first_seen_timestamp_seconds",
        "backup_resource_created_timestamp_seconds",
        "backup_expected_interval_seconds",
        "backup_max_age_seconds",
        "backup_schedule_enabled",
        "backup_source_resources",
    ):
        assert after.value(name) == before.value(name) is not None, name
    for kind in ("full", "incremental"):
        for end in ("by_kind_timestamp_seconds", "size_bytes", "duration_seconds"):
            name = f"backup_last_success_{end}"
            assert after.value(name, kind=kind) == before.value(name, kind=kind) is not None, name
    assert after.value("backup_age_seconds") == HOUR + DAY
    assert after.value("backup_typical_size_bytes", kind="full") == 1e9
    assert after.value("backup_typical_duration_seconds", kind="full") == 60
    assert 'resource_name="name of db",resource_kind="postgresql"' in after.text
    counted = ("backup_backups", "backup_failures_since", "backup_stored", "backup_oldest", "backup_in_progress")
    unknown = ("backup_last_attempt", "backup_last_failure", "backup_last_finished", "backup_resource_state")
    assert not any(name in after.text for name in (*counted, *unknown))


async def test_up_is_absent_until_the_first_poll_has_ended_and_then_0_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    await poll_once(path, usual_vendor())
    after = await Exporter(path, source(usual_vendor(down=ServerError("down")))).start()
    assert "backup_resource_up" not in after.text
    assert not after.app.store.ready
    await after.poll()
    assert after.value("backup_resource_up") == 0
    assert after.value("backup_resource_failure", reason="server_error") == 1
    assert after.value("backup_age_seconds") == HOUR
    assert after.app.store.ready


async def test_a_good_poll_after_the_restart_makes_it_whole_again(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    before = await poll_once(path, at)
    after = await Exporter(path, source(at)).start()
    await after.poll()
    lines = [
        [line for line in one.text.splitlines() if line.startswith("backup_") and 'resource="' in line]
        for one in (before, after)
    ]
    assert lines[0] == lines[1]


async def test_what_the_vendor_forgot_meanwhile_is_still_known(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    await poll_once(path, at)
    at.backups["db"] = []
    after = await poll_once(path, at)
    assert after.value("backup_last_success_timestamp_seconds") == NOW - HOUR
    assert after.value("backup_typical_size_bytes", kind="full") == 1e9
    assert after.value("backup_backups", status="completed") == 0
    again = await poll_once(path, at)
    assert again.value("backup_last_success_timestamp_seconds") == NOW - HOUR


async def test_a_resource_that_was_never_listed_tells_no_age(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    at.backups["db"] = ForbiddenError("no")
    await poll_once(path, at)
    after = await Exporter(path, source(at)).start()
    assert after.value("backup_resource_info") == 1
    assert after.value("backup_resource_first_seen_timestamp_seconds") == NOW
    assert "backup_age_seconds" not in after.text


async def test_paused_at_the_vendor_stays_paused_while_it_is_down(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for at in (usual_vendor(details=Details(paused=True)), usual_vendor()):
        at.scopes["one"] = [resource("db", paused=not at.details.paused)]
        await poll_once(path, at)
        after = await Exporter(path, source(usual_vendor(down=ServerError("down")))).start()
        await after.poll()
        assert after.value("backup_monitoring_paused") == 1


async def test_a_gone_resource_is_remembered_for_seven_days_over_restarts(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    await poll_once(path, at)
    at.scopes["one"] = []
    await poll_once(path, at)
    for days in (3, 6.9, 7.1):
        empty = await Exporter(path, source(usual_vendor(scopes={"one": []})), now=NOW + days * DAY).start()
        assert "resource=" not in empty.text
        await empty.poll()
        back = Vendor(scopes={"one": [resource("db")]})
        there = await Exporter(path, source(back), now=NOW + days * DAY).start()
        await there.watches[0].poller.poll()
        known = there.value("backup_resource_first_seen_timestamp_seconds") == NOW
        assert known == (there.value("backup_last_success_timestamp_seconds") == NOW - HOUR) == (days < 7)
    assert json.loads(path.read_text())["resources"] == []


@pytest.mark.parametrize("restarted", [True, False])
async def test_a_new_creation_time_is_another_thing_under_an_old_name(tmp_path: Path, restarted: bool) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    await poll_once(path, at)
    again = Vendor(scopes={"one": [resource("db", created=NOW if restarted else NOW - 90 * DAY)]})
    after = await poll_once(path, again)
    assert after.value("backup_last_success_timestamp_seconds") == (None if restarted else NOW - HOUR)


async def test_a_scope_that_cannot_be_read_after_the_restart_keeps_its_resources(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    at.scopes["two"] = [resource("other")]
    await poll_once(path, at)
    at.scopes["one"] = ForbiddenError("no")
    after = await poll_once(path, at)
    assert after.value("backup_resource_up", resource="db") == 0
    assert after.value("backup_resource_failure", resource="db", reason="forbidden") == 1
    assert after.value("backup_age_seconds", resource="db") == HOUR
    assert after.value("backup_resource_up", resource="other") == 1
    assert after.value("backup_source_up") == 1


async def test_where_only_discovery_fails_a_recalled_resource_is_read_by_its_old_coordinates(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    await poll_once(path, at)
    at.scopes["one"] = ServerError("listing is broken")
    after = await poll_once(path, at)
    assert after.value("backup_backups", status="completed") == 17
    assert after.app.store.entries["shop"].resources["db"].resource.path == ("there", "db")


@pytest.mark.parametrize(("first", "then", "stays"), [("", "inst-1", "shop"), ("inst-1", "", "inst-1")])
async def test_an_id_that_was_chosen_once_stays_over_a_restart(
    tmp_path: Path, first: str, then: str, stays: str
) -> None:
    path = tmp_path / "state.json"
    for id_ in (first, then, then):
        at = Vendor(scopes={"all": [resource(id_, name="institution")]}, backups={"inst-1": make_completed(1)})
        exporter = await poll_once(path, at)
        assert list(exporter.app.store.entries["shop"].resources) == [stays]


async def test_what_is_not_watched_any_more_is_remembered_but_not_told(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    await poll_once(path, at)
    without = await poll_once(path, at, exclude=("db",))
    assert "resource=" not in without.text
    assert (await poll_once(path, at)).value("backup_resource_first_seen_timestamp_seconds") == NOW
    await poll_once(path, usual_vendor(scopes={}), name="another")
    kept = {(one["source"], one["gone_since"]) for one in json.loads(path.read_text())["resources"]}
    assert kept == {("shop", NOW)}


async def test_a_source_of_another_provider_under_the_same_name_inherits_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    await poll_once(path, usual_vendor())
    one = source(usual_vendor())
    other = Exporter(path, type(one)(**{name: getattr(one, name) for name in one.__slots__} | {"provider_name": "x"}))
    await other.start()
    assert "resource=" not in other.text
    await other.poll()
    assert json.loads(path.read_text())["resources"][0]["provider"] == "x"


@pytest.mark.parametrize("excluded", [False, True])
async def test_a_clock_that_is_behind_at_the_start_hides_what_is_remembered_and_loses_nothing(
    tmp_path: Path, excluded: bool
) -> None:
    path, emptied = tmp_path / "state.json", usual_vendor()
    await poll_once(path, usual_vendor())
    emptied.backups["db"] = ()
    behind = await Exporter(path, source(emptied, exclude=("*",) if excluded else ()), now=NOW - 3 * DAY).start()
    assert behind.value("backup_last_success_timestamp_seconds") is None
    assert behind.value("backup_age_seconds") is None
    await behind.poll()
    right = await Exporter(path, source(emptied), now=NOW).start()
    await right.poll()
    assert right.value("backup_age_seconds") == HOUR
    assert right.value("backup_last_success_by_kind_timestamp_seconds", kind="incremental") == NOW - 2 * HOUR


async def test_what_a_clock_that_was_behind_hid_is_shown_once_it_is_right(tmp_path: Path) -> None:
    path, emptied = tmp_path / "state.json", usual_vendor()
    await poll_once(path, usual_vendor())
    emptied.backups["db"] = ()
    late = await Exporter(path, source(emptied), now=NOW - DAY).start()
    await late.poll()
    assert late.value("backup_age_seconds") is None
    late.set_clock(NOW)
    await late.poll()
    assert late.value("backup_age_seconds") == HOUR

"""Verdicts over a restart: what stood goes on standing since then, until a reading ends it."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.errors import ServerError
from exporter.model import Backup, Details, Status
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

DOWN = ServerError("down")


def problems(exporter: Exporter, name: str = "shop") -> dict[str, float | None]:
    """Return the words about the resource `db` and the source, each with its beginning."""
    store = exporter.app.store
    found = {one.word: one.since for one in store.judge_source(name).problems}
    if (view := store.find_view(name, "db")) is not None:
        found |= {" ".join(filter(None, (one.word, one.kind))): one.since for one in view.verdict.problems}
    return found


def failing_vendor(**changes: Any) -> Vendor:
    """Return a vendor whose only resource has failed three times since its last success, and runs for a day."""
    failed = [Backup(id=f"f{number}", status=Status.FAILED, started=NOW - number, kind="full") for number in range(3)]
    hangs = Backup(id="r", status=Status.IN_PROGRESS, started=NOW - DAY, kind="full", progress=40.0)
    return usual_vendor(backups={"db": [*failed, hangs, *make_completed(5)]}, **changes)


async def test_what_stood_stands_on_while_the_vendor_is_down_and_a_reading_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    limits: dict[str, Any] = {"min_backups": 9}
    before = await poll_once(path, failing_vendor(), **limits)
    stood = problems(before)
    after = await Exporter(path, source(failing_vendor(down=DOWN), **limits), now=NOW + 60).start()
    at_once = problems(after)
    await after.poll()
    in_the_outage = problems(after)
    await after.saver.save()
    again = await Exporter(path, source(usual_vendor(), **limits), now=NOW + 120).start()
    restarted_again = problems(again)
    await again.poll()

    assert set(stood) == {"last_run_failed", "failing_repeatedly", "stuck", "too_few"}
    assert at_once == stood
    assert in_the_outage == {**stood, "down": NOW + 60}
    assert restarted_again == {**stood, "down": NOW + 60}
    assert problems(again) == {"last_run_failed": stood["last_run_failed"]}


async def test_a_restart_without_a_state_file_begins_with_nothing(tmp_path: Path) -> None:
    await poll_once(tmp_path / "state.json", failing_vendor())
    after = await Exporter(None, source(failing_vendor(down=DOWN))).start()
    await after.poll()

    assert problems(after) == {"down": NOW}


async def test_a_file_of_before_the_verdict_is_read_and_makes_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    await poll_once(path, failing_vendor())
    document = json.loads(path.read_text())
    del document["sources"]
    for one in document["resources"]:
        del one["problems"], one["observed"]
    path.write_text(json.dumps(document))
    after = await Exporter(path, source(failing_vendor(down=DOWN)), now=NOW + 60).start()

    assert problems(after) == {}


@pytest.mark.parametrize("broken", [{"problem": "made_up"}, {"severity": "fatal"}])
async def test_a_word_or_severity_of_another_version_is_left_out(tmp_path: Path, broken: dict[str, str]) -> None:
    path = tmp_path / "state.json"
    await poll_once(path, failing_vendor())
    document = json.loads(path.read_text())
    document["resources"][0]["problems"] = [{**document["resources"][0]["problems"][0], **broken}]
    path.write_text(json.dumps(document))
    after = await Exporter(path, source(failing_vendor(down=DOWN))).start()

    assert problems(after) == {}


async def test_a_pause_goes_on_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    await poll_once(path, usual_vendor(), paused=True)
    after = await Exporter(path, source(usual_vendor(), paused=True), now=NOW + 7 * DAY).start()

    assert problems(after) == {"paused_too_long": NOW + 7 * DAY}


async def test_a_kinds_limit_is_known_for_as_long_as_before(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    at.details = Details(scheduled=True, interval=HOUR, intervals={"full": HOUR, "pitr": HOUR})
    await poll_once(path, at)
    at.backups["db"] = make_completed(2, newest=NOW + 3 * HOUR)
    after = await Exporter(path, source(at), now=NOW + 3 * HOUR + 1).start()
    await after.poll()

    assert problems(after) == {"never_succeeded_by_kind pitr": NOW + 3 * HOUR}


async def test_a_schedule_that_went_while_the_exporter_was_away_is_reported(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    at.backups["db"] = make_completed(2)
    at.details = Details(scheduled=True, interval=HOUR, intervals={"full": HOUR, "pitr": 9 * DAY})
    await poll_once(path, at)
    at.details = Details(scheduled=True, interval=HOUR, intervals={"full": HOUR})
    after = await poll_once(path, at)
    later = await Exporter(path, source(at), now=NOW + HOUR).start()

    assert problems(after) == {"schedule_gone pitr": NOW}
    assert problems(later) == {"schedule_gone pitr": NOW}


async def test_a_percentage_goes_on_standing_still(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    at.backups["db"] = [
        Backup(id="r", status=Status.IN_PROGRESS, started=NOW - 60, kind="full", progress=40.0), *make_completed(2)
    ]  # fmt: skip
    await poll_once(path, at)
    after = await Exporter(path, source(at), now=NOW + HOUR).start()
    before = problems(after)
    await after.poll()

    assert before == {}
    assert problems(after) == {"progress_stalled": NOW + HOUR}


async def test_what_the_vendor_forgot_meanwhile_is_old_and_not_new(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    at.details = Details(scheduled=True, interval=DAY, intervals={"full": HOUR, "pitr": DAY})
    at.backups["db"] = [*make_completed(2), *make_completed(2, kind="pitr", newest=NOW)]
    before = await poll_once(path, at)
    at.backups["db"] = make_completed(1, kind="pitr", newest=NOW + 6 * HOUR)
    of_one_kind = await Exporter(path, source(at), now=NOW + 6 * HOUR).start()
    await of_one_kind.poll()
    at.backups["db"] = []
    of_all = await Exporter(path, source(at), now=NOW + 3 * DAY).start()
    await of_all.poll()

    assert problems(before) == {}
    assert set(problems(of_one_kind)) == {"too_old_by_kind full"}
    assert set(problems(of_all)) == {"nothing_to_restore", "too_old", "too_old_by_kind full"}


async def test_the_first_sight_is_no_other_after_a_restart(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor(backups={"db": []})
    at.scopes["one"] = [resource("db", created=None)]
    await poll_once(path, at)
    said = {}
    for passed in (3 * HOUR, 3 * HOUR + 1):
        after = await Exporter(path, source(at), now=NOW + passed).start()
        await after.poll()
        said[passed] = problems(after)

    assert said == {3 * HOUR: {}, 3 * HOUR + 1: {"never_succeeded": NOW + 3 * HOUR}}


async def test_what_disappeared_is_reported_on(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor(scopes={"one": [resource("db"), resource("x")]})
    await poll_once(path, at)
    at.scopes["one"] = [resource("db")]
    await poll_once(path, at)
    lines = {}
    for when in (NOW + HOUR, NOW + DAY):
        after = await Exporter(path, source(replace(at, down=DOWN)), now=when).start()
        lines[when] = [line for line in after.text.splitlines() if 'resource="x"' in line]

    assert lines == {
        NOW + HOUR: [
            'backup_resource_problem{provider="simple",source="shop",resource="x",resource_name="name of x",'
            'problem="disappeared",severity="warning"} 1'
        ],
        NOW + DAY: [],
    }


async def test_a_source_that_was_emptied_stays_so_for_a_day(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", usual_vendor()
    await poll_once(path, at)
    at.scopes["one"] = []
    await poll_once(path, at)
    soon = await Exporter(path, source(replace(at, down=DOWN)), now=NOW + 60).start()
    late = await Exporter(path, source(replace(at, down=DOWN)), now=NOW + DAY + 1).start()

    assert problems(soon) == {"emptied": NOW}
    assert problems(late) == {}


async def test_problems_come_back_with_a_resource_that_was_away(tmp_path: Path) -> None:
    path, at = tmp_path / "state.json", failing_vendor()
    await poll_once(path, at)
    listed = at.scopes["one"]
    at.scopes["one"] = []
    await poll_once(path, at)
    at.scopes["one"], at.backups["db"] = listed, DOWN
    after = await Exporter(path, source(at), now=NOW + HOUR).start()
    await after.poll()

    assert problems(after)["failing_repeatedly"] == NOW


async def test_another_provider_under_the_name_of_a_source_inherits_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    await poll_once(path, failing_vendor(down=DOWN))
    other = replace(source(usual_vendor()), provider_name="another")
    after = await Exporter(path, other).start()

    assert problems(after) == {}


async def test_a_resource_whose_new_name_is_excluded_has_not_disappeared(tmp_path: Path) -> None:
    at = usual_vendor(scopes={"one": [resource("db"), resource("x", name="stays")]})
    exporter = await poll_once(tmp_path / "state.json", at, exclude=("retired*",), discovery_interval=0.001)
    at.scopes["one"] = [resource("db"), resource("x", name="retired")]
    await asyncio.sleep(0.01)
    await exporter.poll()

    assert 'resource="x"' not in exporter.text
    at.scopes["one"] = [resource("db")]
    await asyncio.sleep(0.01)
    await exporter.poll()
    assert 'resource="x"' not in exporter.text

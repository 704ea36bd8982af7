"""The lean list of docs/verdict.md: what it leaves out, and that the alerts do not need it."""

import asyncio
import re
from pathlib import Path

import pytest

from exporter.config.loader import parse
from exporter.metrics.exposition import SLICE, Exposition
from exporter.metrics.families import FAMILIES, PROTECTED_FAMILIES, REQUIRED_FAMILIES
from exporter.metrics.process_metrics import render_process
from exporter.metrics.resource_families import RESOURCE_FAMILIES
from exporter.settings import Settings
from exporter.state.store import Store
from tests.metrics.states import STATES, Clock, source
from tests.paths import ROOT
from tests.samples import ADDRESS, write_source
from tests.web.pages import fill, item

PAGE = ROOT / "docs" / "verdict.md"
SOURCES = f"sources: [{write_source('a', **{ADDRESS: None})}]"
KEPT = {
    "backup_resource_info", "backup_resource_up", "backup_resource_failure", "backup_resource_problem",
    "backup_resource_worst_severity", "backup_age_seconds", "backup_last_success_timestamp_seconds",
    "backup_last_success_size_bytes", "backup_max_age_seconds",
}  # fmt: skip


def lean_settings() -> Settings:
    (block,) = re.findall(r"```yaml\n(metrics:\n.*?)```", PAGE.read_text(), re.DOTALL)
    found = parse(f"{block}{SOURCES}", {}, Path.cwd())
    assert found.warnings == ()
    return found.settings


def test_the_list_leaves_what_it_says_and_each_pattern_fits_something() -> None:
    excluded = lean_settings().excluded_families

    assert {family.name for family in RESOURCE_FAMILIES} - excluded == KEPT
    assert excluded <= {family.name for family in RESOURCE_FAMILIES}
    assert not excluded & (PROTECTED_FAMILIES | REQUIRED_FAMILIES)


@pytest.mark.parametrize("state", STATES)
async def test_what_is_left_is_as_it_is_with_everything(state: str) -> None:
    clock = Clock()
    store = Store(clock, clock)
    whole, lean = Exposition.follow(store), Exposition.follow(store)
    await lean.exclude(lean_settings().excluded_families)
    STATES[state](clock, store)
    texts = [b"".join(one.render(openmetrics=False)).decode().splitlines() for one in (whole, lean)]
    gone = "|".join(sorted(lean.excluded, key=len, reverse=True))
    expected = [line for line in texts[0] if not re.match(rf"(# (HELP|TYPE) )?({gone})[ {{]", line)]

    assert texts[1] == expected
    assert len(lean._table.families) == len(KEPT)


async def test_all_is_rendered_anew_beside_what_changes_meanwhile() -> None:
    clock = Clock()
    store = Store(clock, clock)
    names = [f"r{number}" for number in range(3 * SLICE)]
    fill(store, [item(name, name) for name in names], source("main"))
    changing = Exposition.follow(store)
    excluded = lean_settings().excluded_families
    rendering = asyncio.create_task(changing.exclude(excluded))
    breaks = 0
    while not rendering.done():
        await asyncio.sleep(0)
        breaks += 1
        if breaks == 2:
            assert b"backup_backups{" in b"".join(changing.render(openmetrics=False)), "nothing is half exposed"
            for name in (names[0], names[-1], "late"):
                store.put("main", item(name, f"changed {name}", 3.0))
            store.retain("main", {*names, "late"} - {names[1], names[-2]})
    await rendering
    lean = Exposition.follow(store)
    await lean.exclude(excluded)

    assert breaks >= 3
    found, expected = (b"".join(one.render(openmetrics=False)) for one in (changing, lean))
    assert found == expected
    assert b'"changed r0"' in found
    assert b'"changed late"' in found
    assert b'"r1"' not in found
    assert b"backup_backups{" not in found


@pytest.mark.parametrize("openmetrics", [False, True])
def test_the_process_own_families_can_be_left_out(openmetrics: bool) -> None:
    excluded = frozenset(("process_cpu_seconds_total", "python_info"))
    whole = render_process(openmetrics=openmetrics)
    lean = render_process(openmetrics=openmetrics, excluded=excluded)

    assert b"process_cpu_seconds" in whole
    assert b"process_cpu_seconds" not in lean
    assert b"python_info" not in lean
    assert b"process_open_fds" in lean
    assert lean.endswith(b"# EOF\n") is openmetrics


def test_protected_families_exist() -> None:
    names = {family.name for family in FAMILIES}

    assert names >= PROTECTED_FAMILIES
    assert names >= REQUIRED_FAMILIES

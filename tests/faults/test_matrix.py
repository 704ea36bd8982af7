"""The fault matrix: every vendor, every place, every fault, over real sockets; see docs/reliability.md.

`UPDATE_MATRIX=1` writes the page anew.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from exporter.client import http
from tests.faults.checks import check_asked, check_good, check_resources, check_same, check_source
from tests.faults.exposition import Exposition
from tests.faults.faults import FAULTS
from tests.faults.harness import Harness, harness, resolve_ids
from tests.faults.leaping import START, Leaping, let_pass, resolve, wall_clock
from tests.faults.matrix import Cell, all_cells, choose_sample
from tests.faults.page import BEGIN, END, SKEWS, Seen, matrix, skewed_id
from tests.paths import ROOT
from tests.vendors import find_profiles
from tests.vendors.profile import Profile

CELLS = tuple(all_cells())
SAMPLE = choose_sample(CELLS)
"""What `make test` runs; `make long` runs all."""
CLOCKS = {
    skewed_id(vendor, skew): (vendor, seconds) for vendor in find_profiles().values() for skew, seconds in SKEWS.items()
}
PAGE = ROOT / "docs" / "reliability.md"
OBSERVED: dict[str, Seen | None] = {}


@pytest.fixture(autouse=True)
def _nothing_leaves_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "resolve", resolve)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


class Stage:
    """A harness that is kept from one fault to the next, as an exporter is."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._stack = AsyncExitStack()
        self._leaping: Leaping | None = None
        self._here: Harness | None = None

    def play(self, cell: Cell) -> Seen:
        """Run a cell; after a first poll, and after a cell that did not survive, in a new harness."""
        key = (cell.vendor.name, cell.endpoint.name, cell.fault.host.partition(" ")[0])
        if key != self._key or cell.endpoint.kind == "start" or self._leaping is None:
            self.close()
            self._key, self._leaping = key, Leaping()
        try:
            return self._leaping.run(self._play(cell))
        except BaseException:
            self._key = ()
            raise

    async def _play(self, cell: Cell) -> Seen:
        fresh = self._here is None
        if self._here is None:
            self._here = await self._stack.enter_async_context(harness(cell.vendor, cell.endpoint, cell.fault))
        if cell.endpoint.kind == "start":
            return await _first_poll_fails(cell, self._here)
        if fresh:
            check_good(self._here, await self._here.poll())
        return await _check_known_stays(cell, self._here)

    def close(self) -> None:
        """Close the harness."""
        if self._leaping is not None:
            self._leaping.run(self._stack.aclose())
            self._leaping.close()
        self._leaping, self._here = None, None


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Have a stage that is cleared at the end."""
    made = Stage()
    yield made
    made.close()


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(cell, id=cell.id, marks=pytest.mark.slow if cell.id in SAMPLE else pytest.mark.long)
        for cell in CELLS
    ],
)
def test_cell(cell: Cell, stage: Stage) -> None:
    _observe(cell.id, lambda: stage.play(cell))


@pytest.mark.slow
@pytest.mark.parametrize("clock", CLOCKS)
def test_a_clock_that_is_off_does_no_harm(clock: str) -> None:
    _observe(clock, lambda: _run_skewed(*CLOCKS[clock]))


def test_the_sample_strikes_every_place_and_every_vendor_with_every_fault_that_it_can_have() -> None:
    chosen = [cell for cell in CELLS if cell.id in SAMPLE]

    assert {(cell.vendor.name, cell.endpoint.name) for cell in chosen} == {
        (cell.vendor.name, cell.endpoint.name) for cell in CELLS
    }
    assert {(cell.vendor.name, cell.fault.name) for cell in chosen} == {
        (cell.vendor.name, cell.fault.name) for cell in CELLS
    }


@pytest.mark.long
def test_the_page_shows_the_matrix_as_it_was_run(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    for cell in CELLS:
        if cell.id not in OBSERVED:
            OBSERVED[cell.id] = stage.play(cell)
    for clock, (vendor, seconds) in CLOCKS.items():
        if clock not in OBSERVED:
            OBSERVED[clock] = _run_skewed(vendor, seconds)
    survived = sum(seen is not None for seen in OBSERVED.values())
    with capsys.disabled():
        sys.stdout.write(f"\nfault matrix: {len(OBSERVED)} cells, {survived} survived\n")
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    shown = before + matrix(CELLS, OBSERVED) + rest.partition(END)[2]
    if os.environ.get("UPDATE_MATRIX"):
        PAGE.write_text(shown)
    assert survived == len(OBSERVED) == len(CELLS) + len(CLOCKS)
    assert PAGE.read_text() == shown, "run this test with UPDATE_MATRIX=1"


def _observe(name: str, play: Callable[[], Seen]) -> None:
    OBSERVED[name] = None
    OBSERVED[name] = play()


async def _first_poll_fails(cell: Cell, here: Harness) -> Seen:
    before = await here.scrape()
    await here.strike(cell.fault, cell.endpoint)
    failed = await here.poll()
    check_source(cell, here, failed, before)
    assert set(failed.failing(here.source).values()) <= {cell.reason}
    await here.relieve(cell.fault, cell.endpoint)
    await let_pass(cell.after)
    check_good(here, await here.poll())
    return _describe_outcome(here, failed)


async def _check_known_stays(cell: Cell, here: Harness) -> Seen:
    await let_pass(cell.before)
    before = await here.scrape()
    endpoint = resolve_ids(here, cell.endpoint, before)
    await here.strike(cell.fault, endpoint)
    failed = await here.poll()
    check_source(cell, here, failed, before)
    check_resources(cell, here, failed, before)
    check_asked(cell, here)
    await here.relieve(cell.fault, endpoint)
    await let_pass(cell.after)
    good = await here.poll()
    check_good(here, good)
    check_same(cell, here, good, before)
    return _describe_outcome(here, failed)


def _run_skewed(vendor: Profile, seconds: float) -> Seen:
    leaping = Leaping()
    try:
        return leaping.run(_with_a_skewed_clock(vendor, seconds))
    finally:
        leaping.close()


async def _with_a_skewed_clock(vendor: Profile, seconds: float) -> Seen:
    """Poll for three hours in which tokens die and backups come, all by a clock that is off."""
    async with harness(vendor, vendor.faults.endpoints[0], FAULTS[0], START - 7200) as here:
        here.proxy.clock = lambda: wall_clock() + seconds
        for _ in range(9):
            asked = len(here.proxy.arrivals)
            scrape = await here.poll()
            check_good(here, scrape)
            assert min(scrape.all("backup_age_seconds", source=here.source).values()) >= 0
            for token in (endpoint for endpoint in vendor.faults.endpoints if endpoint.kind == "token"):
                assert sum(map(token.strikes, here.proxy.arrivals[asked:])) <= 1 + token.renewed
            await let_pass(1200)
        return _describe_outcome(here, scrape)


def _describe_outcome(here: Harness, scrape: Exposition) -> Seen:
    source = here.source
    failing = scrape.failing(source)
    reasons = {*failing.values(), scrape.source_failure(source)} - {None}
    assert len(reasons) <= 1
    down = scrape.value("backup_source_up", source=source) == 0
    return Seen(next(iter(reasons), None), down, len(failing), len(scrape.resources(source)))

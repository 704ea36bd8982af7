"""Writes the matrix of docs/reliability.md from what was seen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.faults.matrix import Cell
from tests.vendors import find_profiles
from tests.vendors.profile import Profile

BEGIN, END = "<!-- the fault matrix, written by its test -->\n", "<!-- the end of the fault matrix -->\n"
SKEWS = {"an hour fast": 3600.0, "an hour slow": -3600.0}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a cell's run showed: the reason, whether the source was down, and how many resources failed of how many."""

    reason: str | None
    source_down: bool
    failing: int
    resources: int

    @property
    def mark(self) -> str:
        """Return it in one letter."""
        if not self.source_down:
            return "R" if self.failing else "ok"
        return "D" if self.resources and not self.failing else "S"


Observed = Mapping[str, Seen | None]
"""By the cell's id; None for one that did not survive."""


def matrix(all_cells: Sequence[Cell], observed: Observed) -> str:
    """Return the generated part of the page."""
    survived = sum(seen is not None for seen in observed.values())
    lines = [
        BEGIN,
        f"**{len(observed)} cells, {survived} survived, "
        f"{'nothing lost' if survived == len(observed) else f'{len(observed) - survived} lost'}.**\n",
    ]
    for vendor in find_profiles().values():
        lines += ["", *_of_vendor(vendor, [cell for cell in all_cells if cell.vendor == vendor], observed)]
    lines += ["", "Not failures after all:", "", *_exceptions(), "", END]
    return "\n".join(lines).replace("\n\n\n", "\n\n")


def _of_vendor(vendor: Profile, all_cells: Sequence[Cell], observed: Observed) -> Iterator[str]:
    endpoints = list(dict.fromkeys(cell.endpoint.name for cell in all_cells))
    faults = list(dict.fromkeys(cell.fault.name for cell in all_cells))
    by_both = {(cell.endpoint.name, cell.fault.name): cell for cell in all_cells}
    yield f"### {vendor.name}\n"
    yield _row(["fault", "reason", *endpoints])
    yield _row(["---"] * (len(endpoints) + 2))
    for fault in faults:
        row = [by_both.get((endpoint, fault)) for endpoint in endpoints]
        reasons = {cell.reason for cell in row if cell is not None} - {None}
        yield _row([fault, " ".join(f"`{reason}`" for reason in sorted(map(str, reasons))), *_marks(row, observed)])
    for skew in SKEWS:
        seen = observed[skewed_id(vendor, skew)]
        yield _row(
            [f"the vendor's clock {skew}", "", "**lost**" if seen is None else seen.mark, *[""] * len(endpoints[1:])]
        )


def _marks(row: Sequence[Cell | None], observed: Observed) -> Iterator[str]:
    for cell in row:
        seen = None if cell is None else observed[cell.id]
        yield "" if cell is None else "**lost**" if seen is None else seen.mark


def _exceptions() -> Iterator[str]:
    for name, profile in find_profiles().items():
        for endpoint in profile.faults.endpoints:
            yield from (f"- {name}, {endpoint.name}, {fault}: {why}." for fault, why in endpoint.excused.items())


def _row(texts: Sequence[str]) -> str:
    return "| " + " | ".join(texts) + " |"


def skewed_id(vendor: Profile, skew: str) -> str:
    """Return the id of a cell about a clock."""
    return f"{vendor.name}-all the time-the vendor's clock {skew}"

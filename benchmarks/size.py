"""How much is measured: the sizes that the goals speak of, or small ones for a quick look."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The extent of all benchmarks."""

    resources: int = 10_000
    polled: int = 2_000
    declared: int = 200
    """Resources of each declared vendor."""
    few: int = 5
    """Turns of what takes long."""
    many: int = 9
    """Turns of what is quick."""
    seconds: float = 5.0
    """How long latencies are looked at in each turn."""
    growth: tuple[int, ...] = (1_000, 3_000, 10_000, 30_000)


FULL = Size()
QUICK = Size(resources=1_000, polled=200, declared=20, few=2, many=3, seconds=1.0, growth=(300, 900))

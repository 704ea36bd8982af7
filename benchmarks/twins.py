"""What a declared vendor's poll takes against the built-in one's: the same vendor, the same answers, in turns.

The declarations are the twins that the tests hold against the built-in vendors value by value; `X_declared` is the
twin of `X`.
"""

from collections.abc import Iterator

from benchmarks.children import running
from benchmarks.figures import Figure
from benchmarks.size import Size
from tests.vendors import FOLDER

SUFFIX = "_declared"
BACKUPS = 97
SLOWER = 3.0
EQUAL = 1.15
"""A poll with unchanged responses decodes nothing, so the rest is the noise between two equal polls."""
PARTS = (
    ("first", "every record new", SLOWER),
    ("newer", "a new backup in each", SLOWER),
    ("same", "unchanged", EQUAL),
)


def vendors() -> list[str]:
    """Return the names of the built-in vendors that have a declared twin."""
    return sorted(path.parent.name for path in FOLDER.glob("*/twin.yaml"))


def twins(size: Size) -> Iterator[Figure]:
    """Compare each declared twin with its built-in vendor."""
    for name in vendors():
        with running("-m", "benchmarks.vendor", name, str(size.declared), str(BACKUPS)) as vendor:
            port = str(vendor.read_line()["port"])
            with running("-m", "benchmarks.polling_twins", name, port, str(size.few)) as polling:
                found = polling.read_line()
        for part, what, goal in PARTS:
            for index, clock in enumerate(("wall clock", "processor")):
                yield Figure(
                    benchmark="declared",
                    what=f"{name}, {size.declared} resources with {BACKUPS} backups each, {what}; {clock}",
                    reference="the built-in vendor",
                    unit="s",
                    ours=[one[index] for one in found["declared"][part]],
                    theirs=[one[index] for one in found["built_in"][part]],
                    goal=goal,
                )

"""The store is the only writer of the state: other modules call its methods, and read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import exporter
from exporter.counters import Counters
from exporter.state.archive import Archive
from exporter.state.resource import SourceStatus
from exporter.state.store import SourceEntry, Store
from exporter.state.verdicts import SourceVerdicts

ROOM = Path(exporter.__file__).parent
WRITERS = {
    Archive: {"state/store.py"},
    SourceVerdicts: {"state/store.py"},
    Counters: {"state/store.py", "client/client.py"},
}
"""Who calls the methods that change each mutable part of the state."""
PURE = {Archive: {"entries", "find_live", "find_source"}, SourceVerdicts: set[str](), Counters: set[str]()}


def changing(part: type) -> set[str]:
    """Return the public methods of a class that may change its instance."""
    return {name for name, one in vars(part).items() if callable(one) and name[0] != "_"} - PURE[part]


def names_of(tree: ast.Module) -> Iterator[str]:
    """Yield the name of each class that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (one.name for one in node.names)


@pytest.mark.parametrize("part", [Archive, SourceVerdicts])
def test_the_store_alone_knows_what_it_is_made_of(part: type) -> None:
    found = {
        str(path.relative_to(ROOM))
        for path in ROOM.rglob("*.py")
        if part.__name__ in names_of(ast.parse(path.read_text()))
    }
    assert found == WRITERS[part]


def test_counters_are_changed_by_the_store_and_the_client_alone() -> None:
    own = changing(Counters)
    found = {
        str(path.relative_to(ROOM))
        for path in ROOM.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in own
        and "counters" in ast.unparse(node.func.value)
    }
    assert found == WRITERS[Counters]


def test_nothing_is_assigned_to_a_part_of_an_entry_or_of_counters() -> None:
    attributes = {*SourceEntry.__slots__, *SourceStatus.__slots__, *vars(Counters())}
    for path in ROOM.rglob("*.py"):
        if path.name == "counters.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, (ast.Assign, ast.AugAssign)):
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                text = ast.unparse(target)
                held = text.split("[")[0].rpartition(".")
                entry = any(part in held[0].split(".") for part in ("entry", "status", "counters"))
                assert not (entry and held[2] in attributes), f"{path.relative_to(ROOM)}:{node.lineno} {text}"


def test_the_parts_of_the_store_are_private() -> None:
    store = Store(lambda: 0.0)
    public = {name for name in vars(store) if name[0] != "_"}
    assert public == {"entries", "wall_clock"}

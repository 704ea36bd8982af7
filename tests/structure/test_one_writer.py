"""The store is the only writer of the state: other modules call its methods, and read."""

import ast

import pytest

from exporter.counters import Counters
from exporter.state.archive import Archive
from exporter.state.resource import SourceStatus
from exporter.state.store import SourceEntry, Store
from exporter.state.verdicts import SourceVerdicts
from tests.structure.modules import find_nodes

WRITERS = {
    Archive: {"state/store.py"},
    SourceVerdicts: {"state/store.py"},
    Counters: {"state/store.py", "client/client.py"},
}
"""Who calls the methods that change each mutable part of the state."""
HOLDERS = {"entry", "status", "counters"}
"""What variables and attributes that hold a part of the state are called."""
PURE = {Archive: {"entries", "find_live", "find_source"}, SourceVerdicts: set[str](), Counters: set[str]()}


def changing(part: type) -> set[str]:
    """Return the public methods of a class that may change its instance."""
    return {name for name, one in vars(part).items() if callable(one) and name[0] != "_"} - PURE[part]


def is_import(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.ImportFrom) and any(one.name == name for one in node.names)


@pytest.mark.parametrize("part", [Archive, SourceVerdicts])
def test_the_store_alone_knows_what_it_is_made_of(part: type) -> None:
    found = {module for module, node in find_nodes(part.__name__) if is_import(node, part.__name__)}
    assert found == WRITERS[part]


def test_counters_are_changed_by_the_store_and_the_client_alone() -> None:
    own = changing(Counters)
    found = {
        module
        for module, node in find_nodes("counters")
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in own
        and "counters" in ast.unparse(node.func.value)
    }
    assert found == WRITERS[Counters]


def test_nothing_is_assigned_to_a_part_of_an_entry_or_of_counters() -> None:
    attributes = {*SourceEntry.__slots__, *SourceStatus.__slots__, *vars(Counters())}
    for module, node in find_nodes(*(f"{holder}.{name}" for holder in HOLDERS for name in attributes)):
        if module == "counters.py" or not isinstance(node, (ast.Attribute, ast.Subscript)):
            continue
        if isinstance(node.ctx, ast.Load):
            continue
        text = ast.unparse(node)
        holders, _, name = text.split("[")[0].rpartition(".")
        of_state = HOLDERS & set(holders.split("."))
        assert not (of_state and name in attributes), f"{module}:{node.lineno} {text}"


def test_the_parts_of_the_store_are_private() -> None:
    store = Store(lambda: 0.0)
    public = {name for name in vars(store) if name[0] != "_"}
    assert public == {"entries", "wall_clock"}

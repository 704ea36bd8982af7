"""Finds which parts of a value an expression reads, so that the rest can be dropped or masked.

A demand is `ALL`, or a mapping from a key to the demand on its value (`*` for every key). It applies to each
element of a list. What is not demanded cannot change what the expression finds.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from exporter.declared.expressions import Expression, Node

ALL = None
"""The value is read whole."""
EVERY_KEY = "*"
Demand = Mapping[str, Any] | None

NO_DEMAND: Demand = {}


def find_demand(expressions: Iterable[Expression | None], below: Demand = ALL) -> Demand:
    """Return what some expressions read, if what they find is read as `below` says."""
    found = NO_DEMAND
    for expression in expressions:
        if expression is not None:
            found = unite(found, _find_demand(expression.tree, below))
    return found


def unite(one: Demand, other: Demand) -> Demand:
    """Return the demand that covers both."""
    if one is ALL or other is ALL:
        return ALL
    united = dict(one)
    for key, below in other.items():
        united[key] = unite(united[key], below) if key in united else below
    return united


def prune(value: Any, demand: Demand) -> Any:
    """Return a value without what is not demanded, its keys in the demand's order."""
    if demand is ALL:
        return value
    if isinstance(value, list):
        return [prune(element, demand) for element in value]
    if not isinstance(value, dict):
        return value
    if EVERY_KEY in demand:
        every = demand[EVERY_KEY]
        return {key: prune(inside, unite(every, demand.get(key, NO_DEMAND))) for key, inside in value.items()}
    return {key: prune(value[key], below) for key, below in demand.items() if key in value}


def mask(value: Any, demand: Demand, masked: str = "***") -> Any:
    """Return a value in which all that is not demanded is masked: also a single value where parts are."""
    if demand is ALL:
        return value
    if isinstance(value, list):
        return [mask(element, demand, masked) for element in value]
    if not isinstance(value, dict):
        return None if value is None else masked
    every = demand.get(EVERY_KEY, NO_DEMAND)
    shown = {}
    for key, inside in value.items():
        read = key in demand or EVERY_KEY in demand
        shown[key] = mask(inside, unite(every, demand.get(key, NO_DEMAND)), masked) if read else masked
    return shown


def _find_demand(node: Node, below: Demand) -> Demand:
    special = _SPECIAL.get(node["type"])
    if special is not None:
        return special(node, below)
    found = NO_DEMAND  # functions, comparisons, negation: what stands inside is read whole
    for child in node["children"]:
        if isinstance(child, dict):
            found = unite(found, _find_demand(child, ALL))
    return found


def _demand_field(node: Node, below: Demand) -> Demand:
    return {node["value"]: below}


def _demand_chain(node: Node, below: Demand) -> Demand:
    for child in reversed(node["children"]):
        below = _find_demand(child, below)
    return below


def _demand_each(node: Node, below: Demand) -> Demand:
    """Return the demand of alternatives and lists, whose members are all read; of the left of `and`, its truth."""
    found = NO_DEMAND
    for child in node["children"]:
        found = unite(found, _find_demand(child, below))
    return found


def _demand_logic(node: Node, below: Demand) -> Demand:
    *tested, last = node["children"]
    found = _find_demand(last, below)
    for child in tested:
        found = unite(found, _find_demand(child, ALL))  # its truth depends on whether anything is inside
    return found


def _demand_object(node: Node, below: Demand) -> Demand:
    found = NO_DEMAND
    for pair in node["children"]:
        wanted = ALL if below is ALL else unite(below.get(pair["value"], NO_DEMAND), below.get(EVERY_KEY, NO_DEMAND))
        found = unite(found, _find_demand(pair["children"][0], wanted))
    return found


def _demand_projection(node: Node, below: Demand) -> Demand:
    left, right = node["children"]
    return _find_demand(left, _find_demand(right, below))


def _demand_values(node: Node, below: Demand) -> Demand:
    left, right = node["children"]
    return _find_demand(left, {EVERY_KEY: _find_demand(right, below)})


def _demand_filter(node: Node, below: Demand) -> Demand:
    left, right, condition = node["children"]
    return _find_demand(left, unite(_find_demand(right, below), _find_demand(condition, ALL)))


def _demand_function(node: Node, below: Demand) -> Demand:
    if node["value"] == "entries" and below is not ALL:
        wanted = unite(below.get("value", NO_DEMAND), below.get(EVERY_KEY, NO_DEMAND))
        return _find_demand(node["children"][0], {EVERY_KEY: wanted})
    found = NO_DEMAND
    for child in node["children"]:
        found = unite(found, _find_demand(child, ALL))
    return found


_SPECIAL: Mapping[str, Callable[[Node, Demand], Demand]] = {
    "field": _demand_field,
    "current": lambda _, below: below,
    "identity": lambda _, below: below,
    "index": lambda _, below: below,
    "slice": lambda _, below: below,
    "literal": lambda _node, _below: NO_DEMAND,
    "subexpression": _demand_chain,
    "index_expression": _demand_chain,
    "pipe": _demand_chain,
    "flatten": _demand_each,
    "multi_select_list": _demand_each,
    "multi_select_dict": _demand_object,
    "or_expression": _demand_logic,
    "and_expression": _demand_logic,
    "projection": _demand_projection,
    "value_projection": _demand_values,
    "filter_projection": _demand_filter,
    "function_expression": _demand_function,
}

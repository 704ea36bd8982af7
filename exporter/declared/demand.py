"""Finds out which parts of a value an expression reads, so that the rest can be dropped or masked.

A demand is `ALL`, or a mapping from a key to the demand on what stands there (`*` for every key). It applies to each
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


def demand_of(expressions: Iterable[Expression | None], below: Demand = ALL) -> Demand:
    """Return what some expressions read, if what they find is read as `below` says."""
    found = NO_DEMAND
    for expression in expressions:
        if expression is not None:
            found = unite(found, _demand(expression.tree, below))
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


def _demand(node: Node, below: Demand) -> Demand:
    special = _SPECIAL.get(node["type"])
    if special is not None:
        return special(node, below)
    found = NO_DEMAND  # functions, comparisons, negation: what stands inside is read whole
    for child in node["children"]:
        if isinstance(child, dict):
            found = unite(found, _demand(child, ALL))
    return found


def _of_field(node: Node, below: Demand) -> Demand:
    return {node["value"]: below}


def _of_chain(node: Node, below: Demand) -> Demand:
    for child in reversed(node["children"]):
        below = _demand(child, below)
    return below


def _of_each(node: Node, below: Demand) -> Demand:
    """Return the demand of alternatives and lists, whose members are all read; of the left of `and`, its truth."""
    found = NO_DEMAND
    for child in node["children"]:
        found = unite(found, _demand(child, below))
    return found


def _of_logic(node: Node, below: Demand) -> Demand:
    *tested, last = node["children"]
    found = _demand(last, below)
    for child in tested:
        found = unite(found, _demand(child, ALL))  # its truth depends on whether anything is inside
    return found


def _of_object(node: Node, below: Demand) -> Demand:
    found = NO_DEMAND
    for pair in node["children"]:
        wanted = ALL if below is ALL else unite(below.get(pair["value"], NO_DEMAND), below.get(EVERY_KEY, NO_DEMAND))
        found = unite(found, _demand(pair["children"][0], wanted))
    return found


def _of_projection(node: Node, below: Demand) -> Demand:
    left, right = node["children"]
    return _demand(left, _demand(right, below))


def _of_values(node: Node, below: Demand) -> Demand:
    left, right = node["children"]
    return _demand(left, {EVERY_KEY: _demand(right, below)})


def _of_filter(node: Node, below: Demand) -> Demand:
    left, right, condition = node["children"]
    return _demand(left, unite(_demand(right, below), _demand(condition, ALL)))


def _of_function(node: Node, below: Demand) -> Demand:
    if node["value"] == "entries" and below is not ALL:
        return _demand(node["children"][0], {EVERY_KEY: below.get("value", NO_DEMAND)})
    found = NO_DEMAND
    for child in node["children"]:
        found = unite(found, _demand(child, ALL))
    return found


_SPECIAL: Mapping[str, Callable[[Node, Demand], Demand]] = {
    "field": _of_field,
    "current": lambda _, below: below,
    "identity": lambda _, below: below,
    "index": lambda _, below: below,
    "slice": lambda _, below: below,
    "literal": lambda _node, _below: NO_DEMAND,
    "subexpression": _of_chain,
    "index_expression": _of_chain,
    "pipe": _of_chain,
    "flatten": _of_each,
    "multi_select_list": _of_each,
    "multi_select_dict": _of_object,
    "or_expression": _of_logic,
    "and_expression": _of_logic,
    "projection": _of_projection,
    "value_projection": _of_values,
    "filter_projection": _of_filter,
    "function_expression": _of_function,
}

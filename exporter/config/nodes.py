"""Counts the values of a YAML document, aliases expanded, and finds the line of each."""

from collections.abc import Iterator

import yaml

from exporter.config.location import Step

MAX_NODES = 250_000
"""Values that a document may stand for, its aliases expanded; 400 sources that share anchors stand for some 10,000."""
_LONGEST_NAME = 60


def expand(root: yaml.Node | None) -> int:
    """Return the number of values in a document with its aliases expanded; visit each node once."""
    sizes: dict[int, int] = {}
    stack = [] if root is None else [root]
    while stack:
        node = stack[-1]
        missing = [child for child in _list_children(node) if id(child) not in sizes]
        if id(node) not in sizes and missing:
            sizes[id(node)] = 1  # an alias to what stands around it is refused later
            stack.extend(missing)
        else:
            sizes[id(node)] = 1 + sum(sizes[id(child)] for child in _list_children(node))
            stack.pop()
    return 0 if root is None else sizes[id(root)]


class NodeLines:
    """Where in a document its values stand."""

    def __init__(self, root: yaml.Node | None) -> None:
        """Look nothing up yet."""
        self._root = root

    def line(self, steps: tuple[Step, ...]) -> int | None:
        """Return the line, from 1, of what the steps lead to, or of what comes closest."""
        if self._root is None:
            return None
        node, line = self._root, self._root.start_mark.line + 1
        for step in steps:
            found = _find_child(node, step)
            if found is None:
                break
            node, line = found
        return line

    def name(self, steps: tuple[Step, ...]) -> str | None:
        """Return the text under the key `name` of the mapping that the steps lead to."""
        node = self._root
        for step in (*steps, "name"):
            found = None if node is None else _find_child(node, step)
            node = None if found is None else found[0]
        if not isinstance(node, yaml.ScalarNode) or not 0 < len(node.value.strip()) <= _LONGEST_NAME:
            return None
        return node.value.strip() if node.value.strip().isprintable() else None


def _list_children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value


def _find_child(node: yaml.Node, step: Step) -> tuple[yaml.Node, int] | None:
    """Return the node that a step leads to, with its line; for the value of a key, the line of the key."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        element: yaml.Node = node.value[step]
        return element, element.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):  # what a merge (<<) brings is before a mapping's own pairs
            if isinstance(key, yaml.ScalarNode) and key.value == step:
                return value, key.start_mark.line + 1
    return None

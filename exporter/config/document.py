"""Turns the text of a configuration into plain values: YAML first, then `${VAR}` in every string.

The YAML is PyYAML's safe kind with fewer traps: a key given twice is a problem, dates are texts, and only a plain
decimal number is a whole number (`010` and `1:30` are texts, not 8 and 90). What a syntax error quotes may be a
secret, so its own words are shown only where they can quote none.
"""

import re
from collections.abc import Hashable, Mapping
from typing import Any

import yaml

from exporter.config.location import Location, Report
from exporter.config.nodes import MAX_NODES, NodeLines, expand
from exporter.config.syntax import explain

UNSET = object()
"""Stands for a string that could not be built; the problem has been reported already."""

_VARIABLE = re.compile(r"\$(?:\$|\{([^}]*)\})")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_REFERENCE = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*|.*\$\{[^}]*", re.DOTALL)
_WHOLE_NUMBER = re.compile(r"(?:0|-?[1-9][0-9]{0,17})$")
_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """Reports keys that are given twice, instead of letting the last one win."""

    report: Report

    def whole_mapping(self, node: yaml.MappingNode) -> dict[Hashable, Any]:
        """Build a mapping at once, so that an alias to a node around it is refused."""
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_TAG}merge":
                continue
            if key.value in lines:
                name = Location(self.report).key(key.value).path
                twice = f"the key {name} is given twice, first in line {lines[key.value]}; keep one of them"
                self.report.problems.append(self.report.at_line(key.start_mark.line + 1, twice))
            lines.setdefault(key.value, key.start_mark.line + 1)
        return self.construct_mapping(node, deep=True)

    def whole_sequence(self, node: yaml.SequenceNode) -> list[Any]:
        """Build a list at once."""
        return self.construct_sequence(node, deep=True)


_Loader.yaml_constructors = {
    f"{_TAG}map": _Loader.whole_mapping,
    f"{_TAG}seq": _Loader.whole_sequence,
    **{
        tag: yaml.SafeLoader.yaml_constructors[tag]
        for tag in (f"{_TAG}null", f"{_TAG}bool", f"{_TAG}int", f"{_TAG}float", f"{_TAG}str", None)
    },
}
_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in resolvers if pair[0] not in (f"{_TAG}int", f"{_TAG}timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(f"{_TAG}int", _WHOLE_NUMBER, list("-0123456789"))


def read(text: str, environ: Mapping[str, str] | None, report: Report) -> Any:
    """Return the values of a YAML document, its variables filled in; `UNSET` where there is no document to speak of.

    Without an environment nothing is filled in, and a dollar is a dollar.
    """
    loader = _Loader("")
    try:
        loader = _Loader(text)
        loader.report = report
        node = loader.get_single_node()
        if expand(node) > MAX_NODES:
            where = None if node is None else node.start_mark.line + 1
            report.problems.append(report.at_line(where, f"aliases (*name) make more than {MAX_NODES} values of it"))
            return UNSET
        report.lines = NodeLines(node)
        tree = None if node is None else loader.construct_document(node)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        report.problems.append(report.at_line(line, "a control character, or another that YAML does not allow"))
    except yaml.MarkedYAMLError as error:
        report.problems.append(report.at_line(*explain(error, text)))
    except (ValueError, KeyError):  # `!!int x`: PyYAML does not check what a tag promises
        report.problems.append(report.at_line(None, "not valid YAML: a tag (!!...) does not fit its value"))
    except RecursionError:
        report.problems.append(report.at_line(None, "nested too deeply"))
    else:
        return tree if environ is None else _substitute_all(tree, environ, Location(report))
    finally:
        loader.dispose()
    return UNSET


def substitute(text: str, environ: Mapping[str, str], location: Location) -> Any:
    """Return a string with its `${VAR}` filled in and `$$` as a dollar, or note what is not set and return `UNSET`."""
    failed = False
    if _NO_REFERENCE.fullmatch(text.replace("$$", "-")):
        location.warning("is taken as it is: a variable is written ${NAME}, and a literal dollar $$")

    def value(found: re.Match[str]) -> str:
        nonlocal failed
        name = found.group(1)
        if name is None:
            return "$"
        if name in environ and _VARIABLE_NAME.fullmatch(name):
            return environ[name]
        failed = True
        if _VARIABLE_NAME.fullmatch(name):
            location.problem(f"the environment variable {name} is not set (a literal dollar is written $$)")
        else:
            location.problem(
                "a ${...} here is not the name of an environment variable (a literal dollar is written $$)"
            )
        return ""

    text = _VARIABLE.sub(value, text)
    return UNSET if failed else text


def _substitute_all(value: Any, environ: Mapping[str, str], location: Location) -> Any:
    match value:
        case str():
            return substitute(value, environ, location)
        case list():
            return [_substitute_all(element, environ, location.item(number)) for number, element in enumerate(value)]
        case dict():
            return {key: _substitute_all(inside, environ, location.key(key)) for key, inside in value.items()}
    return value

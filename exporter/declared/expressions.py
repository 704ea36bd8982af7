"""Compiles JMESPath expressions once and evaluates them: https://jmespath.org/specification.html.

Three functions are added, and nothing else: `entries(object)` gives a list of `{key, value}`, `split(separator, text)`
a list of texts, `lower(text)` a text. Each returns null for null.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import jmespath
from jmespath import exceptions, functions, lexer, parser, visitor

from exporter.errors import MalformedError

Node = Mapping[str, Any]
"""A node of the syntax tree: `type`, `children`, and for some types `value`."""

DEEPEST = 60
"""Nested brackets or operators; the parser and the interpreter recurse, and Python's stack is finite."""
TOO_DEEP = "is nested too deeply to be compiled"
LONGEST = 4096
"""Characters of an expression."""
EVALUATION_ERRORS = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""What the interpreter is known to raise; its own errors are ValueErrors."""
OPENING = frozenset({"lparen", "lbracket", "lbrace", "filter"})
CLOSING = frozenset({"rparen", "rbracket", "rbrace"})


class ExpressionError(ValueError):
    """A text is not an expression; the message says where and why."""


class Functions(functions.Functions):
    """The standard functions and the three added ones."""

    @functions.signature({"types": ["object", "null"]})
    def _func_entries(self, value: Mapping[str, Any] | None) -> list[dict[str, Any]] | None:
        return None if value is None else [{"key": key, "value": inside} for key, inside in value.items()]

    @functions.signature({"types": ["string"]}, {"types": ["string", "null"]})
    def _func_split(self, separator: str, text: str | None) -> list[str] | None:
        return None if text is None else text.split(separator)

    @functions.signature({"types": ["string", "null"]})
    def _func_lower(self, text: str | None) -> str | None:
        return None if text is None else text.lower()


_INTERPRETER = visitor.TreeInterpreter(jmespath.Options(custom_functions=Functions()))
_visit: Callable[[Any, Any], Any] = _INTERPRETER.visit
_KNOWN_FUNCTIONS: Mapping[str, Any] = Functions.FUNCTION_TABLE


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; two are equal if their texts are."""

    text: str
    path: str = field(compare=False)
    """Where it stands in the declaration, for error messages."""
    tree: Node = field(compare=False, repr=False)
    search: Callable[[Any], Any] = field(compare=False, repr=False)
    """Return what the expression finds in a value; MalformedError, with the path, if it cannot be evaluated."""


def compile_expression(text: str, path: str) -> Expression:
    """Return the expression that `text` is, or raise ExpressionError."""
    if len(text) > LONGEST:
        raise ExpressionError(f"is longer than {LONGEST} characters")
    try:
        tree = _parse(text)
    except exceptions.IncompleteExpressionError:
        raise ExpressionError(f"column {len(text) + 1}: unexpected end of the expression") from None
    except exceptions.LexerError as error:
        raise ExpressionError(f"column {error.lexer_position + 1}: unexpected {_shorten(error.lexer_value)}") from None
    except exceptions.ParseError as error:
        found = _shorten(error.token_value) if error.token_value else "end of the expression"
        raise ExpressionError(f"column {error.lex_position + 1}: unexpected {found}") from None
    except RecursionError:
        raise ExpressionError(TOO_DEEP) from None
    except exceptions.JMESPathError:
        raise ExpressionError("is not a JMESPath expression") from None
    _verify(tree)
    return Expression(text=text, path=path, tree=tree, search=_make_search(tree, path))


def _parse(text: str) -> Node:
    if _count_brackets(text) > DEEPEST:
        raise ExpressionError(TOO_DEEP)
    tree: Node = parser.Parser().parse(text).parsed
    return tree


def is_true(value: Any) -> bool:
    """Return JMESPath's own truth: null, false, "", [] and {} are false; 0 is true."""
    return not (value is None or value is False or value in ("", [], {}))


def find_chain(tree: Node) -> Sequence[str] | None:
    """Return the names of a plain chain of fields (`a.b.c`), or None if the tree is anything else; `@` is empty."""
    if tree["type"] in ("current", "identity"):
        return ()
    if tree["type"] == "field":
        return (tree["value"],)
    if tree["type"] == "subexpression":
        chains = [find_chain(child) for child in tree["children"]]
        return None if None in chains else tuple(name for chain in chains for name in chain or ())
    return None


def walk_tree(tree: Node) -> Iterator[tuple[Node, int]]:
    """Yield every node of a tree with its depth, without recursion."""
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += [(child, depth + 1) for child in node.get("children", ()) if isinstance(child, dict)]


def _make_search(tree: Node, path: str) -> Callable[[Any], Any]:
    chain = find_chain(tree)
    if chain is not None:
        return lambda value: _descend(value, chain)

    def search(value: Any) -> Any:
        try:
            return _visit(tree, value)
        except exceptions.JMESPathTypeError as error:  # its text quotes the value
            raise MalformedError(
                f"{path}: {error.function_name}() cannot take {_add_article(error.actual_type)}"
            ) from None
        except EVALUATION_ERRORS as error:
            raise MalformedError(f"{path}: the expression raises {type(error).__name__}") from None

    return search


def _descend(value: Any, chain: Sequence[str]) -> Any:
    for name in chain:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _verify(tree: Node) -> None:
    """Raise ExpressionError for what the library would find out only at each evaluation."""
    for node, depth in walk_tree(tree):
        if depth > 2 * DEEPEST:
            raise ExpressionError(TOO_DEEP)
        if node["type"] == "function_expression":
            _verify_call(node["value"], len(node["children"]))
        if node["type"] == "slice" and node["children"][2] == 0:
            raise ExpressionError("a slice cannot have a step of 0")


def _verify_call(name: str, given: int) -> None:
    if name not in _KNOWN_FUNCTIONS:
        nearest = next(iter(get_close_matches(name, list(_KNOWN_FUNCTIONS), n=1, cutoff=0.0)))
        raise ExpressionError(f"{name}() is not a function; the nearest is {nearest}()")
    signature = _KNOWN_FUNCTIONS[name]["signature"]
    variadic = bool(signature) and bool(signature[-1].get("variadic"))
    if given < len(signature) or (given > len(signature) and not variadic):
        least = "at least " if variadic else ""
        raise ExpressionError(f"{name}() takes {least}{len(signature)} arguments, not {given}")


def _count_brackets(text: str) -> int:
    deepest = depth = 0
    for token in lexer.Lexer().tokenize(text):
        depth += (token["type"] in OPENING) - (token["type"] in CLOSING)
        deepest = max(deepest, depth)
    return deepest


def _shorten(token: Any) -> str:
    return str(token)[:40]


def _add_article(kind: str) -> str:
    return {"null": "null", "array": "a list", "object": "an object", "boolean": "true or false"}.get(kind, f"a {kind}")

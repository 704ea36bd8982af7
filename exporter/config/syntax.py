"""Explains a YAML syntax error in plain words, with the line in which it begins.

A syntax error of PyYAML may quote what may be a secret, so its own words are shown only where they can quote none.
"""

import re
from collections.abc import Callable, Iterator, Sequence

import yaml

_SAFE_MESSAGE = re.compile(r"""(?:[^'"]|'<[a-z ]+>'|'\\?[^']'|"'")*""")
_NO_TOKEN = re.compile(r"found character '(\\?.)' that cannot start any token")

Explained = tuple[int | None, str]
"""The line in which an error begins, and what it is and how to fix it."""


def explain(error: yaml.MarkedYAMLError, text: str) -> Explained:
    """Return where an error begins and what it is; in the words of the first explanation that fits."""
    found = next(filter(None, (explanation(error, text) for explanation in _EXPLANATIONS)), None)
    return found or (_find_line(error.problem_mark), f"not valid YAML: {_make_safe_message(error)}")


def _explain_open_quote(error: yaml.MarkedYAMLError, text: str) -> Explained | None:
    """Explain a quote that runs on into lines that were not meant, where the error is met."""
    problem = "a quote opens here and is not closed in this line; close it"
    if error.context == "while scanning a quoted scalar":
        return _find_line(error.context_mark), problem
    met = error.problem_mark
    for token in reversed(list(_scan_tokens(text))):
        quoted = isinstance(token, yaml.ScalarToken) and token.style in ("'", '"')
        begins, ends = token.start_mark.line, token.end_mark.line
        if quoted and met is not None and begins < ends and ends >= met.line - 1:
            return begins + 1, problem
    return None


def _explain_bad_character(error: yaml.MarkedYAMLError, _: str) -> Explained | None:
    found = _NO_TOKEN.search(error.problem or "")
    if found is None:
        return None
    if found[1] == "\\t":
        return _find_line(error.problem_mark), "a tab indents this line; indent it with spaces"
    return _find_line(error.problem_mark), f"a value cannot begin with {found[1]}; put it in quotes"


def _explain_open_bracket(error: yaml.MarkedYAMLError, text: str) -> Explained | None:
    if "flow" not in (error.context or "") or "<stream end>" not in (error.problem or ""):
        return None
    opened: list[yaml.Token] = []
    for token in _scan_tokens(text):
        if isinstance(token, (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)):
            opened.append(token)
        elif isinstance(token, (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)) and opened:
            opened.pop()
    if not opened:
        return None
    bracket = "[" if isinstance(opened[-1], yaml.FlowSequenceStartToken) else "{"
    return _find_line(opened[-1].start_mark), f"a {bracket} opens here and is never closed"


def _explain_stray_colon(error: yaml.MarkedYAMLError, text: str) -> Explained | None:
    mark = error.problem_mark
    if mark is None or not (error.problem or "").startswith("mapping values are not allowed"):
        return None
    if re.search(r":(\s|$)", text.splitlines()[mark.line][: mark.column]):
        return mark.line + 1, "a value holds a colon and a space; put it in quotes"
    problem = "this line is indented more than the other keys of its mapping; keys of one mapping begin in one column"
    return mark.line + 1, problem


def _explain_missing_colon(error: yaml.MarkedYAMLError, _: str) -> Explained | None:
    if "could not find expected ':'" not in (error.problem or ""):
        return None
    return _find_line(error.context_mark), "a line without a colon, where a key and its value are expected"


def _explain_indentation(error: yaml.MarkedYAMLError, _: str) -> Explained | None:
    if "<block end>" not in (error.problem or ""):
        return None
    problem = "this line is not indented like the other keys of its mapping; keys of one mapping begin in one column"
    return _find_line(error.problem_mark), problem


def _explain_star(error: yaml.MarkedYAMLError, _: str) -> Explained | None:
    if error.context not in ("while scanning an alias", "while scanning an anchor"):
        return None
    sign = "*" if error.context.endswith("alias") else "&"
    return _find_line(error.context_mark), f"a value cannot begin with {sign}; put it in quotes"


def _explain_recursion(error: yaml.MarkedYAMLError, _: str) -> Explained | None:
    if "recursive" not in (error.problem or ""):
        return None
    return _find_line(error.problem_mark), "an alias (*name) is inside the value that it names"


_EXPLANATIONS: Sequence[Callable[[yaml.MarkedYAMLError, str], Explained | None]] = (
    _explain_open_quote,
    _explain_bad_character,
    _explain_open_bracket,
    _explain_stray_colon,
    _explain_missing_colon,
    _explain_indentation,
    _explain_star,
    _explain_recursion,
)


def _find_line(mark: yaml.Mark | None) -> int | None:
    return None if mark is None else int(mark.line) + 1


def _scan_tokens(text: str) -> Iterator[yaml.Token]:
    """Yield the tokens of a text as far as it has any."""
    try:
        yield from yaml.scan(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return


def _make_safe_message(error: yaml.MarkedYAMLError) -> str:
    said = ": ".join(part for part in (error.context, error.problem) if part)
    if _SAFE_MESSAGE.fullmatch(said):
        return said
    return "a value that begins with *, &, !, %, @ or a backtick must stand in quotes"

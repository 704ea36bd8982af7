"""Escapes the characters of external text that could mislead terminals, logs or readers."""

import re

UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls, halves of surrogates."""
_UNSAFE_IN_LINES = re.compile(UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def escape_controls(text: str) -> str:
    r"""Return a text with its unsafe characters written out for people: `\n`, `\x1b`, `\u202e`."""
    return UNSAFE.sub(_for_people, text)


def escape_value(value: object) -> object:
    """Return a value of a page with the unsafe characters of a text written out; all else, and markup, as it is."""
    return escape_controls(value) if type(value) is str else value


def escape_controls_in_lines(text: str) -> str:
    """Return a text of several lines, such as a traceback, with all unsafe characters but tab and line end escaped."""
    return _UNSAFE_IN_LINES.sub(_for_people, text)


def escape_controls_as_json(text: str) -> str:
    r"""Return a text with its unsafe characters as JSON writes them: `\n`, `\u001b`, `\u202e`."""
    return UNSAFE.sub(lambda found: _SHORT.get(found[0]) or rf"\u{ord(found[0]):04x}", text)


def _for_people(found: re.Match[str]) -> str:
    code = ord(found[0])
    return _SHORT.get(found[0]) or (rf"\x{code:02x}" if code < 0x100 else rf"\u{code:04x}")
